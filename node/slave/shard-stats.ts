import { RecentMap } from "../codec/recent-map.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import type { ShardChain } from "../shard/shard-chain.ts";
import type { ClStore } from "../shard/store/cl-store.ts";
import type { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import type { Value } from "../wire/codec.ts";

export type ShardStats = Value<typeof CLUSTER_RPC.addMinorBlockHeader.request>["shardStats"];

/** Seconds that the counts look back from the head. */
const WINDOW = 60;
/** A block a second for a while: statistics look back a minute. */
const MOST_HEIGHTS = 1024;

export interface StatsParts {
  readonly chain: Pick<ShardChain, "blocks" | "fullShardId">;
  readonly store: Pick<ClStore, "minorRecord" | "transactionCount">;
  /** Blocks of a height besides the canonical one that were seen since the start. */
  readonly staleAt: (height: number) => number;
}

/** What the master shows of a shard (pyquarkchain shard_state.py get_shard_stats). */
export function shardStats(
  { chain, store, staleAt }: StatsParts,
  snapshot: ChainSnapshot,
  pending: number,
): ShardStats {
  const { hash, height } = snapshot.head;
  const { header } = snapshot.headBlock;
  const cutoff = header.createTime - WINDOW;
  let [transactions, blocks, stale, lastBlockTime] = [0, 0, 0, 0];
  let current = chain.blocks.minorBlock(hash).header;
  let currentHash = hash;
  while (current.height > 0 && current.createTime > cutoff) {
    transactions += chain.blocks.record(currentHash).transactionCount;
    blocks++;
    stale += staleAt(current.height);
    currentHash = current.prevMinorBlockHash;
    current = chain.blocks.minorBlock(currentHash).header;
    if (lastBlockTime === 0) lastBlockTime = header.createTime - current.createTime;
  }
  return {
    branch: chain.fullShardId,
    height: BigInt(height),
    difficulty: header.difficulty,
    coinbaseAddress: header.coinbaseAddress,
    timestamp: BigInt(header.createTime),
    txCount60s: transactions,
    pendingTxCount: pending,
    totalTxCount: store.transactionCount(hash) ?? 0,
    blockCount60s: blocks,
    staleBlockCount60s: stale,
    lastBlockTime,
  };
}

/** Counts blocks by height, as far back as statistics look (pyquarkchain shard_db_operator.py height_to_minor_block_hashes). */
export class SeenHeights {
  readonly #hashesAt = new RecentMap<number, Set<string>>(MOST_HEIGHTS);

  seen(height: number, hash: string): void {
    const hashes = this.#hashesAt.get(height);
    if (hashes === undefined) this.#hashesAt.set(height, new Set([hash]));
    else hashes.add(hash);
  }

  staleAt(height: number): number {
    return Math.max(0, (this.#hashesAt.get(height)?.size ?? 0) - 1);
  }
}
