import type { SealedType, SealSubject } from "../cl/pow/seal-hasher.ts";
import { meetsDifficulty, type SealHasher } from "../cl/pow/seal-hasher.ts";
import type { Seal } from "./work-cache.ts";

/** A block to be sealed. */
export interface SealJob extends SealSubject {
  readonly type: SealedType;
  /** The header's: a local miner is not helped by stakes. */
  readonly difficulty: bigint;
}

/** Who finds seals. */
export interface SealSearch {
  /** Undefined where the signal says that nobody needs it any more. One search at a time. */
  find(job: SealJob, signal: AbortSignal): Promise<Seal | undefined>;
  close(): Promise<void>;
}

const NONCES = 1n << 64n;

/** Tries nonces one after the other, a while at a time. */
export class NonceWalk {
  readonly #hasher: Pick<SealHasher, "proof">;
  readonly #job: SealJob;
  #nonce: bigint;

  /** @param first any nonce of 64 bits to begin with */
  constructor(hasher: Pick<SealHasher, "proof">, job: SealJob, first: bigint) {
    this.#hasher = hasher;
    this.#job = job;
    this.#nonce = first;
  }

  /** The next `count` nonces; undefined where none of them seals the block. */
  next(count: number): Seal | undefined {
    const { type, difficulty } = this.#job;
    for (let i = 0; i < count; i++) {
      const nonce = this.#nonce;
      this.#nonce = (nonce + 1n) % NONCES;
      const { mixhash, result } = this.#hasher.proof(type, this.#job, nonce);
      if (meetsDifficulty(type, result, difficulty)) return { nonce, mixhash };
    }
    return undefined;
  }
}
