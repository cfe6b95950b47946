import { type CrossShardDeposit, encodeDepositList } from "../../node/chain/deposit.ts";
import { intrinsicGas } from "../../node/chain/evm-transaction.ts";
import { encodeReceipt, type Receipt } from "../../node/chain/receipt.ts";
import { type Address, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { UnsupportedError } from "../../node/codec/errors.ts";
import { ExecutionAbortedError } from "../../node/el/evm/abort.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import type { Tracer } from "../../node/el/evm/tracer.ts";
import type { DueDeposit } from "../../node/el/payload.ts";
import { StateCache } from "../../node/el/state/state-cache.ts";
import { WorldState } from "../../node/el/state/world-state.ts";
import { applyDeposit } from "../../node/el/transactions/apply-deposit.ts";
import { applyTransaction } from "../../node/el/transactions/apply-transaction.ts";
import { type BlockExecution, nothingExecuted } from "../../node/el/transactions/block-execution.ts";
import { TransactionInvalidError } from "../../node/el/transactions/transaction-invalid-error.ts";
import {
  admitTransaction,
  type SignedTransaction,
  validateTransaction,
} from "../../node/el/transactions/validate-transaction.ts";
import type { BlockTrial } from "../execution/trial.ts";
import type { SwitchedRules } from "./switched-rules.ts";

/** A deposit or transaction of a block, and where it begins: what those before it leave under the reference rules. */
export interface Unit {
  readonly kind: "deposit" | "transaction";
  readonly index: number;
  readonly hash: Hash32;
  /** Who pays for its gas. */
  readonly sender: Address;
  readonly start: UnitStart;
  readonly content: DueDeposit | SignedTransaction;
}

interface UnitStart {
  readonly stateRoot: Hash32;
  /** Of the block so far. */
  readonly gasUsed: bigint;
  readonly fullShardKey: number;
}

/** One execution of one unit. */
export interface UnitRun {
  /** Undefined where the unit leaves none. */
  readonly receipt: Receipt | undefined;
  readonly gasUsed: bigint;
  readonly sends: readonly CrossShardDeposit[];
  readonly stateRoot: Hash32;
  readonly fullShardKey: number;
  /** Why the block cannot hold it; everything else is as it was then. */
  readonly refused: string | undefined;
}

/**
 * A block's deposits and transactions as executions of their own, each on the state that those before it leave under
 * the reference rules. So a difference is one of its own, never the consequence of an earlier one in the block. What
 * the rules keep until the end of the block is settled at the end of each.
 */
export class UnitRuns {
  readonly #trial: BlockTrial;
  readonly #rules: SwitchedRules;
  readonly #cache = new StateCache();
  /** Gas that deposits used under the reference rules. */
  #depositGas = 0n;

  constructor(trial: BlockTrial, rules: SwitchedRules) {
    this.#trial = trial;
    this.#rules = rules;
  }

  /** All units with their runs under the reference rules, one after the other; `deposits` of the due ones are consumed. */
  *reference(deposits: number): Generator<{ readonly unit: Unit; readonly run: UnitRun }> {
    const { payload } = this.#trial;
    let start: UnitStart = { stateRoot: payload.parentStateRoot, gasUsed: 0n, fullShardKey: 0 };
    const advance = (unit: Unit) => {
      const run = this.run(unit, this.#rules.reference);
      start = { stateRoot: run.stateRoot, gasUsed: start.gasUsed + run.gasUsed, fullShardKey: run.fullShardKey };
      return { unit, run };
    };
    let index = 0;
    for (const due of payload.deposits) {
      if (index === deposits) break;
      const { txHash: hash, from } = due.deposit;
      yield advance({ kind: "deposit", index, hash, sender: from.recipient, start, content: due });
      index++;
    }
    this.#depositGas = start.gasUsed;
    for (const [index, typed] of payload.transactions.entries()) {
      const signed = admitTransaction(this.#begin("transaction", start, this.#rules.reference), typed);
      const { hash, sender } = signed;
      yield advance({ kind: "transaction", index, hash, sender, start, content: signed });
    }
  }

  /** Throws DatabaseDamagedError for a state that cannot be read. */
  run({ kind, start, content }: Unit, rules: Rules, tracer?: Tracer): UnitRun {
    const execution = this.#begin(kind, start, rules, tracer);
    try {
      if ("deposit" in content) applyDeposit(execution, content);
      else runTransaction(execution, content, rules);
    } catch (error) {
      const refused = refusalOf(error);
      const { stateRoot, fullShardKey } = start;
      return { receipt: undefined, gasUsed: 0n, sends: [], stateRoot, fullShardKey, refused };
    }
    const { state } = execution;
    for (const address of execution.destroyed) state.deleteAccount(address);
    return {
      receipt: [...execution.receipts, ...execution.depositReceipts].at(0),
      gasUsed: execution.gasUsed - start.gasUsed,
      sends: execution.xshardSends,
      stateRoot: state.commit(),
      fullShardKey: state.fullShardKey,
      refused: undefined,
    };
  }

  #begin(
    kind: Unit["kind"],
    start: UnitStart,
    rules: Rules,
    tracer?: Tracer,
  ): BlockExecution & { readonly state: WorldState } {
    const { payload, nodes, fullShardId } = this.#trial;
    const state = new WorldState(nodes, start.stateRoot, this.#cache, rules);
    state.fullShardKey = start.fullShardKey;
    return {
      config: this.#rules.configOf(fullShardId, rules),
      block: { ...payload, number: payload.height },
      state,
      xshardGasLimit: payload.xshardGasLimit,
      reachableShards: payload.reachableShards,
      headerGasLimit: payload.gasLimit,
      gasLimit: kind === "deposit" ? payload.gasLimit : this.#gasLimitOfTransactions(),
      ...nothingExecuted(),
      gasUsed: start.gasUsed,
      tracer,
    };
  }

  /** What deposits left of their share is no room for transactions (shard_state.py run_block). */
  #gasLimitOfTransactions(): bigint {
    const { gasLimit, xshardGasLimit } = this.#trial.payload;
    const left = xshardGasLimit - this.#depositGas;
    return left > 0n ? gasLimit - left : gasLimit;
  }
}

/** Whether two runs of a unit have the same effect. */
export function sameRun(a: UnitRun, b: UnitRun): boolean {
  return fingerprint(a) === fingerprint(b);
}

function fingerprint({ receipt, gasUsed, sends, stateRoot, refused }: UnitRun): string {
  const receiptText = receipt === undefined ? "" : toHex(encodeReceipt(receipt));
  return [receiptText, gasUsed, toHex(encodeDepositList(sends)), toHex(stateRoot), refused ?? ""].join();
}

/** As a block does it: the transaction is validated twice, which a payment in a native token leaves traces of. */
function runTransaction(execution: BlockExecution, admitted: SignedTransaction, rules: Rules): void {
  const { transaction, isCrossShard } = admitted;
  const signed = { ...admitted, intrinsicGas: intrinsicGas(transaction, isCrossShard, rules.transaction) };
  validateTransaction(execution, signed);
  applyTransaction(execution, signed);
}

/** Rethrows what is no verdict on the unit. */
function refusalOf(error: unknown): string {
  if (error instanceof TransactionInvalidError) return `${error.explanation} (${error.refusal})`;
  if (error instanceof ExecutionAbortedError || error instanceof UnsupportedError) return error.message;
  throw error;
}
