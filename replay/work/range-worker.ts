import { workerData } from "node:worker_threads";
import { describeFailure, type RunFailure } from "../report/failure.ts";
import type { Range, RangeResult } from "../report/schema.ts";
import { type SharedCounters, WorkerCounters } from "./counters.ts";
import type { RangeRunner, RangeRunnerFactory, RunPlan } from "./range-job.ts";

/** What every worker thread is started with. */
export interface WorkerInput {
  readonly plan: RunPlan;
  readonly counters: SharedCounters;
}

export type RangeOutcome =
  | { readonly status: "done"; readonly result: RangeResult }
  | { readonly status: "stopped" }
  | { readonly status: "failed"; readonly failure: RunFailure };

/**
 * The task of a worker thread: one range in, its outcome out. Failures come back as data, because an error loses its
 * fields on the way between threads. The runner is opened with the first range and kept for the following ones.
 */
export function createRangeTask(createRunner: RangeRunnerFactory): (range: Range) => Promise<RangeOutcome> {
  const input: WorkerInput = workerData;
  const counters = new WorkerCounters(input.counters);
  let runner: RangeRunner | undefined;

  return async (range) => {
    const shouldStop = () => counters.shouldStop(range.index);
    if (shouldStop()) return { status: "stopped" };
    try {
      runner ??= await createRunner(input.plan);
      const result = await runner.run(range, counters, shouldStop);
      const limit = input.plan.flags.maxDivergences;
      if (result !== "stopped" && limit !== null && result.divergences.length >= limit) counters.limitTo(range.index);
      return result === "stopped" ? { status: "stopped" } : { status: "done", result };
    } catch (error) {
      return { status: "failed", failure: describeFailure(error) };
    } finally {
      counters.idle();
    }
  };
}
