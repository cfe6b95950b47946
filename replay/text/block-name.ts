/** A block of a shard by its height, or (without a shard) of the root chain. */
export interface NamedBlock {
  readonly fullShardId: number | null;
  readonly height: number;
}

/**
 * "shard 1 block 42", "root block 42".
 * @param spelling of the full shard id
 */
export function blockName(
  { fullShardId, height }: NamedBlock,
  spelling: (fullShardId: number) => string = String,
): string {
  return fullShardId === null ? `root block ${height}` : `shard ${spelling(fullShardId)} block ${height}`;
}

/** Both spellings that users meet: configs have hex, logs decimal. */
export function shardName(fullShardId: number): string {
  return `${fullShardId} (${shardHex(fullShardId)})`;
}

export function shardHex(fullShardId: number): string {
  return `0x${fullShardId.toString(16)}`;
}
