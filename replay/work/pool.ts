import { Piscina } from "piscina";
import { describeFailure, isFinding, type RunFailure } from "../report/failure.ts";
import type { Range } from "../report/schema.ts";
import { RunCounters } from "./counters.ts";
import type { RangeOutcome, WorkerInput } from "./range-worker.ts";

export interface PoolRequest<R> {
  /** Module that exports `runRange` as made by createRangeTask. */
  readonly workerFile: URL;
  readonly input: WorkerInput;
  readonly workers: number;
  /** Heap limit of each worker thread. */
  readonly heapMegabytes: number;
  /** Reads what a worker sent; throws where it is no result. */
  readonly parseResult: (sent: unknown) => R;
  /** Told of each finished range, in the order in which they finish. */
  readonly onResult: (result: R) => Promise<void>;
}

/** Who checks ranges. */
export interface Pool {
  /** Works off the ranges, first ones first. A range that is not needed any more (see limitTo) may be left out. */
  run(ranges: readonly Range[]): Promise<PoolEnding>;
  /** Ends everything that is left of it. */
  destroy(): Promise<void>;
}

export type PoolEnding =
  | { readonly status: "finished" }
  | { readonly status: "stopped" }
  | { readonly status: "failed"; readonly failure: RunFailure };

/**
 * Worker threads that take ranges from one queue, each the next one as soon as it is free. The first failure ends
 * everything: the counters' stop flag ends a run in good order.
 */
export class RangePool<R> implements Pool {
  readonly #request: PoolRequest<R>;
  readonly #counters: RunCounters;
  readonly #pool: Piscina<Range, RangeOutcome<unknown>>;
  #failure: RunFailure | undefined;

  constructor(request: PoolRequest<R>) {
    this.#request = request;
    this.#counters = new RunCounters(request.input.counters);
    this.#pool = new Piscina({
      filename: request.workerFile.href,
      name: "runRange",
      minThreads: request.workers,
      maxThreads: request.workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData: request.input,
      resourceLimits: { maxOldGenerationSizeMb: request.heapMegabytes },
    });
    this.#pool.on("error", (error) => this.#fail({ ...describeFailure(error), code: "CRASH" }));
  }

  async run(ranges: readonly Range[]): Promise<PoolEnding> {
    const stopped = await Promise.all(ranges.map((range) => this.#runOne(range)));
    if (this.#failure !== undefined) return { status: "failed", failure: this.#failure };
    return { status: stopped.includes(true) ? "stopped" : "finished" };
  }

  /** Ends the threads, whatever they are doing. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }

  /** True when the range was given up on demand of the user. */
  async #runOne(range: Range): Promise<boolean> {
    try {
      const outcome = await this.#pool.run(range);
      if (outcome.status === "done") await this.#request.onResult(this.#request.parseResult(outcome.result));
      if (outcome.status === "failed") this.#fail(inRange(range, outcome.failure));
      return outcome.status === "stopped" && this.#counters.isNeeded(range.index);
    } catch (error) {
      this.#fail(inRange(range, describeCrash(error)));
      return false;
    }
  }

  /** Keeps the first failure; those that follow are the end of the other threads. */
  #fail(failure: RunFailure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#counters.stop();
    void this.#pool.destroy();
  }
}

function inRange(range: Range, failure: RunFailure): RunFailure {
  // A finding reads the same whichever range meets it first; a full disk is no range's fault.
  if (isFinding(failure) || failure.code === "STORAGE") return failure;
  const where = range.unconfirmed
    ? "the unconfirmed blocks"
    : `root blocks ${range.firstRootHeight}..${range.lastRootHeight}`;
  return { ...failure, message: `${where} could not be checked: ${failure.message}` };
}

function describeCrash(error: unknown): RunFailure {
  const crash = { ...describeFailure(error), code: "CRASH" };
  if (!(error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY")) return crash;
  return { ...crash, message: "the worker ran out of memory; try again with fewer --workers", stack: undefined };
}
