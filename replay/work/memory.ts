import { totalmem } from "node:os";
import { heldLogBytes } from "../../node/archive/sstable/shared-logs.ts";

const MEGABYTE = 1 << 20;
const MIN_HEAP_MEGABYTES = 512;
const MAX_HEAP_MEGABYTES = 4096;
const MIN_CACHE_BYTES = 64 * MEGABYTE;
/** Two workers take 1 GiB: more than this does not make blocks of one range faster. */
const MAX_CACHE_BYTES = 512 * MEGABYTE;

/** What each worker thread may take. */
export interface MemoryBudget {
  readonly heapMegabytes: number;
  readonly cacheBytesPerWorker: number;
}

/**
 * Shares the machine's memory (or the container's, where that is less) without what logs take that are held for all
 * threads: half for heaps, a quarter for caches.
 */
export function memoryBudget(workers: number, availableBytes: number = availableMemory()): MemoryBudget {
  return {
    heapMegabytes: clamp(availableBytes / 2 / workers / MEGABYTE, MIN_HEAP_MEGABYTES, MAX_HEAP_MEGABYTES),
    cacheBytesPerWorker: clamp(availableBytes / 4 / workers, MIN_CACHE_BYTES, MAX_CACHE_BYTES),
  };
}

function availableMemory(): number {
  // 0 or a number beyond all memory where there is no limit.
  const limit = process.constrainedMemory();
  return (limit > 0 ? Math.min(limit, totalmem()) : totalmem()) - heldLogBytes();
}

function clamp(value: number, min: number, max: number): number {
  return Math.floor(Math.min(Math.max(value, min), max));
}
