import { ConfigError } from "../codec/errors.ts";

/**
 * A full shard id is chain id << 16 | shard size | shard id, shard size being a power of two: it is also the
 * value of a branch (pyquarkchain core.py Branch).
 */
export function makeFullShardId(chainId: number, shardSize: number, shardId: number): number {
  return ((chainId << 16) | shardSize | shardId) >>> 0;
}

export function chainIdOf(fullShardIdOrKey: number): number {
  return fullShardIdOrKey >>> 16;
}

/** Shards of the chain: the highest set bit of the low half. */
function shardSizeOf(fullShardId: number): number {
  const low = fullShardId & 0xffff;
  if (low === 0) throw new ConfigError(`${fullShardId} is not a full shard id: its shard size is missing`);
  return 1 << (31 - Math.clz32(low));
}

export function shardIdOf(fullShardId: number): number {
  return (fullShardId & 0xffff) ^ shardSizeOf(fullShardId);
}

/** Whether an address with this key lives in the shard (pyquarkchain core.py Branch.is_in_branch). */
export function isInShard(fullShardId: number, fullShardKey: number): boolean {
  if (chainIdOf(fullShardKey) !== chainIdOf(fullShardId)) return false;
  return (fullShardKey & (shardSizeOf(fullShardId) - 1)) === shardIdOf(fullShardId);
}

/** Full shard id that a full shard key belongs to, given the chain's shard size. */
export function fullShardIdOfKey(fullShardKey: number, shardSize: number): number {
  return makeFullShardId(chainIdOf(fullShardKey), shardSize, fullShardKey & (shardSize - 1));
}
