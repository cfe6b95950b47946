import { Worker } from "node:worker_threads";
import { QkcError } from "../../codec/errors.ts";
import { ENGINE_ERROR, EngineError } from "../../engine/engine-error.ts";
import type { Caller } from "../../engine/json-rpc/caller.ts";
import type { StoredTrace } from "../debug/stored-tracer.ts";
import { type CallThreadData, callErrorOf, type FromCallThread, type ToCallThread } from "./call-messages.ts";
import type { Call, CallRunner } from "./call-runner.ts";

export interface CallThreadsOptions {
  /** The built call-thread.js. */
  readonly workerFile: URL;
  readonly data: CallThreadData;
  /** Calls that one lane runs at a time. */
  readonly threadsPerLane: number;
  /** How long a call may run. */
  readonly timeoutMs: number;
}

/** Calls that may wait in one lane. */
const MOST_WAITING = 256;
/** A call's memory is paid for with gas; this is for what the threads themselves need, and a trace of the longest size. */
const HEAP_MEGABYTES = 1024;

/**
 * Calls in threads of their own, so that whoever answers stays free. Each lane has its own threads and its own queue.
 * A call that runs too long, or for nobody, is ended with its thread, wherever it is.
 */
export class CallThreads implements CallRunner {
  readonly #options: CallThreadsOptions;
  readonly #lanes = new Map<string, CallLane>();

  constructor(options: CallThreadsOptions) {
    this.#options = options;
  }

  async run({ kind, request, block: { header, meta } }: Call, caller: Caller): Promise<Uint8Array> {
    return (await this.#run({ kind, request, block: { header, meta } }, caller)) as Uint8Array;
  }

  trace(asked: StoredTrace, caller: Caller): Promise<unknown> {
    return this.#run(asked, caller, asked.config.timeout ?? undefined);
  }

  /** The answer of a debugging method, as JSON has it. */
  runMethod(name: string, params: readonly unknown[], caller: Caller): Promise<unknown> {
    return this.#run({ kind: "method", name, params }, caller);
  }

  /** `timeoutMs`: what the caller grants it, where that is less than everybody's. */
  #run(call: ToCallThread, { lane: name, signal }: Caller, timeoutMs = Number.POSITIVE_INFINITY): Promise<unknown> {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new CallLane(this.#options);
      this.#lanes.set(name, lane);
    }
    return lane.run(call, signal, Math.min(timeoutMs, this.#options.timeoutMs));
  }

  /** Ends what is running. */
  async close(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()));
  }
}

interface Job {
  readonly call: ToCallThread;
  readonly timeoutMs: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

class CallLane {
  readonly #options: CallThreadsOptions;
  readonly #waiting = new Set<Job>();
  readonly #idle: CallThread[] = [];
  readonly #running = new Map<Job, CallThread>();
  #isClosed = false;

  constructor(options: CallThreadsOptions) {
    this.#options = options;
  }

  async run(call: ToCallThread, signal: AbortSignal, timeoutMs: number): Promise<unknown> {
    signal.throwIfAborted();
    if (this.#waiting.size >= MOST_WAITING) {
      throw new EngineError(ENGINE_ERROR.limitExceeded, `${MOST_WAITING} calls are waiting already: try again later`);
    }
    let giveUp = () => {};
    try {
      return await new Promise<unknown>((resolve, reject) => {
        const job = { call, timeoutMs, resolve, reject };
        giveUp = () => this.#end(job, signal.reason);
        signal.addEventListener("abort", giveUp, { once: true });
        this.#waiting.add(job);
        this.#next();
      });
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const reason = new EngineError(ENGINE_ERROR.server, "the engine is being stopped");
    const threads = [...this.#idle.splice(0), ...this.#running.values()];
    for (const { reject } of [...this.#waiting, ...this.#running.keys()]) reject(reason);
    this.#waiting.clear();
    this.#running.clear();
    await Promise.all(threads.map((thread) => thread.end(reason)));
  }

  #next(): void {
    if (this.#isClosed || this.#running.size >= this.#options.threadsPerLane) return;
    const [job] = this.#waiting;
    if (job === undefined) return;
    this.#waiting.delete(job);
    const thread = this.#idle.pop() ?? new CallThread(this.#options);
    this.#running.set(job, thread);
    void thread.run(job.call, job.timeoutMs).then(
      (result) => this.#finished(job, thread, () => job.resolve(result)),
      (error) => this.#finished(job, thread, () => job.reject(error)),
    );
  }

  #finished(job: Job, thread: CallThread, settle: () => void): void {
    if (!this.#running.delete(job)) return;
    if (thread.isAlive) this.#idle.push(thread);
    settle();
    this.#next();
  }

  /** Nobody waits for it any more. */
  #end(job: Job, reason: unknown): void {
    job.reject(reason);
    if (this.#waiting.delete(job)) return;
    const thread = this.#running.get(job);
    if (thread === undefined) return;
    this.#running.delete(job);
    // The next one may begin when the processor is free again.
    void thread.end(reason).then(() => this.#next());
  }
}

/** One thread, which runs one call at a time. */
class CallThread {
  readonly #worker: Worker;
  readonly #ready: Promise<void>;
  #isAlive = true;
  #endReason: unknown = new QkcError("INTERNAL", "a thread that runs calls ended by itself");
  #settle: { resolve(result: unknown): void; reject(reason: unknown): void } | undefined;

  constructor({ workerFile, data }: CallThreadsOptions) {
    this.#worker = new Worker(workerFile, {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
    });
    this.#ready = new Promise((resolve, reject) => {
      this.#worker.on("message", (message: FromCallThread) => {
        if (message.type === "ready") resolve();
        else if (message.type === "result") this.#settle?.resolve(message.result);
        else this.#settle?.reject(callErrorOf(message.failure));
      });
      const died = (reason: unknown) => {
        this.#isAlive = false;
        reject(reason);
        this.#settle?.reject(reason);
      };
      this.#worker.on("error", died);
      this.#worker.on("exit", () => died(this.#endReason));
    });
    // Whoever runs a call hears of it.
    this.#ready.catch(() => {});
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  async run(message: ToCallThread, timeoutMs: number): Promise<unknown> {
    await this.#ready;
    const late = new EngineError(ENGINE_ERROR.timeout, `execution aborted: it took more than ${timeoutMs / 1000} s`);
    // No time has run out before the call begins.
    if (timeoutMs <= 0) throw late;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#settle = { resolve, reject };
        timer = setTimeout(() => {
          reject(late);
          void this.end(late);
        }, timeoutMs);
        this.#worker.postMessage(message);
      });
    } finally {
      clearTimeout(timer);
      this.#settle = undefined;
    }
  }

  /** Ends the thread, whatever it is doing: the call that it runs is rejected with `reason`. */
  async end(reason: unknown): Promise<void> {
    this.#isAlive = false;
    this.#endReason = reason;
    await this.#worker.terminate();
  }
}
