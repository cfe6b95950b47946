import { Worker } from "node:worker_threads";
import type { SharedEthashCaches } from "../cl/pow/ethash-cache-pool.ts";
import { QkcError, reasonOf } from "../codec/errors.ts";
import type { FromSealThread, SealThreadData, ToSealThread } from "./seal-messages.ts";
import type { SealJob, SealSearch } from "./seal-search.ts";
import type { Seal } from "./work-cache.ts";

/** The built seal-thread.js. */
const SEAL_THREAD = new URL("./seal-thread.js", import.meta.url);

/** Seeks seals in a thread of its own, which starts with the first search and is started again where it died. */
export class ThreadedSealSearch implements SealSearch {
  readonly #ethashCaches: SharedEthashCaches;
  readonly #workerFile: URL;
  #thread: SealThread | undefined;

  /** @param workerFile the thread's program */
  constructor(ethashCaches: SharedEthashCaches, workerFile = SEAL_THREAD) {
    this.#ethashCaches = ethashCaches;
    this.#workerFile = workerFile;
  }

  async find(job: SealJob, signal: AbortSignal): Promise<Seal | undefined> {
    if (signal.aborted) return undefined;
    if (this.#thread?.isAlive !== true) this.#thread = new SealThread(this.#workerFile, this.#ethashCaches);
    return await this.#thread.find(job, signal);
  }

  async close(): Promise<void> {
    await this.#thread?.end();
  }
}

class SealThread {
  readonly #worker: Worker;
  isAlive = true;
  #id = 0;
  #settle: { resolve(seal: Seal | undefined): void; reject(reason: unknown): void } | undefined;

  constructor(workerFile: URL, ethashCaches: SharedEthashCaches) {
    const data: SealThreadData = { ethashCaches };
    this.#worker = new Worker(workerFile, { workerData: data });
    this.#worker.on("message", (message: FromSealThread) => {
      if (message.id !== this.#id) return;
      if (message.type === "found") this.#settle?.resolve(message.seal);
      else this.#settle?.reject(new QkcError("INTERNAL", `no seal can be sought: ${message.reason}`));
    });
    const died = (reason: string) => {
      this.isAlive = false;
      this.#settle?.reject(new QkcError("INTERNAL", `the thread that seeks seals ended: ${reason}`));
    };
    this.#worker.on("error", (error) => died(reasonOf(error)));
    this.#worker.on("exit", (code) => died(`exit code ${code}`));
  }

  async find(job: SealJob, signal: AbortSignal): Promise<Seal | undefined> {
    const id = ++this.#id;
    let giveUp = () => {};
    try {
      return await new Promise<Seal | undefined>((resolve, reject) => {
        this.#settle = { resolve, reject };
        giveUp = () => {
          this.#say({ type: "stop" });
          resolve(undefined);
        };
        signal.addEventListener("abort", giveUp, { once: true });
        this.#say({ type: "seek", id, job });
      });
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  async end(): Promise<void> {
    this.isAlive = false;
    await this.#worker.terminate();
  }

  #say(message: ToSealThread): void {
    this.#worker.postMessage(message);
  }
}
