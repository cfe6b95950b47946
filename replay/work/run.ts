import type { RunFailure } from "../report/failure.ts";
import { type Limits, lastNeededRange, stoppedByFindings } from "../report/limits.ts";
import { compareDivergences } from "../report/order.ts";
import { type Range, type RangeResult, rangeResultSchema, type Stopped } from "../report/schema.ts";
import { RunCounters } from "./counters.ts";
import { costliestFirst } from "./plan.ts";
import { type Pool, type PoolRequest, RangePool } from "./pool.ts";
import type { WorkerInput } from "./range-worker.ts";

export interface RunRequest {
  readonly workerFile: URL;
  readonly input: WorkerInput;
  readonly ranges: readonly Range[];
  /** Results that an earlier, interrupted run has left, by range index. */
  readonly done: ReadonlyMap<number, RangeResult>;
  readonly workers: number;
  readonly heapMegabytes: number;
  /** Who checks the ranges; default: threads of this process. */
  readonly createPool?: (request: PoolRequest<RangeResult>) => Pool;
  /** Keeps a result for good. */
  readonly record: (result: RangeResult) => Promise<void>;
}

export interface RunOutcome {
  /** Ascending; all of them where the run is complete. */
  readonly results: readonly RangeResult[];
  /** Where a limit ended the run. */
  readonly stopped: Stopped | null;
  /** Stopped on demand of the user: results are missing. */
  readonly interrupted: boolean;
  readonly failure: RunFailure | undefined;
}

/** Checks what is not done yet. Never throws for what a worker does. */
export async function executeRun(request: RunRequest): Promise<RunOutcome> {
  const counters = new RunCounters(request.input.counters);
  const { plan } = request.input;
  const maxDivergences = plan.flags.maxDivergences;
  const limits = { maxDivergences: maxDivergences ?? Number.POSITIVE_INFINITY, maxFindings: plan.maxFindings };
  const done = new Map(request.done);
  let divergences = 0;
  let findings = 0;
  const count = (result: RangeResult) => {
    divergences += result.divergences.length;
    findings += result.divergences.length + result.damage.length + result.unsupported.length;
  };
  for (const result of done.values()) count(result);
  const applyLimits = () => {
    // There may be hundreds of thousands of ranges: they are walked only once enough is found.
    if (divergences < limits.maxDivergences && findings < limits.maxFindings) return;
    const last = lastNeededRange(request.ranges, done, limits);
    if (last === undefined) return;
    counters.limitTo(last);
    for (const index of [...done.keys()]) if (index > last) done.delete(index);
  };

  applyLimits();
  const pending = request.ranges.filter((range) => !done.has(range.index) && counters.isNeeded(range.index));
  const createPool = request.createPool ?? ((threads: PoolRequest<RangeResult>) => new RangePool(threads));
  const pool = createPool({
    ...request,
    workers: Math.max(1, Math.min(request.workers, pending.length)),
    parseResult: (sent) => rangeResultSchema.parse(sent),
    onResult: async (result) => {
      // First of all it counts: a disk that is full must not take away what was found.
      done.set(result.index, result);
      count(result);
      await request.record(result);
      applyLimits();
    },
  });
  try {
    // Who sets a limit wants the first divergences, not the earliest end.
    let ending = await pool.run(maxDivergences === null ? costliestFirst(pending) : pending);
    const cut = ending.status === "finished" ? findCut(request.ranges, done, limits) : undefined;
    if (cut?.recheck !== undefined) ending = await pool.run([cut.recheck]);
    return {
      results: [...done.values()].sort((a, b) => a.index - b.index),
      stopped: cut?.stopped ?? null,
      interrupted: ending.status === "stopped",
      failure: ending.status === "failed" ? ending.failure : undefined,
    };
  } finally {
    await pool.destroy();
  }
}

/** Where a limit ends a run: everything up to there counts, nothing behind it. */
interface Cut {
  readonly stopped: Stopped;
  /** The beginning of the last range, to be checked once more because the range itself went on behind the cut. */
  readonly recheck: Range | undefined;
}

/**
 * A limit of divergences cuts behind the root block of the last divergence that it allows, a limit of findings behind
 * the range that reaches it, or within a range that reaches it alone. Totals and findings are those of the blocks up to there, so the report is the same for any
 * number of workers.
 */
function findCut(ranges: readonly Range[], done: ReadonlyMap<number, RangeResult>, limits: Limits): Cut | undefined {
  const last = lastNeededRange(ranges, done, limits);
  if (last === undefined) return undefined;
  const range = ranges[last];
  const divergences = ranges.slice(0, last + 1).flatMap(({ index }) => done.get(index)!.divergences);
  const limit = limits.maxDivergences;
  if (divergences.length < limit) {
    return { stopped: stoppedByFindings(done.get(last)!, limits), recheck: undefined };
  }
  const rootHeight = divergences.sort(compareDivergences)[limit - 1].rootHeight ?? range.lastRootHeight;
  const stopped: Stopped = { reason: "max-divergences", limit, rootHeight };
  const wentOn = rootHeight < done.get(last)!.checkedTo;
  return { stopped, recheck: wentOn ? { ...range, lastRootHeight: rootHeight } : undefined };
}
