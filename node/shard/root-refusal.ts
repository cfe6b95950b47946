import { maxBlocksPerShardInOneRootBlock, type QuarkChainConfig, shardConfigOf } from "../chain/config.ts";
import { minorHeaderHash } from "../chain/minor-block.ts";
import type { RootBlock } from "../chain/root-block.ts";
import { areNeighborsAt } from "../cl/shard-neighbors.ts";
import { bytesEqual, type Hash32 } from "../codec/bytes.ts";
import type { ChainBlocks } from "./chain-blocks.ts";
import type { MissingList, RootRefusal } from "./chain-types.ts";
import type { RootChains } from "./root-chains.ts";
import type { ClStore } from "./store/cl-store.ts";

export interface RootContext {
  readonly config: QuarkChainConfig;
  readonly fullShardId: number;
  readonly blocks: ChainBlocks;
  readonly roots: RootChains;
  readonly store: ClStore;
}

/** This shard's blocks that a root block confirms, in order. */
export function confirmedIn({ minorHeaders }: RootBlock, fullShardId: number): Hash32[] {
  return minorHeaders.filter(({ branch }) => branch === fullShardId).map(minorHeaderHash);
}

/** Why a shard cannot take a root block, in the order of pyquarkchain's shard_state.py add_root_block; undefined where it can. */
export function refusalOfRoot(context: RootContext, block: RootBlock): RootRefusal | undefined {
  const { config, fullShardId, roots, store, blocks } = context;
  const { header, minorHeaders } = block;
  const shard = shardConfigOf(config, fullShardId);
  const refused = { status: "refused" } as const;
  if (header.height < shard.genesis.rootHeight) return { ...refused, reason: "below-genesis" };
  if (header.version !== 0) return { ...refused, reason: "version" };
  if (!roots.has(header.prevBlockHash)) return { ...refused, reason: "parent-unknown" };
  const own = confirmedIn(block, fullShardId);
  const unknown = own.filter((hash) => !blocks.hasMinorBlock(hash));
  if (unknown.length > 0) return { ...refused, reason: "minor-unknown", hashes: unknown };
  const { missing, unexpected } = listsOf(context, block);
  if (unexpected.length > 0) return { ...refused, reason: "list-unexpected", lists: unexpected };
  if (missing.length > 0) return { ...refused, reason: "list-missing", lists: missing };
  if (own.length > maxBlocksPerShardInOneRootBlock(config.root, shard))
    return { ...refused, reason: "too-many-minor-blocks" };
  const first = minorHeaders.find(({ branch }) => branch === fullShardId);
  if (first !== undefined && first.height > 0) {
    const confirmed = store.lastConfirmed(header.prevBlockHash);
    if (confirmed === undefined || !bytesEqual(first.prevMinorBlockHash, confirmed)) {
      return { ...refused, reason: "not-linked", hash: own[0] };
    }
  }
  return undefined;
}

/** What neighbours' blocks that it confirms must have sent here, and what nobody can have sent. */
function listsOf({ config, fullShardId, roots, store }: RootContext, { minorHeaders }: RootBlock) {
  const genesisRootHeight = shardConfigOf(config, fullShardId).genesis.rootHeight;
  const missing: MissingList[] = [];
  const unexpected: MissingList[] = [];
  for (const header of minorHeaders) {
    if (header.branch === fullShardId) continue;
    const sourceMinorHash = minorHeaderHash(header);
    const hasList = store.encodedDepositList(sourceMinorHash) !== undefined;
    // A root block that is not known here lies below the shard's genesis.
    const height = roots.has(header.prevRootBlockHash) ? roots.header(header.prevRootBlockHash).height : undefined;
    const isDue =
      height !== undefined && height > genesisRootHeight && areNeighborsAt(config, fullShardId, header.branch, height);
    if (isDue === hasList) continue;
    (isDue ? missing : unexpected).push({ sourceMinorHash, sourceFullShardId: header.branch });
  }
  return { missing, unexpected };
}
