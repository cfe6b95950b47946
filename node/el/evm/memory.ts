import { EMPTY_BYTES } from "../../codec/bytes.ts";
import { UnsupportedError } from "../../codec/errors.ts";
import { type GasSchedule, wordCount } from "./gas.ts";

/** Words² stay exact in a double up to here, and no larger buffer is worth trying to allocate. */
const MAX_BYTES = 2 ** 31;
const FIRST_CAPACITY = 1024;
/** A buffer above this is given back instead of being kept for the next frame. */
const KEPT_CAPACITY = 1 << 20;

/** A frame's byte memory: zero where nothing was written, a multiple of 32 bytes long. */
export class Memory {
  bytes = new Uint8Array(FIRST_CAPACITY);
  view = new DataView(this.bytes.buffer);
  size = 0;

  /**
   * Price of growing so that `end` bytes exist; `end` may be any number, rounding does not matter where it is that
   * large. Infinity when `gas` cannot pay it anyway. Throws UnsupportedError when it could pay for more than 2 GiB.
   */
  expansionFee(end: number, gas: number, schedule: GasSchedule): number {
    if (end > MAX_BYTES) {
      if (gas < totalFee(end, schedule)) return Number.POSITIVE_INFINITY;
      throw new UnsupportedError("a contract can pay for more than 2 GiB of memory: give the message less gas");
    }
    return totalFee(end, schedule) - totalFee(this.size, schedule);
  }

  /** Makes `end` bytes exist; called when they are paid for. */
  grow(end: number): void {
    const size = wordCount(end) * 32;
    if (size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.size));
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    this.size = size;
  }

  readWord(offset: number): bigint {
    const high = (this.view.getBigUint64(offset) << 64n) | this.view.getBigUint64(offset + 8);
    const low = (this.view.getBigUint64(offset + 16) << 64n) | this.view.getBigUint64(offset + 24);
    return (high << 128n) | low;
  }

  /** Copies `size` bytes of `source` from `start` on, any number; what lies behind its end is zero. */
  write(target: number, source: Uint8Array, start: number, size: number): void {
    const available = Math.max(0, Math.min(size, source.length - start));
    if (available > 0) this.bytes.set(source.subarray(start, start + available), target);
    if (available < size) this.bytes.fill(0, target + available, target + size);
  }

  /** A view, valid until the memory changes. `offset` may be any number where `size` is 0. */
  look(offset: number, size: number): Uint8Array {
    return size === 0 ? EMPTY_BYTES : this.bytes.subarray(offset, offset + size);
  }

  copy(offset: number, size: number): Uint8Array {
    return size === 0 ? EMPTY_BYTES : this.bytes.slice(offset, offset + size);
  }

  /** Makes it a new frame's memory again. */
  reset(): void {
    if (this.bytes.length > KEPT_CAPACITY) {
      this.bytes = new Uint8Array(FIRST_CAPACITY);
      this.view = new DataView(this.bytes.buffer);
    } else {
      this.bytes.fill(0, 0, this.size);
    }
    this.size = 0;
  }
}

function totalFee(bytes: number, schedule: GasSchedule): number {
  const words = wordCount(bytes);
  return words * schedule.memoryWord + Math.floor((words * words) / schedule.memoryQuadraticDivisor);
}
