import type { PayloadRejection } from "../../node/el/block-executor.ts";
import type { Refusal } from "../../node/engine/engine-api.ts";

/**
 * Whether an engine refuses a block for what our own execution refuses it for: the same rule by the same transaction. In
 * which words it does so says nothing, and an engine that names no rule cannot be told by one.
 */
export function isSameRefusal(engines: Refusal | undefined, { transactionIndex, refusal }: PayloadRejection): boolean {
  if (engines?.refusal === undefined) return false;
  return engines.refusal === refusal && engines.transactionIndex === (transactionIndex ?? null);
}
