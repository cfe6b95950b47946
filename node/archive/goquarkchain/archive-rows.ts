import type { CrossShardDepositList } from "../../chain/deposit.ts";
import type { Hash32 } from "../../codec/bytes.ts";
import { RootBlockRows, ShardBlockRows } from "../block-rows.ts";
import type { KeyValueReader } from "../key-value-reader.ts";
import { optionalHash } from "../rows.ts";
import { decodeDepositList } from "./deposit-list.ts";
import { BLOCK_KEYS, describeKey, ROOT_TIP_KEY, rootHashKey } from "./keys.ts";

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

  protected override optionalDepositList(key: Uint8Array): CrossShardDepositList | undefined {
    return super.optionalDepositList(key, decodeDepositList);
  }
}
