import type { BlockSource, ShardSource } from "../../node/archive/block-source.ts";
import type { Hash32 } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { shardName } from "../text/block-name.ts";
import { grouped } from "../text/grouped.ts";

/**
 * Greatest height below which `has` holds without a gap, by doubling and bisection, -1 where it does not hold at 0: an
 * index is not walked through. Where there are gaps the answer may lie below one of them.
 */
function highestWith(has: (height: number) => boolean, start = 0): number {
  if (!has(start)) return start === 0 ? -1 : highestWith(has);
  let low = start;
  let step = 1;
  while (has(low + step)) {
    low += step;
    step *= 2;
  }
  let high = low + step;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (has(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Height of the newest block that a shard's height index knows, -1 in an empty database. */
export function shardTipHeight(shard: ShardSource): number {
  return highestWith((height) => shard.canonicalHashAt(height) !== undefined);
}

/** A shard that a user names. Throws UsageError with those that are there. */
export function namedShard(source: BlockSource, fullShardId: number): ShardSource {
  if (source.fullShardIds.includes(fullShardId)) return source.shard(fullShardId);
  const present = source.fullShardIds.map(shardName).join(", ") || "none";
  throw new UsageError(`the database has no shard ${shardName(fullShardId)}; it has ${present}`);
}

/** Hash of the canonical block at a height that a user names. Throws UsageError with the tip. */
export function canonicalHash(shard: ShardSource, height: number): Hash32 {
  const hash = shard.canonicalHashAt(height);
  if (hash !== undefined) return hash;
  const tip = shardTipHeight(shard);
  throw new UsageError(`shard ${shardName(shard.fullShardId)}: ${heightNotFound(height, tip)}`);
}

export function heightNotFound(height: number, tip: number): string {
  if (tip < 0) return `height ${grouped(height)} not found; there is no block at all`;
  return `height ${grouped(height)} not found; tip is ${grouped(tip)}`;
}
