import type { CrossShardDepositList } from "../../chain/deposit.ts";
import { concatBytes, type Hash32 } from "../../codec/bytes.ts";
import { WireReader } from "../../codec/wire.ts";
import { RootBlockRows, ShardBlockRows } from "../block-rows.ts";
import type { KeyValueReader } from "../key-value-reader.ts";
import { optionalHash, optionalRow } from "../rows.ts";
import { decodeDepositList } from "./deposit-list.ts";
import { BLOCK_KEYS, describeKey, PREFIX, ROOT_TIP_KEY, rootHashKey } from "./keys.ts";

/** master/db: the root chain (goquarkchain core/rootblockchain.go). */
export class GoRootArchive extends RootBlockRows {
  constructor(rows: KeyValueReader, name: string) {
    super(rows, { name, describeKey }, BLOCK_KEYS);
  }

  /** Hash of the head; undefined in a database that was never written to. */
  tipHash(): Hash32 | undefined {
    return optionalHash(this.rows, this.database, ROOT_TIP_KEY);
  }

  /** What the height index says: a hint, to be proved by links. */
  canonicalHashAt(height: number): Hash32 | undefined {
    return optionalHash(this.rows, this.database, rootHashKey(height));
  }
}

/** shard-<full shard id>/db (goquarkchain core/minorblockchain.go). */
export class GoShardArchive extends ShardBlockRows {
  constructor(rows: KeyValueReader, name: string, fullShardId: number) {
    super(rows, { name, describeKey }, BLOCK_KEYS, fullShardId);
  }

  /** Where a transaction or deposit lies: index counts transactions first, then deposits. */
  transactionPlace(transactionHash: Hash32): { readonly blockHash: Hash32; readonly index: number } | undefined {
    return optionalRow(this.rows, this.database, concatBytes(PREFIX.transactionIndex, transactionHash), (bytes) => {
      const reader = new WireReader(bytes);
      return { blockHash: reader.hash32("lookup block"), index: reader.uint32("lookup index") };
    });
  }

  protected override optionalDepositList(key: Uint8Array): CrossShardDepositList | undefined {
    return super.optionalDepositList(key, decodeDepositList);
  }
}
