import { operations } from "../measure/operations.ts";

/**
 * Rows and nodes are cut from slabs of this size: a buffer of its own for each would cost more than half of what
 * hashing it costs. No larger, because a row that is kept keeps its whole slab.
 */
const SLAB_BYTES = 8192;
let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/** Bytes of no certain content that nobody else uses. */
export function newBytes(length: number): Uint8Array {
  operations.slabBytes += length;
  if (length > SLAB_BYTES / 2) return new Uint8Array(length);
  if (used + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  used += length;
  return slab.subarray(used - length, used);
}

/** A copy of bytes `start` (inclusive) to `end` (exclusive). */
export function ownBytes(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array {
  const own = newBytes(end - start);
  own.set(bytes.subarray(start, end));
  return own;
}

/** `bytes` as they are if what they keep in memory is at most a slab, else a copy: a view must not keep a table block. */
export function compactBytes(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength <= SLAB_BYTES || bytes.length === bytes.buffer.byteLength ? bytes : ownBytes(bytes);
}
