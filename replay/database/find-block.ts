import type { ShardSource } from "../../node/archive/block-source.ts";
import { provedMinorBlock } from "../../node/archive/proved-block.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { concatBytes, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError, UsageError } from "../../node/codec/errors.ts";
import type { HashKeys, StoredBlock } from "./client-rows.ts";
import type { Inspected } from "./inspected.ts";
import { keysWith } from "./key-prefix.ts";
import { foreignId, type MinorReference, mayBeIn, type RootReference } from "./reference.ts";
import { canonicalHash, heightNotFound, namedShard, shardTipHeight } from "./shard-heights.ts";

/** A shard's block that a user names, proved by its hash. */
export interface FoundBlock extends StoredBlock {
  readonly shard: ShardSource;
}

/** Throws UsageError naming what comes near where there is no such block. */
export function findMinorBlock(inspected: Inspected, reference: MinorReference): FoundBlock {
  const { source } = inspected;
  if (reference.kind === "height") {
    const shard = namedShard(source, reference.fullShardId);
    const hash = canonicalHash(shard, reference.height ?? Math.max(shardTipHeight(shard), 0));
    return { shard, hash, block: provedMinorBlock(shard, hash) };
  }
  const { hash } = reference;
  // goquarkchain keeps a shard's copies of root blocks under the same keys as its own blocks.
  if (!isRootBlock(inspected, hash)) {
    for (const id of source.fullShardIds) {
      const shard = source.shard(id);
      if (!shard.hasMinorBlock(hash)) continue;
      if (!mayBeIn(reference, id)) throw foreignId(reference, id, "block");
      return { shard, hash, block: provedMinorBlock(shard, hash) };
    }
  }
  throw new UsageError(`no shard has a block ${toHex(hash)}${hint(inspected, hash, "minor block")}`);
}

/** Hash of a root block that a user names; it need not lie on the canonical chain. */
export function findRootHash(inspected: Inspected, reference: RootReference): Hash32 {
  const { source, rows } = inspected;
  if (reference.kind === "hash") {
    if (isRootBlock(inspected, reference.hash)) return reference.hash;
    throw new UsageError(`no root block ${toHex(reference.hash)}${hint(inspected, reference.hash, "root block")}`);
  }
  const tipHash = source.rootTipHash();
  if (tipHash === undefined) {
    throw new UsageError("the database names no root tip, so heights mean nothing: name the root block by its hash");
  }
  if (reference.kind === "tip") return tipHash;
  const { height } = reference;
  const tip = source.rootBlocks().rootHeader(tipHash).height;
  if (height > tip) throw new UsageError(`root ${heightNotFound(height, tip)}`);
  return rows.rootHashAt(height) ?? new RootChain(source.rootBlocks(), tipHash).hashAt(height);
}

function isRootBlock({ source }: Inspected, hash: Hash32): boolean {
  const rootBlocks = source.rootBlocks();
  if (!rootBlocks.hasRootBlock(hash)) return false;
  if (source.hasRootDatabase || source.kind !== "goquarkchain") return true;
  try {
    rootBlocks.rootBlock(hash);
    return true;
  } catch (error) {
    if (!(error instanceof DatabaseDamagedError)) throw error;
    return false;
  }
}

type HashKind = "root block" | "minor block" | "transaction";

const KINDS: readonly { readonly kind: HashKind; readonly command: string }[] = [
  { kind: "root block", command: "root" },
  { kind: "minor block", command: "minor" },
  { kind: "transaction", command: "tx" },
];

/** Bytes that have to be right before hashes are compared, and nibbles in the same place that make them alike. */
const SAME_START_BYTES = 2;
const SAME_NIBBLES = 32;
const COMPARED = 4096;

/** What the hash is of instead, or which hash it may have been meant to be. */
export function hint(inspected: Inspected, hash: Hash32, wanted: HashKind): string {
  for (const { kind, command } of KINDS) {
    const isThere = inspected.rows.hashKeys(kind).some(({ rows, prefix }) => rows.has(concatBytes(prefix, hash)));
    if (isThere && kind !== wanted) return `: it is a ${kind}'s hash (qkc inspect ${command} ${toHex(hash)})`;
  }
  const alike = inspected.rows.hashKeys(wanted).map((keys) => mostAlike(keys, toHex(hash)));
  const best = alike.reduce((a, b) => ((b?.same ?? 0) > (a?.same ?? 0) ? b : a), undefined);
  return best === undefined ? "" : `; did you mean ${best.hash}?`;
}

function mostAlike({ rows, prefix }: HashKeys, hash: string): { hash: string; same: number } | undefined {
  const start = concatBytes(prefix, Buffer.from(hash, "hex").subarray(0, SAME_START_BYTES));
  let best: { hash: string; same: number } | undefined;
  for (const key of keysWith(rows, start, COMPARED)) {
    if (key.length !== prefix.length + 32) continue;
    const candidate = toHex(key.subarray(prefix.length));
    const same = [...candidate].filter((digit, i) => digit === hash[i]).length;
    if (same >= SAME_NIBBLES && same > (best?.same ?? 0)) best = { hash: candidate, same };
  }
  return best;
}
