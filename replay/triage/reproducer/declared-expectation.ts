import type { Receipt } from "../../../node/chain/receipt.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import { readPreAccount } from "./case-state.ts";
import type { ExecutedOutcome } from "./format.ts";
import { type AccountEntries, amountsOf, bitsOf, entriesBetween, stateAfter, unitsOf } from "./outcome.ts";
import type { TouchedState } from "./touched-state.ts";

/**
 * What a block declares, as an expectation: of the state, the entries that an execution used and left otherwise.
 * `receipts` are the declared ones where they are stored.
 */
export function declaredExpectation(
  trial: BlockTrial,
  result: NewPayloadResult,
  touched: TouchedState,
  receipts: readonly Receipt[] | undefined,
): ExecutedOutcome {
  const { header, meta, transactions } = trial.block;
  return {
    status: "EXECUTED",
    ...(receipts === undefined ? {} : { units: unitsOf(receipts, transactions.length) }),
    gasUsed: meta.gasUsed,
    xshardReceiveGasUsed: meta.xshardReceiveGasUsed,
    xshardCursor: meta.xshardCursor,
    coinbaseAmounts: amountsOf(header.coinbaseAmounts),
    bloom: bitsOf(header.bloom),
    receiptRoot: meta.receiptRoot,
    state: stateAfter(trial.nodes, meta.stateRoot, differingEntries(trial, result, touched)),
  };
}

function differingEntries(
  { nodes, block, hasDeclaredState }: BlockTrial,
  result: NewPayloadResult,
  { accounts }: TouchedState,
): ReadonlyMap<string, AccountEntries> {
  const differing = new Map<string, AccountEntries>();
  if (result.status === "INVALID" || !hasDeclaredState) return differing;
  for (const [address, touched] of accounts) {
    const computed = readPreAccount(nodes, result.computed.stateRoot, address, touched);
    const declared = readPreAccount(nodes, block.meta.stateRoot, address, touched);
    const entries = entriesBetween(computed, declared);
    if (entries !== undefined) differing.set(address, entries);
  }
  return differing;
}
