import { compareRanges, DELETED, keyPrefix, LogRows } from "./log-rows.ts";
import type { BatchHandler } from "./write-batch.ts";

const FIRST_CHUNK_BYTES = 1 << 14;
const MAX_CHUNK_BYTES = 1 << 22;

/** Filled in log order, then sorted once. Keys and values lie in a few large chunks of shared memory. */
export class Memtable implements BatchHandler {
  readonly #chunks: Uint8Array[] = [];
  #chunkUsed = 0;
  readonly #chunkOf: number[] = [];
  readonly #start: number[] = [];
  readonly #keyLength: number[] = [];
  readonly #valueLength: number[] = [];
  readonly #prefix: number[] = [];

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

  /** The rows by key, without those that later ones replace. */
  sorted(): LogRows {
    const ids = Uint32Array.from(this.#start.keys());
    ids.sort((a, b) => this.#compareRows(a, b) || b - a);
    let kept = 0;
    for (const id of ids) {
      if (kept === 0 || this.#compareRows(ids[kept - 1], id) !== 0) ids[kept++] = id;
    }
    const order = ids.subarray(0, kept);
    return new LogRows({
      chunks: this.#chunks,
      chunkOf: inOrder(order, this.#chunkOf, new Uint32Array(sharedBytes(4 * kept))),
      start: inOrder(order, this.#start, new Uint32Array(sharedBytes(4 * kept))),
      keyLength: inOrder(order, this.#keyLength, new Uint32Array(sharedBytes(4 * kept))),
      valueLength: inOrder(order, this.#valueLength, new Int32Array(sharedBytes(4 * kept))),
      prefix: inOrder(order, this.#prefix, new Float64Array(sharedBytes(8 * kept))),
    });
  }

  /** Writes the key and leaves room for the value behind it. */
  #reserve(key: Uint8Array, valueLength: number): Uint8Array {
    const length = key.length + valueLength;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.length - this.#chunkUsed < length) {
      const grown = chunk === undefined ? FIRST_CHUNK_BYTES : Math.min(2 * chunk.length, MAX_CHUNK_BYTES);
      chunk = new Uint8Array(sharedBytes(Math.max(grown, length)));
      this.#chunks.push(chunk);
      this.#chunkUsed = 0;
    }
    this.#chunkOf.push(this.#chunks.length - 1);
    this.#start.push(this.#chunkUsed);
    this.#keyLength.push(key.length);
    this.#prefix.push(keyPrefix(key));
    chunk.set(key, this.#chunkUsed);
    this.#chunkUsed += key.length;
    return chunk;
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

function sharedBytes(length: number): SharedArrayBuffer {
  return new SharedArrayBuffer(length);
}

function inOrder<T extends Uint32Array | Int32Array | Float64Array>(
  order: Uint32Array,
  values: readonly number[],
  target: T,
): T {
  for (let i = 0; i < order.length; i++) target[i] = values[order[i]];
  return target;
}
