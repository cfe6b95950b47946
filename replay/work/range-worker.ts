import { workerData } from "node:worker_threads";
import { describeFailure, type RunFailure } from "../report/failure.ts";
import type { Range } from "../report/schema.ts";
import { type SharedCounters, WorkerCounters } from "./counters.ts";
import type { RangeRunner, RangeRunnerFactory, RunPlan } from "./range-job.ts";

/** What every worker thread is started with. */
export interface WorkerInput<P extends RunPlan = RunPlan> {
  readonly plan: P;
  readonly counters: SharedCounters;
}

export type RangeOutcome<R> =
  | { readonly status: "done"; readonly result: R }
  | { readonly status: "stopped" }
  | { readonly status: "failed"; readonly failure: RunFailure };

/**
 * The task of a worker thread: one range in, its outcome out. Failures come back as data, because an error loses its
 * fields on the way between threads. The runner is opened with the first range, kept for the following ones and closed
 * with the thread.
 * @param divergencesOf how many divergences a result holds
 */
export function createRangeTask<P extends RunPlan, R>(
  createRunner: RangeRunnerFactory<P, R>,
  divergencesOf: (result: R) => number,
): (range: Range) => Promise<RangeOutcome<R>> {
  const input: WorkerInput<P> = workerData;
  const counters = new WorkerCounters(input.counters);
  let runner: RangeRunner<R> | undefined;
  process.once("exit", () => runner?.close());

  return async (range) => {
    const shouldStop = () => counters.shouldStop(range.index);
    if (shouldStop()) return { status: "stopped" };
    try {
      runner ??= await createRunner(input.plan);
      const result = await runner.run(range, counters, shouldStop);
      const limit = input.plan.flags.maxDivergences;
      if (result !== "stopped" && limit !== null && divergencesOf(result) >= limit) counters.limitTo(range.index);
      return result === "stopped" ? { status: "stopped" } : { status: "done", result };
    } catch (error) {
      return { status: "failed", failure: describeFailure(error) };
    } finally {
      counters.idle();
    }
  };
}
