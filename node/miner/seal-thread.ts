import { randomBytes } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { SealHasher } from "../cl/pow/seal-hasher.ts";
import { bytesToBigInt } from "../codec/bytes.ts";
import { reasonOf } from "../codec/errors.ts";
import type { FromSealThread, SealThreadData, ToSealThread } from "./seal-messages.ts";
import { NonceWalk } from "./seal-search.ts";
import type { Seal } from "./work-cache.ts";

/** How long the thread seeks before it looks for messages. */
const SLICE_MS = 20;

/** A thread that seeks one seal at a time. */
class Seeker {
  readonly #hasher: SealHasher;
  #sought: { readonly id: number; readonly walk: NonceWalk } | undefined;
  #isSeeking = false;

  constructor({ ethashCaches }: SealThreadData) {
    this.#hasher = new SealHasher(ethashCaches);
  }

  take(message: ToSealThread): void {
    this.#sought = undefined;
    if (message.type === "stop") return;
    const { id, job } = message;
    this.#sought = { id, walk: new NonceWalk(this.#hasher, job, bytesToBigInt(randomBytes(8))) };
    if (!this.#isSeeking) this.#seek();
  }

  #seek(): void {
    this.#isSeeking = this.#sought !== undefined;
    if (this.#sought === undefined) return;
    const { id, walk } = this.#sought;
    try {
      const seal = slice(walk);
      if (seal !== undefined) this.#end({ type: "found", id, seal });
    } catch (error) {
      this.#end({ type: "failed", id, reason: reasonOf(error) });
    }
    setImmediate(() => this.#seek());
  }

  #end(message: FromSealThread): void {
    this.#sought = undefined;
    parentPort?.postMessage(message);
  }
}

function slice(walk: NonceWalk): Seal | undefined {
  const end = performance.now() + SLICE_MS;
  do {
    const seal = walk.next(1);
    if (seal !== undefined) return seal;
  } while (performance.now() < end);
  return undefined;
}

const seeker = new Seeker(workerData);
parentPort?.on("message", (message: ToSealThread) => seeker.take(message));
