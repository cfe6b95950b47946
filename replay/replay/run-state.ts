import { z } from "zod";
import { utf8 } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";

const count = z.int().nonnegative();
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
  counts: countsSchema,
});

/** What one shard's replay has verified. */
export type ShardCounts = z.infer<typeof countsSchema>;
/** How far one shard's replay has come: written with the rows that it speaks of. */
export type RunMark = z.infer<typeof runStateSchema>;

/** What one shard's replay has verified and stored. */
export interface ShardRunState extends RunMark {
  /** Hash of the head, 64 hex digits; null before the shard's genesis. */
  readonly head: string | null;
}

const NOTHING_YET: RunMark = {
  step: -1,
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

export function encodeRunMark(state: RunMark): Uint8Array {
  return utf8(JSON.stringify(state));
}

/** `store`: its folder, for the message. */
export function decodeRunMark(row: Uint8Array | undefined, store: string): RunMark {
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
