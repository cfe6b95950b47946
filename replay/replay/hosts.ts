import { Worker } from "node:worker_threads";
import { describeFailure } from "../report/failure.ts";
import type { HostHandle } from "./coordinator.ts";
import { type FromHost, HostFailure, type Pending, settle, type ToHost } from "./host-messages.ts";
import type { HostSpec } from "./host-spec.ts";
import { RunStopped, type SentList } from "./run-link.ts";
import { type EngineWrapper, type HostEvents, ShardHost, type ShardProgressState } from "./shard-host.ts";

/** A host in this thread. */
export async function openLocalHost(
  spec: HostSpec,
  events: HostEvents,
  wrapEngine?: EngineWrapper,
): Promise<HostHandle> {
  const host = await ShardHost.open(spec, events, wrapEngine);
  return {
    hosted: spec.hosted.map(({ fullShardId }) => fullShardId),
    get states() {
      return host.states;
    },
    accept: (lists) => host.accept(lists),
    reach: (step) => host.reach(step),
    endWith: (step) => host.endWith(step),
    stop: () => host.stop(),
    run: () => host.run(),
    close: () => host.close(),
  };
}

/** A host in a thread of its own. */
export async function openThreadHost(
  workerFile: URL,
  spec: HostSpec,
  heapMegabytes: number,
  events: HostEvents,
): Promise<HostHandle> {
  const worker = new Worker(workerFile, {
    workerData: spec,
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  });
  const host = new ThreadHost(worker, spec, events);
  try {
    await host.opened;
    return host;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

class ThreadHost implements HostHandle {
  readonly hosted: readonly number[];
  readonly opened: Promise<void>;
  states: readonly ShardProgressState[] = [];
  readonly #worker: Worker;
  readonly #events: HostEvents;
  readonly #accepting = new Map<number, Pending>();
  #lastAccept = 0;
  /** Waits for the thread to be opened, to have run, or to be closed. */
  #phase: Pending | undefined;
  #death: Error | undefined;

  constructor(worker: Worker, spec: HostSpec, events: HostEvents) {
    this.hosted = spec.hosted.map(({ fullShardId }) => fullShardId);
    this.#worker = worker;
    this.#events = events;
    worker.on("message", (message: FromHost) => this.#hear(message));
    worker.on("error", (error) => this.#die(new HostFailure({ ...describeFailure(error), code: "CRASH" })));
    worker.on("exit", () => this.#die(new HostFailure(crash("a thread of the replay ended by itself"))));
    this.opened = this.#next();
  }

  accept(lists: readonly SentList[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#death !== undefined) return reject(this.#death);
      const id = ++this.#lastAccept;
      this.#accepting.set(id, { resolve, reject });
      this.#say({ type: "accept", id, lists });
    });
  }

  reach(step: number): void {
    this.#say({ type: "reach", step });
  }

  endWith(step: number): void {
    this.#say({ type: "endWith", step });
  }

  stop(): void {
    this.#say({ type: "stop" });
  }

  run(): Promise<void> {
    const ended = this.#next();
    this.#say({ type: "run" });
    return ended;
  }

  async close(): Promise<void> {
    if (this.#death !== undefined) return;
    const closed = this.#next();
    this.#say({ type: "close" });
    await closed;
    await this.#worker.terminate();
  }

  #next(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#death !== undefined) reject(this.#death);
      else this.#phase = { resolve, reject };
    });
  }

  #say(message: ToHost): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromHost): void {
    switch (message.type) {
      case "opened":
      case "finished":
        this.states = message.states;
        this.#phase?.resolve();
        break;
      case "failed":
        this.states = message.states;
        this.#phase?.reject(
          message.stopped ? new RunStopped(message.failure.message) : new HostFailure(message.failure),
        );
        break;
      case "accepted":
        settle(this.#accepting, message.id, message.failure);
        break;
      case "deliver":
        void this.#deliver(message.id, message.lists);
        break;
      case "completed":
        this.#events.completed(message.fullShardId, message.step);
        break;
      case "diverged":
        this.#events.diverged(message.step, message.divergence, message.refusal);
        break;
      case "closed":
        this.#phase?.resolve();
    }
  }

  async #deliver(id: number, lists: readonly SentList[]): Promise<void> {
    try {
      await this.#events.deliver(lists);
      this.#say({ type: "delivered", id });
    } catch (error) {
      const failure = error instanceof HostFailure ? error.failure : describeFailure(error);
      this.#say({ type: "delivered", id, failure });
    }
  }

  #die(error: Error): void {
    this.#death ??= error;
    this.#phase?.reject(this.#death);
    for (const { reject } of this.#accepting.values()) reject(this.#death);
    this.#accepting.clear();
  }
}

function crash(message: string) {
  return { code: "CRASH", message, location: {}, stack: undefined };
}
