import { createRangeRunner } from "../execution/range-runner.ts";
import { findCauses } from "../triage/divergence-causes.ts";
import { createRangeTask } from "../work/range-worker.ts";

/** Entry of a worker thread of `qkc checkdb`. */
export const runRange = createRangeTask(
  (plan) => createRangeRunner(plan, findCauses),
  ({ divergences }) => divergences.length,
);
