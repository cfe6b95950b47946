import type { RowCursor } from "./row-cursor.ts";

const PREFIX_BYTES = 6;
/** Length of the value of a deleted key. */
export const DELETED = -1;

/** Rows by key, each key once. All of it lies in shared memory: threads pass it to each other without a copy. */
export interface LogRowColumns {
  readonly chunks: readonly Uint8Array[];
  /** Of each row: its chunk, where its key begins there, and how long the key and the value behind it are. */
  readonly chunkOf: Uint32Array;
  readonly start: Uint32Array;
  readonly keyLength: Uint32Array;
  /** DELETED for a deleted key. */
  readonly valueLength: Int32Array;
  readonly prefix: Float64Array;
}

/** What the write-ahead logs hold over the tables. */
export class LogRows {
  readonly columns: LogRowColumns;

  constructor(columns: LogRowColumns) {
    this.columns = columns;
  }

  /** Number of distinct keys. */
  get size(): number {
    return this.columns.start.length;
  }

  /** The value, null when deleted, undefined when the logs say nothing about the key. */
  get(key: Uint8Array): Uint8Array | null | undefined {
    const at = this.#lowerBound(key);
    if (at === this.size) return undefined;
    return this.#compareWithKey(at, keyPrefix(key), key) === 0 ? this.#value(at) : undefined;
  }

  /** Rows from `gte` (inclusive) to `lt` (exclusive), in either direction. */
  rows(gte: Uint8Array | undefined, lt: Uint8Array | undefined, reverse: boolean): RowCursor {
    const first = gte === undefined ? 0 : this.#lowerBound(gte);
    const end = lt === undefined ? this.size : this.#lowerBound(lt);
    const step = reverse ? -1 : 1;
    let at = (reverse ? end - 1 : first) - step;
    const cursor: RowCursor = {
      key: undefined,
      advance: () => {
        at += step;
        cursor.key = at >= first && at < end ? this.#key(at) : undefined;
      },
      value: () => this.#value(at),
    };
    cursor.advance();
    return cursor;
  }

  #key(at: number): Uint8Array {
    const { chunks, chunkOf, start, keyLength } = this.columns;
    return chunks[chunkOf[at]].slice(start[at], start[at] + keyLength[at]);
  }

  #value(at: number): Uint8Array | null {
    const { chunks, chunkOf, start, keyLength, valueLength } = this.columns;
    if (valueLength[at] === DELETED) return null;
    const from = start[at] + keyLength[at];
    return chunks[chunkOf[at]].slice(from, from + valueLength[at]);
  }

  /** The first row whose key is not below `key`. */
  #lowerBound(key: Uint8Array): number {
    const prefix = keyPrefix(key);
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compareWithKey(middle, prefix, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compareWithKey(at: number, prefix: number, key: Uint8Array): number {
    const { chunks, chunkOf, start, keyLength } = this.columns;
    const difference = this.columns.prefix[at] - prefix;
    if (difference !== 0) return difference;
    return compareRanges(chunks[chunkOf[at]], start[at], start[at] + keyLength[at], key, 0, key.length);
  }
}

/** The first six bytes as a number in key order, so that most comparisons touch no bytes; a shorter key counts as zero-padded. */
export function keyPrefix(key: Uint8Array): number {
  let prefix = 0;
  for (let i = 0; i < PREFIX_BYTES; i++) prefix = prefix * 256 + (i < key.length ? key[i] : 0);
  return prefix;
}

export function compareRanges(
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
