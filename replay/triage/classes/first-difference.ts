import type { StateField } from "../../../node/el/state/state-diff.ts";
import type { FieldDifference } from "../../../node/engine/compare-execution.ts";
import { type LocalityRequest, statesBetween } from "../locality/locality.ts";
import { receiptDifferences } from "../locality/receipt-differences.ts";

/** What tells most about a cause comes first: an account's balance changes with any gas. */
const TELLING: readonly StateField[] = [
  "code",
  "storage",
  "exists",
  "fullShardKey",
  "tokenBalances",
  "nonce",
  "balance",
];

/** The first thing that differs of a receipt, the state, or the block, in a word that other blocks may share. */
export function firstDifference(
  { trial, declared, computed }: Omit<LocalityRequest, "executions">,
  fields: readonly FieldDifference[],
): string {
  if (declared.receipts !== undefined && computed.receipts !== undefined) {
    for (const receipt of receiptDifferences(declared.receipts, computed.receipts, trial.payload.transactions.length)) {
      const [{ field }] = receipt.fields;
      return `receipt.${field === "cumulativeGasUsed" ? "gasUsed" : field}`;
    }
  }
  const differences = statesBetween(trial, declared, computed)?.differences ?? [];
  const telling = TELLING.find((name) => differences.some(({ field }) => field === name));
  return telling === undefined ? (fields[0]?.field ?? "block") : `state.${telling}`;
}
