import { merkleRoot } from "../../node/chain/merkle-root.ts";
import { minorHeaderHash } from "../../node/chain/minor-block.ts";
import type { RootBlock } from "../../node/chain/root-block.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";
import type { Examined } from "./examined.ts";
import { heightsToLookAt } from "./heights.ts";

export interface RootFacts {
  readonly chain: RootChain;
  readonly tipHash: Hash32;
  readonly tipHeight: number;
  /** Seconds since 1970. */
  readonly tipTime: number;
  /** True where no database names the tip: it is the newest root block that a shard's blocks build on. */
  readonly tipIsGuessed: boolean;
  readonly genesisHash: Hash32 | undefined;
  readonly blocksLookedAt: number;
}

/** Looks at the root chain. Undefined where its tip cannot be found. */
export function examineRoot(examined: Examined): RootFacts | undefined {
  const { source, diagnosis } = examined;
  const place = { fullShardId: null };
  const rootBlocks = diagnosis.try("STORE_UNREADABLE", place, () => source.rootBlocks());
  if (rootBlocks === undefined) return undefined;
  const named = diagnosis.try("ROOT_TIP", place, () => source.rootTipHash());
  const tipHash = named ?? guessedTip(examined);
  if (tipHash === undefined) {
    diagnosis.add(
      "damage",
      "ROOT_TIP",
      place,
      "the database names no root tip: a node never ran on it, or it is incomplete",
    );
    return undefined;
  }
  const tip = diagnosis.try("ROOT_TIP", place, () => rootBlocks.rootHeader(tipHash));
  if (tip === undefined) return undefined;
  const chain = new RootChain(rootBlocks, tipHash);
  const committing = diagnosis.try("ROOT_BLOCK", place, () => examined.rows.committingRootHash());
  if (committing !== undefined) {
    const message = `the client stopped while root block ${toHex(committing)} was being handed to the shards; its next start goes on there`;
    diagnosis.add("note", "ROOT_COMMITTING", place, message);
  }
  return {
    chain,
    tipHash,
    tipHeight: tip.height,
    tipTime: tip.createTime,
    tipIsGuessed: named === undefined,
    genesisHash: diagnosis.try("ROOT_INDEX", { fullShardId: null, height: 0 }, () => source.rootGenesisHash()),
    blocksLookedAt: source.hasRootDatabase ? walk(examined, chain) : 0,
  };
}

/** Without the root chain's database: what the shards' newest blocks build on, the highest of them. */
function guessedTip({ source, fullShardIds, diagnosis, tipOf }: Examined): Hash32 | undefined {
  if (source.hasRootDatabase) return undefined;
  const message =
    "the root chain's database is not here: root blocks are followed in a shard's copies, their rules not checked";
  diagnosis.add("limit", "NO_ROOT_DATABASE", { fullShardId: null }, message);
  let best: { hash: Hash32; height: number } | undefined;
  for (const id of fullShardIds) {
    const tip = diagnosis.try("MINOR_BLOCK", { fullShardId: id }, () => {
      const shard = source.shard(id);
      const hash = shard.canonicalHashAt(tipOf(id));
      const rootHash = hash && shard.minorBlock(hash).header.prevRootBlockHash;
      return rootHash && { hash: rootHash, height: shard.rootHeader(rootHash).height };
    });
    if (tip !== undefined && tip.height > (best?.height ?? -1)) best = tip;
  }
  return best?.hash;
}

/** Looks at blocks and links: all from the tip down, or those that the height index names at some heights. */
function walk(examined: Examined, chain: RootChain): number {
  const { diagnosis, rows, samples } = examined;
  const heights = heightsToLookAt(chain.tipHeight, samples).reverse();
  for (const height of heights) {
    const place = { fullShardId: null, height };
    const indexed = diagnosis.try("ROOT_INDEX", place, () => rows.rootHashAt(height));
    if (indexed === undefined)
      diagnosis.add("damage", "ROOT_INDEX", place, `the height index has no root block ${height}`);
    let hash = indexed;
    if (samples === "all") {
      hash = diagnosis.try("ROOT_LINK", place, () => chain.hashAt(height));
      // Below a broken link there is no chain to walk.
      if (hash === undefined) return chain.tipHeight - height;
      if (indexed !== undefined && !bytesEqual(indexed, hash)) {
        diagnosis.add(
          "damage",
          "ROOT_INDEX",
          place,
          `the height index names another root block ${height} than the chain has`,
        );
      }
    }
    if (hash !== undefined) examineBlock(examined, height, hash);
    examined.progress(() => `root block ${height}`);
  }
  return heights.length;
}

function examineBlock(examined: Examined, height: number, hash: Hash32): void {
  const { source, diagnosis, rows } = examined;
  const place = { fullShardId: null, height };
  const block = diagnosis.try("ROOT_BLOCK", place, () => source.rootBlocks().rootBlock(hash));
  if (block === undefined) return;
  if (block.header.height !== height) {
    const message = `the height index names a block of height ${block.header.height} at ${height}`;
    diagnosis.add("damage", "ROOT_INDEX", place, message);
    return;
  }
  if (height === 0) return;
  const below = diagnosis.try("ROOT_INDEX", place, () => rows.rootHashAt(height - 1));
  if (below !== undefined && !bytesEqual(below, block.header.prevBlockHash)) {
    diagnosis.add(
      "damage",
      "ROOT_LINK",
      place,
      `root block ${height} does not build on the one that the index has below it`,
    );
  }
  examineConfirmed(examined, block);
}

/** The minor headers are what the root header commits to, and the shards have those blocks on their chains. */
function examineConfirmed({ source, fullShardIds, diagnosis }: Examined, block: RootBlock): void {
  const { height, merkleRoot: declared } = block.header;
  const hashes = block.minorHeaders.map(minorHeaderHash);
  if (!bytesEqual(merkleRoot(hashes), declared)) {
    const message = `the minor headers stored with root block ${height} are not the ones it names`;
    diagnosis.add("damage", "ROOT_BLOCK", { fullShardId: null, height }, message);
    return;
  }
  for (const [i, { branch, height: minorHeight }] of block.minorHeaders.entries()) {
    if (!fullShardIds.includes(branch)) continue;
    const place = { fullShardId: branch, height: minorHeight };
    const canonical = diagnosis.try("MINOR_INDEX", place, () => source.shard(branch).canonicalHashAt(minorHeight));
    if (canonical === undefined || bytesEqual(canonical, hashes[i])) continue;
    const message = `root block ${height} confirms another block ${minorHeight} than the one the shard has on its chain`;
    diagnosis.add("damage", "CONFIRMED_BLOCK", place, message);
  }
}
