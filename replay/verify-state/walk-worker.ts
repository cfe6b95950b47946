import { workerData } from "node:worker_threads";
import { describeFailure, type RunFailure } from "../report/failure.ts";
import type { StateTotals } from "./state-totals.ts";
import type { Subtree } from "./state-walk.ts";
import { createWalkTask, type WalkInput } from "./walk-task.ts";

export type WalkOutcome =
  | { readonly status: "done"; readonly totals: StateTotals }
  | { readonly status: "stopped" }
  | { readonly status: "failed"; readonly failure: RunFailure };

const walk = createWalkTask(workerData as WalkInput);

/** Entry of a worker thread of `qkc verify-state`. Failures come back as data: errors lose their fields between threads. */
export function walkPart(subtree: Subtree): WalkOutcome {
  try {
    const totals = walk(subtree);
    return totals === undefined ? { status: "stopped" } : { status: "done", totals };
  } catch (error) {
    return { status: "failed", failure: describeFailure(error) };
  }
}
