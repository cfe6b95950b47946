import { z } from "zod";
import { utf8 } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";

const count = z.int().nonnegative();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const gas = z.string().regex(/^[0-9]+$/);

const countsSchema = z.strictObject({
  minorBlocks: count,
  transactions: count,
  deposits: count,
  gasUsed: gas,
  xshardGasUsed: gas,
  /** Blocks that the chain did not keep, and how often the head left its chain for another one. */
  sideBlocks: count,
  reorgs: count,
});

const runStateSchema = z.strictObject({
  /** The last step whose rows are all in the store. */
  step: z.int().min(-1),
  /** Null before the shard's genesis. */
  tips: z.strictObject({ rootTip: hash, head: hash }).nullable(),
  counts: countsSchema,
});

/** What one shard's replay has verified. */
export type ShardCounts = z.infer<typeof countsSchema>;
/** How far one shard's replay has come: written with the rows that it speaks of. */
export type ShardRunState = z.infer<typeof runStateSchema>;

const NOTHING_YET: ShardRunState = {
  step: -1,
  tips: null,
  counts: {
    minorBlocks: 0,
    transactions: 0,
    deposits: 0,
    gasUsed: "0",
    xshardGasUsed: "0",
    sideBlocks: 0,
    reorgs: 0,
  },
};

export function encodeRunState(state: ShardRunState): Uint8Array {
  return utf8(JSON.stringify(state));
}

/** `store`: its folder, for the message. */
export function decodeRunState(row: Uint8Array | undefined, store: string): ShardRunState {
  if (row === undefined) return NOTHING_YET;
  const parsed = runStateSchema.safeParse(jsonOrNull(Buffer.from(row).toString("utf8")));
  if (parsed.success) return parsed.data;
  throw new DatabaseDamagedError("the row that says how far the run came is unreadable", { file: store });
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
