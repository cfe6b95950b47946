import { XSHARD_GAS } from "../../chain/evm-transaction.ts";
import { KeptDeposits } from "../../el/kept-deposits.ts";
import type { ConsensusInputs, DueDeposit } from "../../el/payload.ts";
import { ENGINE_ERROR, EngineError } from "../engine-error.ts";

/**
 * Deposits as they cross: those of the list, and whether there may be more behind them. Who walks past the end of a
 * list that was cut learns that he needs more, so that a list cut too short can never pass for a whole one.
 */
export class DepositList implements Iterable<DueDeposit> {
  readonly items: readonly DueDeposit[];
  readonly isCut: boolean;

  constructor(items: readonly DueDeposit[], isCut: boolean) {
    this.items = items;
    this.isCut = isCut;
  }

  /** Walks all there are. */
  static of(deposits: Iterable<DueDeposit>): DepositList {
    if (deposits instanceof DepositList) return deposits;
    const items: DueDeposit[] = [];
    try {
      for (const due of deposits) items.push(due);
    } catch (error) {
      // What is walked here may itself stand on a list that was cut.
      if (!needsMoreDeposits(error)) throw error;
      return new DepositList(items, true);
    }
    return new DepositList(items, false);
  }

  *[Symbol.iterator](): Generator<DueDeposit> {
    yield* this.items;
    if (this.isCut) {
      throw new EngineError(
        ENGINE_ERROR.moreDepositsNeeded,
        `the block consumes more than the ${this.items.length} deposits that were sent: send all that are due`,
      );
    }
  }
}

export function needsMoreDeposits(error: unknown): boolean {
  return error instanceof EngineError && error.rpcCode === ENGINE_ERROR.moreDepositsNeeded;
}

/** A payload, or attributes. */
export interface WithInputs {
  readonly inputs: ConsensusInputs;
}

/** The same with deposits that can be walked any number of times, as a call that may have to be repeated needs them. */
export function withKeptDeposits<T extends WithInputs>(asked: T): T {
  const { deposits } = asked.inputs;
  if (deposits instanceof KeptDeposits || deposits instanceof DepositList) return asked;
  return { ...asked, inputs: { ...asked.inputs, deposits: new KeptDeposits(deposits) } };
}

/**
 * As many deposits as a block can consume at the very most. Execution stops behind the deposit with which the gas used
 * reaches the cross-shard limit, so the list may stop where the least gas that each must use adds up to it.
 * @param ddosFixRootHeight XSHARD_GAS_DDOS_FIX_ROOT_HEIGHT of the configuration; Infinity where it is not known
 */
export function mostDepositsConsumed(
  deposits: Iterable<DueDeposit>,
  xshardGasLimit: bigint,
  ddosFixRootHeight: number,
): DepositList {
  if (deposits instanceof DepositList) return deposits;
  const items: DueDeposit[] = [];
  let gas = 0n;
  for (const due of deposits) {
    items.push(due);
    gas += leastGasOf(due, ddosFixRootHeight);
    // Like execution, which stops here without asking for the next one.
    if (gas >= xshardGasLimit) return new DepositList(items, true);
  }
  return new DepositList(items, false);
}

/**
 * A charged deposit costs 9000 and what its message uses, less a refund of at most half of the sum, which only a message
 * with gas of its own can earn (pyquarkchain shard_state.py __run_one_xshard_tx, messages.py apply_transaction_message).
 */
function leastGasOf({ deposit, cursor }: DueDeposit, ddosFixRootHeight: number): bigint {
  if (!isSurelyCharged({ deposit, cursor }, ddosFixRootHeight)) return 0n;
  return deposit.gasRemained === 0n ? XSHARD_GAS : XSHARD_GAS / 2n;
}

/** Since the fix all but the root chain's are charged, before it those that carry a gas price. */
function isSurelyCharged({ deposit, cursor }: DueDeposit, ddosFixRootHeight: number): boolean {
  if (deposit.isFromRootChain) return false;
  return deposit.gasPrice !== 0n || cursor.rootBlockHeight >= ddosFixRootHeight;
}
