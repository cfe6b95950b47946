import { asHash32, type Hash32 } from "../codec/bytes.ts";

const HASH_BYTES = 32;

/** Hashes, last in, first out, in little more than their own bytes: a long chain of them is remembered while it is walked. */
export class HashStack {
  #bytes = new Uint8Array(64 * HASH_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(hash: Hash32): void {
    const end = (this.#length + 1) * HASH_BYTES;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(hash, end - HASH_BYTES);
    this.#length++;
  }

  /** So many as there are of `most`, the one pushed last first. */
  pop(most: number): Hash32[] {
    const hashes: Hash32[] = [];
    for (; hashes.length < most && this.#length > 0; this.#length--) {
      const end = this.#length * HASH_BYTES;
      hashes.push(asHash32(this.#bytes.slice(end - HASH_BYTES, end)));
    }
    return hashes;
  }
}
