import type { EvmTransaction } from "../../chain/evm-transaction.ts";
import type { TypedTransaction } from "../../chain/typed-transaction.ts";
import type { Address } from "../../codec/bytes.ts";
import { ExecutionAbortedError } from "../evm/abort.ts";
import { applyTransaction } from "./apply-transaction.ts";
import type { BlockExecution } from "./block-execution.ts";
import { gasPriceInDefaultToken } from "./native-token-gas.ts";
import { TransactionInvalidError } from "./transaction-invalid-error.ts";
import { admitDecoded } from "./validate-transaction.ts";

/** A transaction that could be in a block, with what is known of it. */
export interface Candidate {
  readonly typed: TypedTransaction;
  readonly transaction: EvmTransaction;
  readonly sender: Address;
}

/** Where a block's transactions come from. */
export interface TransactionSource<T extends Candidate> {
  /** The one to try next. `nonceOf` tells nonces after all that were taken so far. Undefined ends the block. */
  next(nonceOf: (sender: Address) => bigint, gasLeft: bigint): T | undefined;
}

export interface Filling<T extends Candidate> {
  readonly taken: readonly T[];
  /** Not valid where they stood, or too cheap. */
  readonly refused: readonly T[];
}

/**
 * Fills a block on whose state deposits ran already (pyquarkchain shard_state.py __add_transactions_to_block): one
 * that fails is left out and the next is tried on the same state. What a failed one leaves behind (accounts that it
 * looked at) is part of that state: the block has to be executed once more for its roots.
 *
 * `leastGasPrice` is in the default token of the chain.
 */
export function fillBlock<T extends Candidate>(
  execution: BlockExecution,
  source: TransactionSource<T>,
  leastGasPrice: bigint,
): Filling<T> {
  const { state } = execution;
  const taken: T[] = [];
  const refused: T[] = [];
  const nonceOf = (sender: Address) => state.getNonce(sender);
  while (execution.gasUsed < execution.gasLimit) {
    const candidate = source.next(nonceOf, execution.gasLimit - execution.gasUsed);
    if (candidate === undefined) break;
    if (isTaken(execution, candidate, leastGasPrice)) taken.push(candidate);
    else refused.push(candidate);
  }
  return { taken, refused };
}

/** Other than pyquarkchain, one that fails in the middle is taken back: its template would be refused. */
function isTaken(execution: BlockExecution, candidate: Candidate, leastGasPrice: bigint): boolean {
  const { typed, transaction, sender } = candidate;
  const snapshot = execution.state.snapshot();
  try {
    if (gasPriceInDefaultToken(execution, transaction) < leastGasPrice) return false;
    applyTransaction(execution, admitDecoded(execution, transaction, typed.hash, sender));
    return true;
  } catch (error) {
    if (!(error instanceof TransactionInvalidError || error instanceof ExecutionAbortedError)) throw error;
    execution.state.revert(snapshot);
    return false;
  }
}

/** Transactions in a given order, whatever their nonces. */
export class FixedOrder<T extends Candidate> implements TransactionSource<T> {
  readonly #candidates: Iterator<T>;

  constructor(candidates: Iterable<T>) {
    this.#candidates = candidates[Symbol.iterator]();
  }

  next(): T | undefined {
    const next = this.#candidates.next();
    return next.done === true ? undefined : next.value;
  }
}
