import type { CrossShardDepositList } from "../../chain/deposit.ts";
import { decodeMinorBlock, type MinorBlock } from "../../chain/minor-block.ts";
import type { Hash32 } from "../../codec/bytes.ts";
import { WireReader } from "../../codec/wire.ts";
import { ShardBlockRows } from "../block-rows.ts";
import type { KeyValueReader } from "../key-value-reader.ts";
import { optionalHash, optionalRow } from "../rows.ts";
import { BLOCK_KEYS, describeKey, PREFIX, prefixedKey } from "./keys.ts";

/** Where a transaction or deposit lies: index counts transactions first, then deposits. */
export interface TransactionPlace {
  readonly height: number;
  readonly index: number;
}

/** shard-<full shard id>.db (pyquarkchain cluster/shard_db_operator.py ShardDbOperator). */
export class ShardArchive extends ShardBlockRows {
  constructor(rows: KeyValueReader, name: string, fullShardId: number) {
    super(rows, { name, describeKey }, BLOCK_KEYS, fullShardId);
  }

  /** Deposits a block of this shard consumed; only with ENABLE_TRANSACTION_HISTORY. */
  consumedDeposits(minorHash: Hash32): CrossShardDepositList | undefined {
    return this.optionalDepositList(prefixedKey(PREFIX.consumedDeposits, minorHash));
  }

  /** Transaction hashes of the deposits a block of this shard consumed; old databases lack them. */
  consumedDepositHashes(minorHash: Hash32): readonly Hash32[] | undefined {
    return optionalRow(this.rows, this.database, prefixedKey(PREFIX.consumedDepositHashes, minorHash), (bytes) =>
      new WireReader(bytes).list32("deposit hash list", 32, (reader) => reader.hash32("deposit hash")),
    );
  }

  /** This shard's newest block that a root block confirms, in pyquarkchain's own words: derived, not proved. */
  lastConfirmedMinorHash(rootHash: Hash32): Hash32 | undefined {
    return optionalHash(this.rows, this.database, prefixedKey(PREFIX.lastConfirmedMinor, rootHash));
  }

  /** Genesis block that hangs from a root block of the shard's genesis root height. */
  genesisBlock(rootHash: Hash32): MinorBlock | undefined {
    return optionalRow(this.rows, this.database, prefixedKey(PREFIX.genesis, rootHash), decodeMinorBlock);
  }

  transactionPlace(transactionHash: Hash32): TransactionPlace | undefined {
    return optionalRow(this.rows, this.database, prefixedKey(PREFIX.transactionIndex, transactionHash), (bytes) => {
      const reader = new WireReader(bytes);
      return { height: reader.uint32("transaction height"), index: reader.uint32("transaction index") };
    });
  }
}
