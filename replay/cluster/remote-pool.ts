import { setTimeout as pause } from "node:timers/promises";
import { type Job, Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { RunFailure } from "../report/failure.ts";
import type { Range, RangeResult } from "../report/schema.ts";
import { RunCounters, WorkerCounters } from "../work/counters.ts";
import type { PoolEnding, PoolRequest } from "../work/pool.ts";
import { type PublishedRun, publish, withdraw } from "./published-run.ts";
import {
  engineConnection,
  jobIdOf,
  MOST_ATTEMPTS,
  PREFIX,
  queueNameOf,
  RETRY_MILLISECONDS,
  rangeAnswerSchema,
} from "./range-queue.ts";

const POLL_MILLISECONDS = 300;
const HEARTBEAT_MILLISECONDS = 5000;
/** Answers that are taken at once. */
const BATCH = 50;

export interface RemotePoolRequest extends Pick<PoolRequest<RangeResult>, "input" | "parseResult" | "onResult"> {
  readonly redis: Redis;
  readonly queue: string;
  readonly run: PublishedRun;
  /** A line for people. */
  readonly message: (text: string) => void;
}

/**
 * Ranges checked by workers on other machines. Each is one job, by its number: asked for again, or checked twice, it has one
 * answer, the first. What the server forgets is asked for again.
 */
export class RemotePool {
  readonly #request: RemotePoolRequest;
  readonly #queue: Queue;
  readonly #connection: Redis;
  readonly #counters: RunCounters;
  readonly #progress: WorkerCounters;
  #pending = new Map<string, Range>();
  #heartbeatAt = 0;
  #workers = 0;

  constructor(request: RemotePoolRequest) {
    this.#request = request;
    this.#connection = engineConnection(request.redis);
    this.#queue = new Queue(queueNameOf(request.queue, request.run), { connection: this.#connection, prefix: PREFIX });
    this.#queue.on("error", () => {});
    this.#counters = new RunCounters(request.input.counters);
    this.#progress = new WorkerCounters(request.input.counters);
  }

  async run(ranges: readonly Range[]): Promise<PoolEnding> {
    this.#pending = new Map(ranges.map((range) => [jobIdOf(range), range]));
    const work = this.#work();
    // A server that is gone answers nothing: the user is still to be heard.
    const ending = await Promise.race([work, this.#untilStopped()]);
    work.catch(() => {});
    return ending;
  }

  /** Leaves nothing behind on the server unless the run is to be gone on with. */
  async destroy(): Promise<void> {
    if (!this.#counters.stopRequested) {
      await withdraw(this.#request.redis, this.#request.queue, this.#request.run);
      await this.#queue.obliterate({ force: true });
    }
    // Not close(): it waits for a server that may be gone.
    this.#connection.disconnect();
    await this.#queue.disconnect().catch(() => {});
  }

  async #work(): Promise<PoolEnding> {
    await this.#heartbeat();
    while (this.#pending.size > 0) {
      if (this.#counters.stopRequested) return { status: "stopped" };
      for (const job of await this.#queue.getJobs(["completed"], 0, BATCH)) {
        const failure = await this.#take(job);
        if (failure !== undefined) return { status: "failed", failure };
      }
      for (const job of await this.#queue.getJobs(["failed"], 0, 1)) {
        if (this.#pending.has(job.id ?? "")) return { status: "failed", failure: exhausted(job) };
      }
      for (const [id, range] of this.#pending) if (!this.#counters.isNeeded(range.index)) this.#pending.delete(id);
      if (Date.now() - this.#heartbeatAt > HEARTBEAT_MILLISECONDS) await this.#heartbeat();
      await pause(POLL_MILLISECONDS);
    }
    return { status: "finished" };
  }

  async #untilStopped(): Promise<PoolEnding> {
    while (!this.#counters.stopRequested) await pause(POLL_MILLISECONDS, undefined, { ref: false });
    return { status: "stopped" };
  }

  /** Says that the run is there, and asks for what the server does not have: nothing, unless it was restarted empty. */
  async #heartbeat(): Promise<void> {
    const { redis, queue, run, message } = this.#request;
    await publish(redis, queue, run);
    for (const job of await this.#queue.getJobs(["failed"])) if (this.#heartbeatAt === 0) await job.remove();
    const jobs = [...this.#pending].map(([jobId, data]) => ({ name: "range", data, opts: { jobId, ...JOB_OPTIONS } }));
    await this.#queue.addBulk(jobs);
    const workers = await this.#queue.getWorkersCount();
    if (workers !== this.#workers) message(`${workers} worker${workers === 1 ? "" : "s"} at work`);
    this.#workers = workers;
    this.#heartbeatAt = Date.now();
  }

  async #take(job: Job): Promise<RunFailure | undefined> {
    const id = job.id ?? "";
    const range = this.#pending.get(id);
    if (range !== undefined) {
      const answer = rangeAnswerSchema.parse(job.returnvalue);
      if ("failure" in answer) return { ...answer.failure, stack: answer.failure.stack };
      const result = this.#request.parseResult(answer.result);
      if (result.index !== range.index) throw new Error(`the answer of ${id} is about range ${result.index}`);
      this.#pending.delete(id);
      this.#show(range, result);
      await this.#request.onResult(result);
    }
    await job.remove();
    return undefined;
  }

  /** Counts a range's blocks where the display looks for them. */
  #show({ firstRootHeight }: Range, { rootBlocks, shards, divergences }: RangeResult): void {
    for (let i = 0; i < rootBlocks; i++) {
      this.#progress.startBlock(0, firstRootHeight + i);
      this.#progress.finishBlock(0);
    }
    for (const { fullShardId, minorBlocks, gasUsed } of shards) {
      for (let i = 0; i < minorBlocks; i++) {
        this.#progress.startBlock(fullShardId, 0);
        // Shares would be fractions of gas.
        this.#progress.finishBlock(i === 0 ? Number(gasUsed) : 0);
      }
    }
    for (let i = 0; i < divergences.length; i++) this.#progress.countDivergence();
  }
}

/** Only a machine's failure makes a worker throw: what it finds is an answer. */
const JOB_OPTIONS = {
  attempts: MOST_ATTEMPTS,
  backoff: { type: "fixed", delay: RETRY_MILLISECONDS },
  removeOnComplete: false,
  removeOnFail: false,
} as const;

function exhausted(job: Job): RunFailure {
  const { firstRootHeight, lastRootHeight } = job.data as Range;
  const message =
    `root blocks ${firstRootHeight}..${lastRootHeight} could not be checked by any worker: ${job.failedReason}; ` +
    "--resume tries again";
  return { code: "CRASH", message, location: {}, stack: undefined };
}
