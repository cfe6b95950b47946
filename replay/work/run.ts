import type { RunFailure } from "../report/failure.ts";
import { compareDivergences } from "../report/order.ts";
import type { Range, RangeResult } from "../report/schema.ts";
import { RunCounters } from "./counters.ts";
import { costliestFirst } from "./plan.ts";
import { RangePool } from "./pool.ts";
import type { WorkerInput } from "./range-worker.ts";

export interface RunRequest {
  readonly workerFile: URL;
  readonly input: WorkerInput;
  readonly ranges: readonly Range[];
  /** Results that an earlier, interrupted run has left, by range index. */
  readonly done: ReadonlyMap<number, RangeResult>;
  readonly workers: number;
  readonly heapMegabytes: number;
  /** Keeps a result for good. */
  readonly record: (result: RangeResult) => Promise<void>;
}

export interface RunOutcome {
  /** Ascending; all of them where the run is complete. */
  readonly results: readonly RangeResult[];
  /** Root height behind which the limit of divergences ended the run. */
  readonly stoppedAt: number | undefined;
  /** Stopped on demand of the user: results are missing. */
  readonly interrupted: boolean;
  readonly failure: RunFailure | undefined;
}

/** Checks what is not done yet. Never throws for what a worker does. */
export async function executeRun(request: RunRequest): Promise<RunOutcome> {
  const counters = new RunCounters(request.input.counters);
  const limit = request.input.plan.flags.maxDivergences;
  const done = new Map(request.done);
  const applyLimit = () => {
    const last = lastNeededRange(request.ranges, done, limit);
    if (last !== undefined) counters.limitTo(last);
  };

  applyLimit();
  const pending = request.ranges.filter((range) => !done.has(range.index) && counters.isNeeded(range.index));
  const pool = new RangePool({
    ...request,
    workers: Math.max(1, Math.min(request.workers, pending.length)),
    onResult: async (result) => {
      await request.record(result);
      done.set(result.index, result);
      applyLimit();
    },
  });
  try {
    // Under a limit the first divergences are wanted, not the earliest end.
    let ending = await pool.run(limit === null ? costliestFirst(pending) : pending);
    const cut = ending.status === "finished" ? findCut(request.ranges, done, limit) : undefined;
    if (cut?.recheck !== undefined) ending = await pool.run([cut.recheck]);
    return {
      results: [...done.values()]
        .filter(({ index }) => cut === undefined || index <= cut.lastRange)
        .sort((a, b) => a.index - b.index),
      stoppedAt: cut?.rootHeight,
      interrupted: ending.status === "stopped",
      failure: ending.status === "failed" ? ending.failure : undefined,
    };
  } finally {
    await pool.destroy();
  }
}

/** The first range with which the divergences known so far reach the limit, whatever is still missing before it. */
function lastNeededRange(
  ranges: readonly Range[],
  done: ReadonlyMap<number, RangeResult>,
  limit: number | null,
): number | undefined {
  if (limit === null) return undefined;
  let found = 0;
  for (const { index } of ranges) {
    found += done.get(index)?.divergences.length ?? 0;
    if (found >= limit) return index;
  }
  return undefined;
}

/** Where a limit of divergences ends a run. */
interface Cut {
  /** The root block in which the limit is reached: everything up to its end counts, nothing behind it. */
  readonly rootHeight: number;
  readonly lastRange: number;
  /** The beginning of the last range, to be checked once more because the range itself went on behind the cut. */
  readonly recheck: Range | undefined;
}

/**
 * The cut lies behind the root block of the limit-th divergence in chain order. Totals and findings are those of the
 * blocks up to there, so the report is the same for any number of workers.
 */
function findCut(
  ranges: readonly Range[],
  done: ReadonlyMap<number, RangeResult>,
  limit: number | null,
): Cut | undefined {
  const lastRange = lastNeededRange(ranges, done, limit);
  if (limit === null || lastRange === undefined) return undefined;
  const upToCut = ranges.slice(0, lastRange + 1).flatMap(({ index }) => done.get(index)!.divergences);
  const rootHeight = upToCut.sort(compareDivergences)[limit - 1].rootHeight ?? ranges[lastRange].lastRootHeight;
  const recheck =
    rootHeight < done.get(lastRange)!.checkedTo ? { ...ranges[lastRange], lastRootHeight: rootHeight } : undefined;
  return { rootHeight, lastRange, recheck };
}
