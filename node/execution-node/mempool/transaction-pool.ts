import { xshardGasLimitOf } from "../../chain/config.ts";
import { decodeEvmTransaction, type EvmTransaction } from "../../chain/evm-transaction.ts";
import { recoverSender } from "../../chain/sender.ts";
import { readTypedTransaction, type TypedTransaction, wrapTransaction } from "../../chain/typed-transaction.ts";
import { type Address, bytesEqual, bytesKey, type Hash32, ZERO_ADDRESS, ZERO_HASH } from "../../codec/bytes.ts";
import { CodecError } from "../../codec/errors.ts";
import { WireReader } from "../../codec/wire.ts";
import { ExecutionAbortedError } from "../../el/evm/abort.ts";
import { TransactionInvalidError } from "../../el/transactions/transaction-invalid-error.ts";
import { admitTransaction } from "../../el/transactions/validate-transaction.ts";
import { ENGINE_ERROR, EngineError } from "../../engine/engine-error.ts";
import { ancestorsFrom } from "../chain-queries.ts";
import type { ChainView } from "../chain-view.ts";

/** pyquarkchain config.py TRANSACTION_QUEUE_SIZE_LIMIT_PER_SHARD. */
const MOST_TRANSACTIONS = 10_000;
/** pyquarkchain config.py MIN_TX_POOL_GAS_PRICE: for a price in QKC, and where there is no other price to tell. */
export const LEAST_GAS_PRICE = 1_000_000_000n;
/** How far ahead of its sender's nonce a transaction may be. */
const MOST_AHEAD = 64n;

export interface PooledTransaction {
  readonly typed: TypedTransaction;
  readonly transaction: EvmTransaction;
  readonly sender: Address;
  /** Counts up with each transaction. */
  readonly arrival: number;
}

/**
 * Transactions that somebody sent and no block has yet, in memory only. They are offered to whoever makes blocks; the
 * node itself takes none: which go into a block is said with the block's attributes.
 */
export class TransactionPool {
  readonly #chain: ChainView;
  readonly #transactions = new Map<string, PooledTransaction>();
  /** Head on which none of them is stale. */
  #freshOn: Hash32 = ZERO_HASH;
  #arrivals = 0;

  constructor(chain: ChainView) {
    this.#chain = chain;
  }

  get arrivals(): number {
    return this.#arrivals;
  }

  /** Throws EngineError where the transaction is known or could not be part of the next blocks. */
  add(typed: TypedTransaction): void {
    this.#dropStale();
    if (this.find(typed.hash) !== undefined || this.#chain.placeOf(typed.hash) !== undefined) refuse("already known");
    if (this.#transactions.size >= MOST_TRANSACTIONS) refuse(`the pool is full with ${MOST_TRANSACTIONS} transactions`);
    const transaction = decoded(typed);
    const sender = recoverSender(transaction) ?? refuse("nobody can have signed it");
    this.#validate(typed, transaction, sender);
    const arrival = this.#arrivals++;
    this.#transactions.set(bytesKey(typed.hash), { typed, transaction, sender, arrival });
  }

  find(hash: Hash32): PooledTransaction | undefined {
    return this.#transactions.get(bytesKey(hash));
  }

  /** In the order in which they came. */
  all(): readonly PooledTransaction[] {
    this.#dropStale();
    return [...this.#transactions.values()];
  }

  /** Lets go of what is in the chain by now, or was overtaken by another transaction with its nonce. */
  #dropStale(): void {
    if (this.#transactions.size === 0) return;
    const head = this.#chain.get();
    // Whoever sends or asks comes by here, and there may be thousands of transactions to look up.
    if (bytesEqual(head.hash, this.#freshOn)) return;
    this.#freshOn = head.hash;
    const state = this.#chain.stateAfter(head);
    for (const [key, { transaction, sender }] of this.#transactions) {
      if (transaction.nonce < state.getNonce(sender)) this.#transactions.delete(key);
    }
  }

  /** As in a block on the head, but for the nonce, which may be ahead (pyquarkchain shard_state.py add_tx). */
  #validate(typed: TypedTransaction, transaction: EvmTransaction, sender: Address): void {
    const { node, shard } = this.#chain;
    const head = this.#chain.get();
    const state = this.#chain.stateAfter(head);
    const nonce = state.getNonce(sender);
    if (transaction.nonce < nonce) refuse(`nonce too low: it is ${transaction.nonce}, its sender's ${nonce}`);
    if (transaction.nonce > nonce + MOST_AHEAD) refuse(`nonce too high: more than ${MOST_AHEAD} ahead of ${nonce}`);
    if (transaction.gasTokenId === node.config.genesisTokenId && transaction.gasPrice < LEAST_GAS_PRICE) {
      refuse(`transaction underpriced: at least ${LEAST_GAS_PRICE} is asked for`);
    }
    state.setNonce(sender, transaction.nonce);
    const { header } = head.block;
    const execution = {
      config: node.execution,
      block: {
        coinbase: ZERO_ADDRESS,
        timestamp: Math.max(header.createTime + 1, Math.floor(Date.now() / 1000)),
        number: header.height + 1,
        difficulty: header.difficulty,
        ancestorHash: ancestorsFrom(node.store, head.hash),
        senderDisallowMap: new Map(),
      },
      state,
      xshardGasLimit: xshardGasLimitOf(shard),
      reachableShards: new Set(node.config.shards.keys()),
      headerGasLimit: header.gasLimit,
      gasLimit: header.gasLimit,
      gasUsed: 0n,
      fees: new Map(),
      receipts: [],
      depositReceipts: [],
      xshardSends: [],
      destroyed: [],
    };
    try {
      admitTransaction(execution, typed);
    } catch (error) {
      if (error instanceof TransactionInvalidError) refuse(error.explanation);
      if (error instanceof ExecutionAbortedError) refuse(error.message);
      throw error;
    }
  }
}

/**
 * A transaction as it is sent: the RLP of QuarkChain's 15 fields, as pyquarkchain takes it (jsonrpc.py
 * sendRawTransaction), or the wrapper that blocks carry. Ethereum's own transactions are refused: QuarkChain does not
 * sign them so. Throws EngineError.
 */
export function readRawTransaction(bytes: Uint8Array): TypedTransaction {
  try {
    if (bytes[0] !== 0) return wrapTransaction(bytes);
    const reader = new WireReader(bytes);
    const typed = readTypedTransaction(reader);
    reader.expectEnd("transaction");
    return typed;
  } catch (error) {
    if (error instanceof CodecError) return refuse(error.message);
    throw error;
  }
}

function decoded(typed: TypedTransaction): EvmTransaction {
  try {
    return decodeEvmTransaction(typed.rlp);
  } catch (error) {
    if (error instanceof CodecError) return refuse(error.message);
    throw error;
  }
}

function refuse(reason: string): never {
  throw new EngineError(ENGINE_ERROR.server, reason);
}
