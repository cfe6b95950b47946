import type { BlockSource, ShardSource } from "../../node/archive/block-source.ts";
import type { CrossShardDeposit } from "../../node/chain/deposit.ts";
import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import type { StoredSends } from "../../node/engine/compare-execution.ts";

/**
 * The lists of what a block sent, as those destinations hold them that the database has.
 * @param sends what its execution says, by destination
 * @param onMissing told of each destination that has no list of the block
 */
export function storedSends(
  source: BlockSource,
  hash: Hash32,
  sends: ReadonlyMap<number, readonly CrossShardDeposit[]>,
  onMissing?: (destination: ShardSource) => void,
): StoredSends[] {
  const stored: StoredSends[] = [];
  for (const fullShardId of sends.keys()) {
    if (!source.fullShardIds.includes(fullShardId)) continue;
    const destination = source.shard(fullShardId);
    const list = destination.depositList(hash);
    if (list === undefined) onMissing?.(destination);
    else stored.push({ fullShardId, deposits: list.deposits });
  }
  return stored;
}

/** A destination's list that has to be there: an empty one is stored too. */
export function missingSends(destination: ShardSource, hash: Hash32, fullShardId: number): DatabaseDamagedError {
  return new DatabaseDamagedError(
    `missing row in ${destination.name}: it has no list of what block ${toHex(hash)} of shard ${fullShardId} sent to it`,
    { key: destination.depositListKey(hash) },
  );
}
