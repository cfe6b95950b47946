/**
 * Names a diverging block in file names and links: shard, height, and the beginning of the hash.
 * @param block hash: hex digits; fullShardId: null for a root block
 */
export function divergenceId(block: {
  readonly fullShardId: number | null;
  readonly height: number;
  readonly hash: string;
}): string {
  return `${block.fullShardId ?? "root"}-${block.height}-${block.hash.slice(0, 8)}`;
}
