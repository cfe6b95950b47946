import { heightKey, PREFIX, prefixedKey } from "../../archive/pyquarkchain/keys.ts";
import { type CrossShardDeposit, encodeDepositList } from "../../chain/deposit.ts";
import { encodeMinorBlock, type MinorBlock } from "../../chain/minor-block.ts";
import { encodeRootBlock, type RootBlock } from "../../chain/root-block.ts";
import { concatBytes, EMPTY_BYTES, type Hash32, uint32ToBytes, utf8 } from "../../codec/bytes.ts";
import {
  depositPlace,
  encodeDepositHashes,
  encodeHashes,
  encodeMinorRecord,
  encodeParties,
  encodeTips,
  historyKeys,
  type IndexedBlock,
  type MinorRecord,
  type StoredTips,
  type TransactionParties,
  transactionIndexKey,
} from "./cl-rows.ts";

/** Rows that pyquarkchain does not have. */
export const OWN_KEYS = {
  /** Whose store it is. */
  identity: utf8("qkc_cl_store"),
  /** Header and meta of a block that its engine holds. */
  minorRecord: utf8("qkc_minor_"),
  /** Senders and recipients of a block's transactions, with ENABLE_TRANSACTION_HISTORY. */
  parties: utf8("qkc_parties_"),
  /** Blocks that are executed and not committed. */
  unfinished: utf8("qkc_open_"),
  /** Blocks in the order of their arrival, a row for those that were written together. */
  arrivals: utf8("qkc_unit_"),
  tips: utf8("qkc_tips"),
  /** Of who drives the chain. */
  mark: utf8("qkc_run"),
} as const;

/** Key of a row of arrivals: they sort by number. */
export function arrivalsKey(unit: number): Uint8Array {
  return concatBytes(OWN_KEYS.arrivals, uint32ToBytes(Math.floor(unit / 2 ** 32)), uint32ToBytes(unit % 2 ** 32));
}

/** One change of a store, as classic-level takes it. */
export type ClOperation =
  | { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: Uint8Array };

/** A block as its execution leaves it. */
export interface ExecutedRows {
  readonly hash: Hash32;
  readonly record: MinorRecord;
  readonly consumed: readonly CrossShardDeposit[];
  /** With ENABLE_TRANSACTION_HISTORY only; without it there are neither `xr_` nor `index_` rows. */
  readonly parties: readonly TransactionParties[] | undefined;
  /** Transactions of the chain up to and including it. */
  readonly chainTransactionCount: number;
}

/** Changes that reach a CL store together or not at all. Later ones win over earlier ones. */
export class ClBatch {
  readonly operations: ClOperation[] = [];

  /** `lastMinor`: this shard's newest block that the root block or its ancestors confirm (shard_db_operator.py put_root_block). */
  putRootBlock(hash: Hash32, block: RootBlock, lastMinor: Hash32 | undefined): this {
    this.#put(prefixedKey(PREFIX.rootBlock, hash), encodeRootBlock(block));
    return this.#put(prefixedKey(PREFIX.lastConfirmedMinor, hash), lastMinor ?? EMPTY_BYTES);
  }

  putGenesisBlock(rootHash: Hash32, block: MinorBlock): this {
    return this.#put(prefixedKey(PREFIX.genesis, rootHash), encodeMinorBlock(block));
  }

  /** What a neighbour's block sends here, be it nothing. */
  putReceivedDeposits(sourceMinorHash: Hash32, encodedList: Uint8Array): this {
    return this.#put(prefixedKey(PREFIX.receivedDeposits, sourceMinorHash), encodedList);
  }

  /** A block that its engine holds. */
  putExecuted({ hash, record, consumed, parties, chainTransactionCount }: ExecutedRows): this {
    this.#put(prefixedKey(OWN_KEYS.minorRecord, hash), encodeMinorRecord(record));
    this.#put(prefixedKey(PREFIX.transactionCount, hash), uint32ToBytes(chainTransactionCount));
    this.#put(prefixedKey(PREFIX.consumedDepositHashes, hash), encodeDepositHashes(consumed));
    if (parties === undefined) return this;
    this.#put(prefixedKey(PREFIX.consumedDeposits, hash), encodeDepositList(consumed));
    return this.#put(prefixedKey(OWN_KEYS.parties, hash), encodeParties(parties));
  }

  /** The block is executed, and somebody still has to be told of it. */
  putUnfinished(hash: Hash32): this {
    return this.#put(prefixedKey(OWN_KEYS.unfinished, hash), EMPTY_BYTES);
  }

  /** Every destination holds what the block sends, and who has to know of it does (shard_db_operator.py commit_minor_block_by_hash). */
  putCommitted(hash: Hash32): this {
    return this.#put(prefixedKey(PREFIX.committed, hash), EMPTY_BYTES);
  }

  deleteUnfinished(hash: Hash32): this {
    return this.#delete(prefixedKey(OWN_KEYS.unfinished, hash));
  }

  /** The block becomes canonical (shard_db_operator.py put_minor_block_index, put_transaction_index_from_block: deposits only). */
  index(block: IndexedBlock): this {
    this.#put(heightKey(PREFIX.minorHeightIndex, block.height), block.hash);
    block.consumedHashes.forEach((hash, i) => {
      this.#put(transactionIndexKey(hash), depositPlace(block, i));
    });
    if (block.history !== undefined) {
      for (const key of historyKeys(block.height, block.history)) this.#put(key, EMPTY_BYTES);
    }
    return this;
  }

  /** The block is canonical no longer (shard_db_operator.py remove_minor_block_index, remove_transaction_index_from_block). */
  unindex(block: IndexedBlock): this {
    this.#delete(heightKey(PREFIX.minorHeightIndex, block.height));
    for (const hash of block.consumedHashes) this.#delete(transactionIndexKey(hash));
    if (block.history !== undefined) {
      for (const key of historyKeys(block.height, block.history)) this.#delete(key);
    }
    return this;
  }

  putTips(tips: StoredTips): this {
    return this.#put(OWN_KEYS.tips, encodeTips(tips));
  }

  /** Blocks that were executed with these rows, in order. */
  putArrivals(unit: number, hashes: readonly Hash32[]): this {
    return this.#put(arrivalsKey(unit), encodeHashes(hashes));
  }

  /** What who drives the chain wants to find again. */
  putMark(value: Uint8Array): this {
    return this.#put(OWN_KEYS.mark, value);
  }

  #put(key: Uint8Array, value: Uint8Array): this {
    this.operations.push({ type: "put", key, value });
    return this;
  }

  #delete(key: Uint8Array): this {
    this.operations.push({ type: "del", key });
    return this;
  }
}
