import { Worker } from "node:worker_threads";
import type { ConsensusType } from "../chain/consensus-type.ts";
import type { SharedEthashCaches } from "../cl/pow/ethash-cache-pool.ts";
import { type SealInput, type SealVerdict, SealVerifier } from "../cl/pow/seal.ts";
import { QkcError } from "../codec/errors.ts";
import type { SealCheck } from "../shard/shard-seals.ts";
import { PortCalls } from "./port-calls.ts";

export interface SealCheckThreadData {
  readonly ethashCaches: SharedEthashCaches;
}

/** The built seal-check-thread.js. */
const SEAL_CHECK_THREAD = new URL("./seal-check-thread.js", import.meta.url);

/** A seal takes milliseconds, and the first one of an Ethash epoch seconds, in which its cache is made. */
const COSTLY: ReadonlySet<ConsensusType> = new Set<ConsensusType>(["POW_ETHASH", "POW_QKCHASH"]);

/**
 * Verifies costly seals in a thread beside the shard's, which goes on answering meanwhile. The thread starts with the first of
 * them, and is started again where it died.
 */
export class ThreadedSealCheck implements SealCheck {
  readonly #ethashCaches: SharedEthashCaches;
  readonly #here: SealVerifier;
  readonly #workerFile: URL;
  #thread: SealCheckThread | undefined;
  #isClosed = false;

  /** @param workerFile the thread's program */
  constructor(ethashCaches: SharedEthashCaches, workerFile = SEAL_CHECK_THREAD) {
    this.#ethashCaches = ethashCaches;
    this.#here = new SealVerifier(ethashCaches);
    this.#workerFile = workerFile;
  }

  async verify(seal: SealInput): Promise<SealVerdict> {
    if (!COSTLY.has(seal.consensusType)) return this.#here.verify(seal);
    if (this.#isClosed) throw new QkcError("INTERNAL", "a seal is to be verified for a shard that is closed");
    if (this.#thread?.isAlive !== true) this.#thread = new SealCheckThread(this.#workerFile, this.#ethashCaches);
    return await this.#thread.verify(seal);
  }

  /** Whoever waits for a verdict is told; none is given any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread?.end();
  }
}

class SealCheckThread {
  readonly #worker: Worker;
  readonly #calls: PortCalls<SealCheck>;
  isAlive = true;

  constructor(workerFile: URL, ethashCaches: SharedEthashCaches) {
    const data: SealCheckThreadData = { ethashCaches };
    this.#worker = new Worker(workerFile, { workerData: data });
    this.#calls = new PortCalls<SealCheck>(this.#worker);
    this.#calls.answer<Record<never, never>>({});
    this.#worker.on("error", (error: Error) => this.#ended(error.message));
    this.#worker.on("exit", (code) => this.#ended(`exit code ${code}`));
  }

  async verify(seal: SealInput): Promise<SealVerdict> {
    return await this.#calls.remote.verify(seal);
  }

  async end(): Promise<void> {
    this.#ended("the shard is closed");
    await this.#worker.terminate();
  }

  #ended(reason: string): void {
    this.isAlive = false;
    this.#calls.end(new QkcError("INTERNAL", `the thread that verifies seals ended: ${reason}`));
  }
}
