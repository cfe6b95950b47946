import { initializedFullShardIdsBefore, type QuarkChainConfig } from "../chain/config.ts";
import { chainIdOf, shardIdOf } from "../chain/shard-id.ts";

/** Up to this many shards everyone is everyone's neighbour. */
const ALL_NEIGHBORS_UP_TO = 32;

/** Whether two shards exchange deposits while `shardCount` shards exist (quarkchain/cluster/neighbor.py is_neighbor). */
export function areNeighbors(a: number, b: number, shardCount: number): boolean {
  if (shardCount <= ALL_NEIGHBORS_UP_TO) return true;
  if (chainIdOf(a) === chainIdOf(b)) return isPowerOfTwoOrZero(Math.abs(shardIdOf(a) - shardIdOf(b)));
  if (shardIdOf(a) === shardIdOf(b)) return isPowerOfTwoOrZero(Math.abs(chainIdOf(a) - chainIdOf(b)));
  return false;
}

/** Whether two shards are neighbours as of a root height: only shards born below it count (shard_state.py _is_neighbor). */
export function areNeighborsAt(config: QuarkChainConfig, a: number, b: number, rootHeight: number): boolean {
  return areNeighbors(a, b, initializedFullShardIdsBefore(config, rootHeight).length);
}

/**
 * Where a shard's cross-shard transactions may go as of a root height: shards born below it that are neighbours
 * (shard_state.py __validate_tx).
 */
export function reachableShards(
  config: QuarkChainConfig,
  fullShardId: number,
  rootHeight: number,
): ReadonlySet<number> {
  const initialized = initializedFullShardIdsBefore(config, rootHeight);
  return new Set(initialized.filter((id) => areNeighbors(fullShardId, id, initialized.length)));
}

/**
 * Shards that are told what a block sends them, be it nothing: as of the root block that it names, all that are born below
 * it and are neighbours (pyquarkchain cluster/slave.py broadcast_xshard_tx_list).
 */
export function destinationsAt(config: QuarkChainConfig, fullShardId: number, rootHeight: number): readonly number[] {
  const initialized = initializedFullShardIdsBefore(config, rootHeight);
  return initialized.filter((id) => id !== fullShardId && areNeighbors(fullShardId, id, initialized.length));
}

function isPowerOfTwoOrZero(value: number): boolean {
  return (value & (value - 1)) === 0;
}
