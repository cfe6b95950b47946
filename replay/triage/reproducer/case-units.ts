import { EMPTY_BYTES } from "../../../node/codec/bytes.ts";
import type { Executor } from "../../execution/trial.ts";
import { readPreAccount } from "./case-state.ts";
import type { PreAccount, ReproducerCase } from "./format.ts";
import { runCase } from "./run-case.ts";
import type { TouchedState } from "./touched-state.ts";

/** Number of a case's units: deposits, which run first, then transactions. */
export function unitCount({ deposits, transactions }: ReproducerCase): number {
  return deposits.length + transactions.length;
}

/** The first units of a case alone, without the block's reward. */
export function firstUnits(subject: ReproducerCase, count: number): ReproducerCase {
  return { ...withUnits(subject, 0, count), block: { ...subject.block, blockReward: {} } };
}

/** The case with the units from `start` to `end` alone, its state as it is. */
function withUnits(subject: ReproducerCase, start: number, end: number): ReproducerCase {
  const { deposits, transactions } = subject;
  const first = Math.max(0, start - deposits.length);
  return {
    ...subject,
    deposits: deposits.slice(start, end),
    transactions: transactions.slice(first, Math.max(first, end - deposits.length)),
  };
}

/**
 * The case without its first units, whose effects the state has instead. An account that they only looked at and that
 * is born later stands there blank, for the key it is born with (world-state.ts). Undefined where they cannot run.
 */
export function foldedInto(
  subject: ReproducerCase,
  count: number,
  executor: Executor,
  touched: TouchedState,
): ReproducerCase | undefined {
  const prefix = runCase(firstUnits(subject, count), executor);
  if (prefix.result.status === "INVALID") return undefined;
  const { stateRoot } = prefix.result.computed;
  const pre: Record<string, PreAccount> = {};
  for (const [address, entries] of touched.accounts) {
    const account = readPreAccount(prefix.nodes, stateRoot, address, entries);
    const known = prefix.touched.accounts.get(address);
    if (account !== undefined) pre[address] = account;
    else if (known !== undefined) pre[address] = blankAccount(known.firstKey);
  }
  return { ...withUnits(subject, count, unitCount(subject)), pre };
}

function blankAccount(fullShardKey: number): PreAccount {
  return { nonce: 0n, balances: {}, code: EMPTY_BYTES, storage: {}, fullShardKey };
}
