import { UsageError } from "../../node/codec/errors.ts";
import type { RunFailure } from "../report/failure.ts";
import { type Range, type RangeResult, rangeResultSchema } from "../report/schema.ts";
import { createSharedCounters, RunCounters } from "../work/counters.ts";
import { memoryBudget } from "../work/memory.ts";
import { RangePool } from "../work/pool.ts";
import type { RunPlan } from "../work/range-job.ts";
import { MACHINE_FAILURES, type RangeAnswer } from "./range-queue.ts";

/** A thread that died, a disk that was full: the range is to be tried again, here or elsewhere. */
export class MachineFailure extends Error {}

/** Threads that check one range each; one that dies takes no other range with it. */
export class RangeLanes {
  readonly #plan: RunPlan;
  readonly #workerFile: URL;
  readonly #heapMegabytes: number;
  readonly #free: Lane[];
  readonly #all: Lane[];
  #isStopped = false;

  constructor(plan: RunPlan, workerFile: URL, workers: number) {
    this.#plan = plan;
    this.#workerFile = workerFile;
    this.#heapMegabytes = memoryBudget(workers).heapMegabytes;
    this.#all = Array.from({ length: workers }, () => new Lane());
    this.#free = [...this.#all];
  }

  /** Undefined where it was stopped meanwhile. Throws MachineFailure for what another attempt may mend. */
  async check(range: Range): Promise<RangeAnswer | undefined> {
    const lane = this.#free.pop();
    if (lane === undefined) throw new UsageError("more ranges at once than threads");
    try {
      if (this.#isStopped) return undefined;
      lane.counters ??= createSharedCounters(1, this.#plan.shards);
      lane.pool ??= new RangePool<RangeResult>({
        ...{ workerFile: this.#workerFile, input: { plan: this.#plan, counters: lane.counters }, workers: 1 },
        heapMegabytes: this.#heapMegabytes,
        parseResult: (sent) => rangeResultSchema.parse(sent),
        onResult: async (result) => {
          lane.result = result;
        },
      });
      lane.result = undefined;
      const ending = await lane.pool.run([range]);
      if (ending.status === "failed") return await this.#failed(lane, ending.failure);
      return lane.result && { result: lane.result };
    } finally {
      this.#free.push(lane);
    }
  }

  /** Ranges end at their next block. */
  stop(): void {
    this.#isStopped = true;
    for (const { counters } of this.#all) if (counters !== undefined) new RunCounters(counters).stop();
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#all.map(({ pool }) => pool?.destroy()));
  }

  async #failed(lane: Lane, failure: RunFailure): Promise<RangeAnswer> {
    await lane.pool?.destroy();
    lane.pool = undefined;
    lane.counters = undefined;
    if (MACHINE_FAILURES.includes(failure.code)) throw new MachineFailure(failure.message);
    return { failure };
  }
}

class Lane {
  pool: RangePool<RangeResult> | undefined;
  counters: ReturnType<typeof createSharedCounters> | undefined;
  result: RangeResult | undefined;
}
