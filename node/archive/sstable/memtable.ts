import type { RowCursor } from "./row-cursor.ts";
import type { BatchHandler } from "./write-batch.ts";

const FIRST_CHUNK_BYTES = 1 << 14;
const MAX_CHUNK_BYTES = 1 << 22;
const PREFIX_BYTES = 6;
const DELETED = -1;

/**
 * What the write-ahead logs hold over the tables: filled in log order, sorted once by seal(), then only read. Rows lie
 * in a few large chunks; the first six bytes of each key are kept as a number so that most comparisons touch no bytes.
 */
export class Memtable implements BatchHandler {
  readonly #chunks: Uint8Array[] = [];
  #chunkUsed = 0;
  readonly #chunkOf: number[] = [];
  readonly #start: number[] = [];
  readonly #keyLength: number[] = [];
  /** DELETED for a deleted key. */
  readonly #valueLength: number[] = [];
  readonly #prefix: number[] = [];
  /** Ids of the newest row of each key, by key. */
  #order = new Uint32Array(0);

  /** Number of distinct keys, once sealed. */
  get size(): number {
    return this.#order.length;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    const chunk = this.#reserve(key, value.length);
    chunk.set(value, this.#chunkUsed);
    this.#chunkUsed += value.length;
    this.#valueLength.push(value.length);
  }

  delete(key: Uint8Array): void {
    this.#reserve(key, 0);
    this.#valueLength.push(DELETED);
  }

  /** Sorts the rows and drops those that later ones replace. */
  seal(): void {
    const ids = Uint32Array.from(this.#start.keys());
    ids.sort((a, b) => this.#compareRows(a, b) || b - a);
    let kept = 0;
    for (const id of ids) {
      if (kept === 0 || this.#compareRows(ids[kept - 1], id) !== 0) ids[kept++] = id;
    }
    this.#order = ids.slice(0, kept);
  }

  /** The value, null when deleted, undefined when the logs say nothing about the key. */
  get(key: Uint8Array): Uint8Array | null | undefined {
    const at = this.#lowerBound(key);
    if (at === this.#order.length) return undefined;
    const id = this.#order[at];
    return this.#compareWithKey(id, keyPrefix(key, 0, key.length), key) === 0 ? this.#value(id) : undefined;
  }

  /** Rows from `gte` (inclusive) to `lt` (exclusive), in either direction. */
  rows(gte: Uint8Array | undefined, lt: Uint8Array | undefined, reverse: boolean): RowCursor {
    const first = gte === undefined ? 0 : this.#lowerBound(gte);
    const end = lt === undefined ? this.#order.length : this.#lowerBound(lt);
    const step = reverse ? -1 : 1;
    let at = (reverse ? end - 1 : first) - step;
    const cursor: RowCursor = {
      key: undefined,
      advance: () => {
        at += step;
        cursor.key = at >= first && at < end ? this.#key(this.#order[at]) : undefined;
      },
      value: () => this.#value(this.#order[at]),
    };
    cursor.advance();
    return cursor;
  }

  /** Writes the key and leaves room for the value behind it. */
  #reserve(key: Uint8Array, valueLength: number): Uint8Array {
    const length = key.length + valueLength;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.length - this.#chunkUsed < length) {
      const grown = chunk === undefined ? FIRST_CHUNK_BYTES : Math.min(2 * chunk.length, MAX_CHUNK_BYTES);
      chunk = new Uint8Array(Math.max(grown, length));
      this.#chunks.push(chunk);
      this.#chunkUsed = 0;
    }
    this.#chunkOf.push(this.#chunks.length - 1);
    this.#start.push(this.#chunkUsed);
    this.#keyLength.push(key.length);
    this.#prefix.push(keyPrefix(key, 0, key.length));
    chunk.set(key, this.#chunkUsed);
    this.#chunkUsed += key.length;
    return chunk;
  }

  #key(id: number): Uint8Array {
    const start = this.#start[id];
    return this.#chunks[this.#chunkOf[id]].slice(start, start + this.#keyLength[id]);
  }

  #value(id: number): Uint8Array | null {
    const length = this.#valueLength[id];
    if (length === DELETED) return null;
    const start = this.#start[id] + this.#keyLength[id];
    return this.#chunks[this.#chunkOf[id]].slice(start, start + length);
  }

  /** Position in key order of the first row whose key is not below `key`. */
  #lowerBound(key: Uint8Array): number {
    const prefix = keyPrefix(key, 0, key.length);
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compareWithKey(this.#order[middle], prefix, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compareWithKey(id: number, prefix: number, key: Uint8Array): number {
    const difference = this.#prefix[id] - prefix;
    if (difference !== 0) return difference;
    const start = this.#start[id];
    return compareRanges(this.#chunks[this.#chunkOf[id]], start, start + this.#keyLength[id], key, 0, key.length);
  }

  #compareRows(a: number, b: number): number {
    const difference = this.#prefix[a] - this.#prefix[b];
    if (difference !== 0) return difference;
    return compareRanges(
      this.#chunks[this.#chunkOf[a]],
      this.#start[a],
      this.#start[a] + this.#keyLength[a],
      this.#chunks[this.#chunkOf[b]],
      this.#start[b],
      this.#start[b] + this.#keyLength[b],
    );
  }
}

/** The first bytes as a number in key order; a shorter key counts as zero-padded. */
function keyPrefix(bytes: Uint8Array, start: number, end: number): number {
  let prefix = 0;
  for (let i = start; i < start + PREFIX_BYTES; i++) prefix = prefix * 256 + (i < end ? bytes[i] : 0);
  return prefix;
}

function compareRanges(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const shorter = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < shorter; i++) {
    const difference = a[aStart + i] - b[bStart + i];
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}
