import { PREFIX, prefixedKey } from "../../archive/pyquarkchain/keys.ts";
import { encodeDepositList } from "../../chain/deposit.ts";
import { encodeMinorBlock, type MinorBlock } from "../../chain/minor-block.ts";
import { encodeRootBlock, type RootBlock } from "../../chain/root-block.ts";
import { EMPTY_BYTES, type Hash32, uint32ToBytes, utf8 } from "../../codec/bytes.ts";
import { type ConsumingBlock, depositPlace, encodeDepositHashes, historyKeys, transactionIndexKey } from "./cl-rows.ts";

/** Row of the run that writes the store: pyquarkchain has none, and a slave leaves it alone. */
export const RUN_STATE_KEY = utf8("qkc_run");

/** One change of a store, as classic-level takes it. */
export type ClOperation =
  | { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: Uint8Array };

/** Changes that reach a CL store together or not at all. Later ones win over earlier ones. */
export class ClBatch {
  readonly operations: ClOperation[] = [];
  readonly #keepsHistory: boolean;

  /** `keepsHistory`: ENABLE_TRANSACTION_HISTORY; without it there are neither `xr_` nor `index_` rows. */
  constructor(keepsHistory: boolean) {
    this.#keepsHistory = keepsHistory;
  }

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

  /**
   * Commits a block: its execution layer holds it, and every destination has stored what it sends. `transactionCount`
   * is the chain's up to and including it.
   */
  commitBlock({ hash, consumed }: Pick<ConsumingBlock, "hash" | "consumed">, transactionCount: number): this {
    this.#put(prefixedKey(PREFIX.transactionCount, hash), uint32ToBytes(transactionCount));
    this.#put(prefixedKey(PREFIX.consumedDepositHashes, hash), encodeDepositHashes(consumed));
    if (this.#keepsHistory) this.#put(prefixedKey(PREFIX.consumedDeposits, hash), encodeDepositList(consumed));
    return this;
  }

  /** The block becomes canonical (shard_db_operator.py put_transaction_index_from_block, deposits only). */
  index(consuming: ConsumingBlock): this {
    consuming.consumed.forEach(({ txHash }, i) => {
      this.#put(transactionIndexKey(txHash), depositPlace(consuming, i));
    });
    if (this.#keepsHistory) for (const key of historyKeys(consuming)) this.#put(key, EMPTY_BYTES);
    return this;
  }

  /** The block is canonical no longer (shard_db_operator.py remove_transaction_index_from_block). */
  unindex(consuming: ConsumingBlock): this {
    for (const { txHash } of consuming.consumed) this.#delete(transactionIndexKey(txHash));
    if (this.#keepsHistory) for (const key of historyKeys(consuming)) this.#delete(key);
    return this;
  }

  /** How far a run that writes this store has come. */
  putRunState(value: Uint8Array): this {
    return this.#put(RUN_STATE_KEY, value);
  }

  #put(key: Uint8Array, value: Uint8Array): this {
    this.operations.push({ type: "put", key, value });
    return this;
  }

  #delete(key: Uint8Array): void {
    this.operations.push({ type: "del", key });
  }
}
