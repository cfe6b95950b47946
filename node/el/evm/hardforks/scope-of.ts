import { QkcError } from "../../../codec/errors.ts";
import type { ExecutionContext } from "../context.ts";
import type { TransactionScope } from "./transaction-scope.ts";

/** The scope, which is there under every rule set whose instructions ask for it. */
export function scopeOf(context: ExecutionContext): TransactionScope {
  if (context.scope === undefined) throw new QkcError("INTERNAL", "an instruction misses its transaction's scope");
  return context.scope;
}
