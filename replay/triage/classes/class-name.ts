import type { StateField } from "../../../node/el/state/state-diff.ts";
import type { PayloadRejection } from "../../../node/engine/engine-client.ts";
import type { FieldDifference } from "../../checkdb/comparator.ts";
import { type LocalityRequest, statesBetween } from "../locality/locality.ts";
import { receiptDifferences } from "../locality/receipt-differences.ts";

/** Class of blocks that break rules, whatever they execute to. */
export function ruleClass(codes: readonly string[]): string {
  return `rule/${[...new Set(codes)].join("+")}`;
}

/** Class of blocks that come to what they declare with switches of other rules. */
export function explainedClass(switches: readonly string[]): string {
  return switches.join("+");
}

/** The switches that a class is named by. */
export function switchesOfClass(name: string): string[] {
  return name.split("+");
}

/** Class of blocks that cannot be executed, and for which no rules are known by which they can. */
export function refusedClass({ refusal }: PayloadRejection): string {
  return `unexplained/refused.${refusal ?? "DEPOSIT"}`;
}

/** Class of blocks that differ where they were checked, and do not where the same rules execute them once more. */
export const NOT_REPRODUCED = "unexplained/not-reproduced";

const ENGINE = "engine/";

/** Class of blocks that come to what they declare, but not by the engine that was asked; by what it does otherwise. */
export function engineClass(what: string): string {
  return `${ENGINE}${what}`;
}

export function isEngineClass(name: string): boolean {
  return name.startsWith(ENGINE);
}

export function isUnexplained(name: string): boolean {
  return name.startsWith("unexplained/");
}

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

/** Class of a block that no known rules explain, by the first thing that differs: of a receipt, the state, or the block. */
export function unexplainedClass(
  { trial, declared, computed }: Omit<LocalityRequest, "executions">,
  fields: readonly FieldDifference[],
): string {
  if (declared.receipts !== undefined && computed.receipts !== undefined) {
    for (const receipt of receiptDifferences(declared.receipts, computed.receipts, trial.payload.transactions.length)) {
      const [{ field }] = receipt.fields;
      return `unexplained/receipt.${field === "cumulativeGasUsed" ? "gasUsed" : field}`;
    }
  }
  const differences = statesBetween(trial, declared, computed)?.differences ?? [];
  const telling = TELLING.find((name) => differences.some(({ field }) => field === name));
  return `unexplained/${telling === undefined ? (fields[0]?.field ?? "block") : `state.${telling}`}`;
}
