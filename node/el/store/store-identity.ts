import { z } from "zod";
import { UsageError } from "../../codec/errors.ts";

/** Layout of the rows; a store of another one is refused. */
const SCHEMA_VERSION = 1;

/** Which chain, under which rules, a store holds. */
export interface StoreIdentity {
  readonly networkId: number;
  readonly fullShardId: number;
  /** Hex. */
  readonly genesisStateRoot: string;
  /** chain/config-hash.ts, hex. */
  readonly configHash: string;
  readonly ruleSet: string;
}

const identitySchema = z.strictObject({
  schemaVersion: z.number(),
  networkId: z.number(),
  fullShardId: z.number(),
  genesisStateRoot: z.string(),
  configHash: z.string(),
  ruleSet: z.string(),
});

const NAMES: Readonly<Record<keyof StoreIdentity, string>> = {
  networkId: "network",
  fullShardId: "shard",
  genesisStateRoot: "genesis state",
  configHash: "configuration",
  ruleSet: "rules",
};

export function encodeIdentity(identity: StoreIdentity): string {
  return JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...identity });
}

/** Throws UsageError naming all that differs where the stored identity is another one. */
export function checkIdentity(folder: string, stored: string, expected: StoreIdentity): void {
  const parsed = identitySchema.safeParse(jsonOrNull(stored));
  if (!parsed.success) throw new UsageError(`${folder} is no data directory of this program`);
  const { schemaVersion, ...identity } = parsed.data;
  if (schemaVersion !== SCHEMA_VERSION) {
    throw new UsageError(
      `${folder} has layout ${schemaVersion}, this version writes ${SCHEMA_VERSION}: use another folder`,
    );
  }
  const names = Object.keys(NAMES) as (keyof StoreIdentity)[];
  const differing = names.filter((name) => identity[name] !== expected[name]);
  if (differing.length === 0) return;
  const differences = differing.map((name) => `${NAMES[name]} ${identity[name]} instead of ${expected[name]}`);
  throw new UsageError(
    `${folder} holds another chain (${differences.join("; ")}): give the configuration it was made with, or another folder`,
  );
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
