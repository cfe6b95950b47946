import { QkcError } from "../../node/codec/errors.ts";
import type { RangeProgress } from "./range-job.ts";

/** Words of the control block. */
const STOP = 0;
const LIMIT = 1;
const NEXT_SLOT = 2;
const CONTROL_WORDS = 3;

/** Numbers at the start of a worker's slot; blocks and gas of each chain follow. */
const CURRENT_SHARD = 0;
const CURRENT_HEIGHT = 1;
const STARTED_AT = 2;
const DIVERGENCES = 3;
const SLOT_HEADER = 4;
const PER_CHAIN = 2;

/** Handles of the memory that main thread and workers share; crosses threads as it is. */
export interface SharedCounters {
  readonly control: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
  /** Chains counted apart: 0 (root chain) and the full shard ids. */
  readonly chains: readonly number[];
}

/** A block that a worker is busy with. */
export interface BlockInProgress {
  readonly fullShardId: number;
  readonly height: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export interface ChainCount {
  readonly blocks: number;
  readonly gas: number;
}

export function createSharedCounters(workers: number, shards: readonly number[]): SharedCounters {
  const chains = [0, ...shards];
  const control = new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(control)[LIMIT] = 0x7fffffff;
  const slots = new SharedArrayBuffer(workers * slotLength(chains.length) * Float64Array.BYTES_PER_ELEMENT);
  return { control, slots, chains };
}

/** The main thread's side: tells workers to stop, reads what they count. */
export class RunCounters {
  readonly #control: Int32Array;
  readonly #slots: Float64Array;
  readonly #chains: readonly number[];

  constructor(shared: SharedCounters) {
    this.#control = new Int32Array(shared.control);
    this.#slots = new Float64Array(shared.slots);
    this.#chains = shared.chains;
  }

  /** Every worker stops at its next block. */
  stop(): void {
    Atomics.store(this.#control, STOP, 1);
  }

  get stopRequested(): boolean {
    return Atomics.load(this.#control, STOP) === 1;
  }

  /** Ranges behind `index` are not needed any more. */
  limitTo(index: number): void {
    Atomics.store(this.#control, LIMIT, index);
  }

  isNeeded(index: number): boolean {
    return index <= Atomics.load(this.#control, LIMIT);
  }

  /** Blocks and gas of each chain over all workers. */
  chainCounts(): Map<number, ChainCount> {
    const counts = new Map<number, ChainCount>();
    for (const [i, chain] of this.#chains.entries()) {
      let blocks = 0;
      let gas = 0;
      for (const slot of this.#slotStarts()) {
        blocks += this.#slots[slot + SLOT_HEADER + i * PER_CHAIN];
        gas += this.#slots[slot + SLOT_HEADER + i * PER_CHAIN + 1];
      }
      counts.set(chain, { blocks, gas });
    }
    return counts;
  }

  divergences(): number {
    let total = 0;
    for (const slot of this.#slotStarts()) total += this.#slots[slot + DIVERGENCES];
    return total;
  }

  /** One entry for each worker that is inside a block. */
  blocksInProgress(): BlockInProgress[] {
    const blocks: BlockInProgress[] = [];
    for (const slot of this.#slotStarts()) {
      const startedAt = this.#slots[slot + STARTED_AT];
      if (startedAt === 0) continue;
      blocks.push({
        fullShardId: this.#slots[slot + CURRENT_SHARD],
        height: this.#slots[slot + CURRENT_HEIGHT],
        startedAt,
      });
    }
    return blocks;
  }

  *#slotStarts(): Generator<number> {
    const length = slotLength(this.#chains.length);
    for (let slot = 0; slot < this.#slots.length; slot += length) yield slot;
  }
}

/**
 * One worker's side. A slot has one writer, and its readers only show numbers to people, so plain stores are enough;
 * what decides anything (stop, limit) goes through Atomics.
 */
export class WorkerCounters implements RangeProgress {
  readonly #control: Int32Array;
  readonly #slot: Float64Array;
  readonly #chainOffsets: ReadonlyMap<number, number>;
  #current = SLOT_HEADER;

  /** Takes the next free slot. */
  constructor(shared: SharedCounters) {
    this.#control = new Int32Array(shared.control);
    const length = slotLength(shared.chains.length);
    const index = Atomics.add(this.#control, NEXT_SLOT, 1);
    const byteOffset = index * length * Float64Array.BYTES_PER_ELEMENT;
    if (byteOffset >= shared.slots.byteLength) throw new QkcError("INTERNAL", "more worker threads than counter slots");
    this.#slot = new Float64Array(shared.slots, byteOffset, length);
    this.#chainOffsets = new Map(shared.chains.map((chain, i) => [chain, SLOT_HEADER + i * PER_CHAIN]));
  }

  startBlock(fullShardId: number, height: number): void {
    const offset = this.#chainOffsets.get(fullShardId);
    if (offset === undefined) throw new QkcError("INTERNAL", `shard ${fullShardId} is not part of this run`);
    this.#current = offset;
    this.#slot[CURRENT_SHARD] = fullShardId;
    this.#slot[CURRENT_HEIGHT] = height;
    this.#slot[STARTED_AT] = Date.now();
  }

  finishBlock(gasUsed: number): void {
    this.#slot[STARTED_AT] = 0;
    this.#slot[this.#current]++;
    this.#slot[this.#current + 1] += gasUsed;
  }

  countDivergence(): void {
    this.#slot[DIVERGENCES]++;
  }

  /** No block is being worked on: between ranges, or after a failure. */
  idle(): void {
    this.#slot[STARTED_AT] = 0;
  }

  /** Ranges behind `index` are not needed any more; told by the worker itself, so that it does not start one meanwhile. */
  limitTo(index: number): void {
    for (let limit = Atomics.load(this.#control, LIMIT); index < limit; ) {
      const seen = Atomics.compareExchange(this.#control, LIMIT, limit, index);
      if (seen === limit) return;
      limit = seen;
    }
  }

  shouldStop(rangeIndex: number): boolean {
    return Atomics.load(this.#control, STOP) === 1 || rangeIndex > Atomics.load(this.#control, LIMIT);
  }
}

function slotLength(chains: number): number {
  return SLOT_HEADER + chains * PER_CHAIN;
}
