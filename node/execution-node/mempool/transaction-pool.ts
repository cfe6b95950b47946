import { decodeEvmTransaction, type EvmTransaction } from "../../chain/evm-transaction.ts";
import { recoverSender } from "../../chain/sender.ts";
import { readTypedTransaction, type TypedTransaction, wrapTransaction } from "../../chain/typed-transaction.ts";
import type { Address, Hash32 } from "../../codec/bytes.ts";
import { CodecError } from "../../codec/errors.ts";
import { WireReader } from "../../codec/wire.ts";
import { ExecutionAbortedError } from "../../el/evm/abort.ts";
import type { BlockExecution } from "../../el/transactions/block-execution.ts";
import type { Filling } from "../../el/transactions/fill-block.ts";
import { gasPriceInDefaultToken } from "../../el/transactions/native-token-gas.ts";
import { TransactionInvalidError } from "../../el/transactions/transaction-invalid-error.ts";
import { checkAdmission, validateTransaction } from "../../el/transactions/validate-transaction.ts";
import { ENGINE_ERROR, EngineError } from "../../engine/engine-error.ts";
import { TemplateSource } from "./template-source.ts";
import { type PooledTransaction, TransactionQueue } from "./transaction-queue.ts";

/** pyquarkchain config.py MIN_TX_POOL_GAS_PRICE: for a price in QKC, and where there is no other price to tell. */
export const LEAST_GAS_PRICE = 1_000_000_000n;
/** How far ahead of its sender's nonce a transaction may be (shard_state.py MAX_FUTURE_TX_NONCE). */
const MOST_AHEAD = 64n;
/** What still misses a nonce before its own after so long is let go. */
const WAITING_MS = 3 * 60 * 60 * 1000;

export interface PoolOptions {
  /** pyquarkchain config.py TRANSACTION_QUEUE_SIZE_LIMIT_PER_SHARD. */
  readonly capacity: number;
  /** MIN_TX_POOL_GAS_PRICE, in the default token of the chain. */
  readonly leastGasPrice: bigint;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const POOL_DEFAULTS: PoolOptions = { capacity: 10_000, leastGasPrice: LEAST_GAS_PRICE, now: Date.now };

/** The chain as a pool sees it. */
export interface PoolChain {
  /** Whether a canonical block holds it, as a transaction or as a deposit. */
  isInChain(transactionHash: Hash32): boolean;
  /** On the tip's state, for this one question: see beginOnTip. */
  beginOnTip(): BlockExecution;
}

/**
 * Transactions that somebody sent and no block has yet, in memory only (pyquarkchain shard_state.py add_tx). Whoever
 * moves the head says which blocks left and joined the chain.
 */
export class TransactionPool {
  readonly #chain: PoolChain;
  readonly #options: PoolOptions;
  readonly #queue: TransactionQueue;
  readonly #listeners: ((typed: TypedTransaction) => void)[] = [];

  constructor(chain: PoolChain, options: PoolOptions = POOL_DEFAULTS) {
    this.#chain = chain;
    this.#options = options;
    this.#queue = new TransactionQueue(options.capacity);
  }

  get size(): number {
    return this.#queue.size;
  }

  get arrivals(): number {
    return this.#queue.arrivals;
  }

  /** Called with each transaction that is accepted from somebody. */
  onAccepted(listener: (typed: TypedTransaction) => void): void {
    this.#listeners.push(listener);
  }

  find(hash: Hash32): PooledTransaction | undefined {
    return this.#queue.find(hash);
  }

  /** Best price first, then as they came. The list is the caller's. */
  ordered(): PooledTransaction[] {
    return this.#queue.ordered();
  }

  /**
   * Throws EngineError where the transaction is known or could not be part of the next blocks. One with a nonce ahead
   * is taken without a look at balances and gas; one that is cheaper than all others of a full pool is accepted and
   * not stored.
   */
  add(typed: TypedTransaction): void {
    if (this.find(typed.hash) !== undefined || this.#chain.isInChain(typed.hash)) refuse("already known");
    const transaction = decoded(typed);
    const sender = recoverSender(transaction) ?? refuse("nobody can have signed it");
    const isAhead = this.#validate(typed, transaction, sender);
    const now = this.#options.now();
    this.#queue.expire(now - WAITING_MS);
    this.#queue.add({ typed, transaction, sender }, now, isAhead);
    for (const listener of this.#listeners) listener(typed);
  }

  /** A block is canonical no longer: its transactions are pooled again, unchecked. */
  blockLeft(transactions: readonly TypedTransaction[]): void {
    for (const typed of transactions) {
      const transaction = decoded(typed);
      const sender = recoverSender(transaction);
      if (sender !== undefined) this.#queue.add({ typed, transaction, sender }, this.#options.now(), false);
    }
  }

  /** A block became canonical: nothing with a nonce that it uses can be in a later one. */
  blockJoined(transactions: readonly TypedTransaction[]): void {
    for (const typed of transactions) {
      const transaction = decoded(typed);
      const sender = this.find(typed.hash)?.sender ?? recoverSender(transaction);
      if (sender !== undefined) this.#queue.removeNonce(sender, transaction.nonce);
    }
  }

  /** What a block is filled from; settle() afterwards. */
  templateSource(): TemplateSource {
    return new TemplateSource(this.ordered());
  }

  /**
   * After a template was made (shard_state.py __add_transactions_to_block): what failed or is too old is gone for
   * good; what is in the template stays until a block holds it, behind the others of its price.
   */
  settle({ taken, refused }: Filling<PooledTransaction>, { outdated }: TemplateSource): void {
    for (const pooled of [...refused, ...outdated]) this.#queue.remove(pooled);
    for (const pooled of taken) this.#queue.moveBack(pooled);
  }

  remove(pooled: PooledTransaction): void {
    this.#queue.remove(pooled);
  }

  /** As shard_state.py __validate_tx on the tip's state; whether its nonce is ahead. */
  #validate(typed: TypedTransaction, transaction: EvmTransaction, sender: Address): boolean {
    const execution = this.#chain.beginOnTip();
    try {
      const signed = checkAdmission(execution, transaction, typed.hash, sender);
      const nonce = execution.state.getNonce(sender);
      const isAhead = transaction.nonce > nonce && transaction.nonce <= nonce + MOST_AHEAD;
      if (!isAhead) validateTransaction(execution, signed);
      const price = gasPriceInDefaultToken(execution, transaction);
      const { leastGasPrice } = this.#options;
      if (price < leastGasPrice) refuse(`transaction underpriced: at least ${leastGasPrice} is asked for`);
      return isAhead;
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
