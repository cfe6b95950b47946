import { merkleRoot } from "../chain/merkle-root.ts";
import { type MinorBlock, minorMetaHash } from "../chain/minor-block.ts";
import { bytesEqual, type Hash32, toHex } from "../codec/bytes.ts";
import { DatabaseDamagedError } from "../codec/errors.ts";
import type { ShardSource } from "./block-source.ts";

/** What of a block's body is not what its header commits to; undefined where all is. */
export function bodyFault({ header, meta, transactions }: MinorBlock): string | undefined {
  if (!bytesEqual(minorMetaHash(meta), header.metaHash))
    return "the meta stored with the header is not the one it names";
  // A genesis block's merkle root is whatever the configuration says.
  if (header.height === 0) return undefined;
  if (!bytesEqual(merkleRoot(transactions.map(({ hash }) => hash)), meta.merkleRoot)) {
    return "the transactions stored with the header are not the ones it names";
  }
  return undefined;
}

/** A block whose header, meta and transactions are proved by its hash. Throws DatabaseDamagedError. */
export function provedMinorBlock(shard: ShardSource, hash: Hash32): MinorBlock {
  const block = shard.minorBlock(hash);
  const fault = bodyFault(block);
  if (fault === undefined) return block;
  throw new DatabaseDamagedError(`altered row of shard ${shard.fullShardId}: ${fault}`, {
    key: `minor block ${toHex(hash)}`,
  });
}
