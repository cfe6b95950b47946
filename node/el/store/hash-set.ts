import type { Hash32 } from "../../codec/bytes.ts";

const WORDS = 4;
const FIRST_CAPACITY = 1024;

/**
 * Set of keccak hashes, told apart by their first 16 bytes, in about 32 bytes each: the nodes of a whole state fit in
 * memory.
 */
export class HashSet {
  #table = new Uint32Array(FIRST_CAPACITY * WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(hash: Hash32): boolean {
    return this.#isAt(this.#slotOf(wordsOf(hash)));
  }

  /** False where it was there already. */
  add(hash: Hash32): boolean {
    const words = wordsOf(hash);
    const slot = this.#slotOf(words);
    if (this.#isAt(slot)) return false;
    this.#table.set(words, slot);
    this.#size++;
    if (this.#size * 2 * WORDS > this.#table.length) this.#grow();
    return true;
  }

  /** Where the words are, or the free place where they belong. */
  #slotOf(words: Uint32Array): number {
    const table = this.#table;
    const mask = table.length / WORDS - 1;
    for (let place = words[0] & mask; ; place = (place + 1) & mask) {
      const slot = place * WORDS;
      if (!this.#isAt(slot)) return slot;
      let same = true;
      for (let i = 0; i < WORDS; i++) if (table[slot + i] !== words[i]) same = false;
      if (same) return slot;
    }
  }

  /** The last word of an entry is never zero: see wordsOf. */
  #isAt(slot: number): boolean {
    return this.#table[slot + WORDS - 1] !== 0;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Uint32Array(old.length * 2);
    for (let slot = 0; slot < old.length; slot += WORDS) {
      if (old[slot + WORDS - 1] === 0) continue;
      const words = old.subarray(slot, slot + WORDS);
      this.#table.set(words, this.#slotOf(words));
    }
  }
}

function wordsOf(hash: Hash32): Uint32Array {
  const view = new DataView(hash.buffer, hash.byteOffset, 16);
  return Uint32Array.of(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12) | 1);
}
