import type { Range, RangeResult } from "../report/schema.ts";
import type { BlockInProgress, ChainCount, RunCounters } from "./counters.ts";
import { weightOf } from "./plan.ts";
import type { RootBlockCosts } from "./range-job.ts";

/** Speed is measured over this much of the past. */
const WINDOW_MILLISECONDS = 30_000;

export interface MonitorInput {
  readonly counters: RunCounters;
  readonly costs: RootBlockCosts;
  readonly ranges: readonly Range[];
  /** Results that were there before this process started. */
  readonly done: ReadonlyMap<number, RangeResult>;
  readonly stallSeconds: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export interface ShardProgress {
  readonly fullShardId: number;
  readonly blocks: number;
  readonly expected: number;
}

export interface Stall {
  /** Null for a root block. */
  readonly fullShardId: number | null;
  readonly height: number;
  readonly seconds: number;
}

/** A run at one moment. */
export interface Snapshot {
  readonly shards: readonly ShardProgress[];
  /** Minor blocks, checked and to be checked. */
  readonly blocks: number;
  readonly expected: number;
  /** Work done, 0 to 1. */
  readonly fraction: number;
  readonly blocksPerSecond: number;
  readonly mgasPerSecond: number;
  /** Undefined until there is a speed. */
  readonly etaSeconds: number | undefined;
  readonly divergences: number;
  /** Used by blocks that this process has checked. */
  readonly gas: number;
  /** Blocks that were found to take too long since the last snapshot. */
  readonly newStalls: readonly Stall[];
}

interface Sample {
  readonly at: number;
  readonly blocks: number;
  readonly gas: number;
  readonly weight: number;
}

/** Turns counters into speed, time left and warnings about blocks that do not end. */
export class RunMonitor {
  readonly #input: MonitorInput;
  readonly #totalWeight: number;
  readonly #doneWeight: number;
  readonly #doneBlocks: ReadonlyMap<number, number>;
  readonly #doneDivergences: number;
  readonly #samples: Sample[];
  readonly #stalls = new Map<string, Stall>();

  constructor(input: MonitorInput) {
    this.#input = input;
    this.#totalWeight = sum(input.ranges.map(({ weight }) => weight));
    this.#doneWeight = sum(input.ranges.filter(({ index }) => input.done.has(index)).map(({ weight }) => weight));
    const results = [...input.done.values()];
    this.#doneBlocks = blocksPerShard(results);
    this.#doneDivergences = sum(results.map(({ divergences }) => divergences.length));
    this.#samples = [{ at: input.startedAt, blocks: 0, gas: 0, weight: 0 }];
  }

  /** Every block that took longer than allowed, with its longest time seen. */
  get stalls(): Stall[] {
    return [...this.#stalls.values()];
  }

  sample(now: number): Snapshot {
    const counts = this.#input.counters.chainCounts();
    const newest = this.#keepSample(now, counts);
    const oldest = this.#samples[0];
    const seconds = Math.max(newest.at - oldest.at, 1) / 1000;
    const weightPerSecond = (newest.weight - oldest.weight) / seconds;
    const weightLeft = Math.max(this.#totalWeight - this.#doneWeight - newest.weight, 0);
    const shards = this.#shardProgress(counts);
    return {
      shards,
      blocks: sum(shards.map(({ blocks }) => blocks)),
      expected: sum(shards.map(({ expected }) => expected)),
      fraction: this.#totalWeight === 0 ? 0 : 1 - weightLeft / this.#totalWeight,
      blocksPerSecond: (newest.blocks - oldest.blocks) / seconds,
      mgasPerSecond: (newest.gas - oldest.gas) / seconds / 1e6,
      etaSeconds: weightPerSecond > 0 ? weightLeft / weightPerSecond : undefined,
      divergences: this.#doneDivergences + this.#input.counters.divergences(),
      gas: newest.gas,
      newStalls: this.#watch(now, this.#input.counters.blocksInProgress()),
    };
  }

  #keepSample(now: number, counts: ReadonlyMap<number, ChainCount>): Sample {
    const all = [...counts.values()];
    const blocks = sum(all.map((count) => count.blocks));
    const gas = sum(all.map((count) => count.gas));
    const weight = weightOf(blocks, gas, this.#input.costs.gas !== undefined);
    const sample = { at: now, blocks: blocks - counts.get(0)!.blocks, gas, weight };
    this.#samples.push(sample);
    while (this.#samples.length > 2 && this.#samples[1].at <= now - WINDOW_MILLISECONDS) this.#samples.shift();
    return sample;
  }

  #shardProgress(counts: ReadonlyMap<number, ChainCount>): ShardProgress[] {
    return [...this.#input.costs.minorBlocksPerShard].map(([fullShardId, expected]) => ({
      fullShardId,
      blocks: (this.#doneBlocks.get(fullShardId) ?? 0) + (counts.get(fullShardId)?.blocks ?? 0),
      expected,
    }));
  }

  #watch(now: number, blocks: readonly BlockInProgress[]): Stall[] {
    const found: Stall[] = [];
    for (const { fullShardId, height, startedAt } of blocks) {
      const seconds = (now - startedAt) / 1000;
      if (seconds < this.#input.stallSeconds) continue;
      const key = `${fullShardId}/${height}/${startedAt}`;
      const stall = { fullShardId: fullShardId === 0 ? null : fullShardId, height, seconds };
      if (!this.#stalls.has(key)) found.push(stall);
      this.#stalls.set(key, stall);
    }
    return found;
  }
}

function blocksPerShard(results: readonly RangeResult[]): Map<number, number> {
  const blocks = new Map<number, number>();
  for (const { shards } of results) {
    for (const { fullShardId, minorBlocks } of shards) {
      blocks.set(fullShardId, (blocks.get(fullShardId) ?? 0) + minorBlocks);
    }
  }
  return blocks;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
