import type { Range } from "../report/schema.ts";
import type { RootBlockCosts } from "./range-job.ts";

/** Weight of a block apart from its gas, in gas: reading, decoding, deposits, commit. */
const BLOCK_WEIGHT = 50_000;
/** Enough pieces to keep many cores busy to the end, few enough that starting cold costs nothing. */
const MAX_RANGES = 512;
/** A range of fewer blocks than this is not worth the start: its caches are cold. */
const MIN_RANGE_BLOCKS = 64;

export interface PlanRequest {
  /** First root height that `costs` describes. */
  readonly rootFrom: number;
  readonly costs: RootBlockCosts;
  /** Root blocks in a range, where the user chose that; otherwise ranges are of about equal weight. */
  readonly batch: number | undefined;
  /** Adds a last range for the minor blocks that no root block confirms yet. */
  readonly unconfirmed: boolean;
}

/**
 * Cuts root blocks into contiguous ranges, ascending. The cut depends on the chain alone and not on the number of
 * workers: damage can be seen or missed depending on where a range starts (a row may be read, or still be in memory
 * from the block before), and a report must not depend on the machine.
 */
export function planRanges(request: PlanRequest): Range[] {
  const { rootFrom, costs, batch } = request;
  const weights = rootBlockWeights(costs);
  const total = sum(weights);
  const blocks = costs.minorBlocks.length + sum(Float64Array.from(costs.minorBlocks));
  const target = Math.max((total / blocks) * MIN_RANGE_BLOCKS, total / MAX_RANGES);
  const ranges: Range[] = [];
  let first = 0;
  let weight = 0;
  for (let i = 0; i < weights.length; i++) {
    weight += weights[i];
    const full = batch === undefined ? weight >= target : i - first + 1 === batch;
    if (!full && i !== weights.length - 1) continue;
    ranges.push(range(ranges.length, rootFrom + first, rootFrom + i, weight));
    first = i + 1;
    weight = 0;
  }
  if (request.unconfirmed) {
    const tip = rootFrom + weights.length - 1;
    ranges.push({ ...range(ranges.length, tip, tip, BLOCK_WEIGHT), unconfirmed: true });
  }
  return ranges;
}

/** Work done so far in the units of a range's weight. `gas` counts only where the plan knew it beforehand. */
export function weightOf(blocks: number, gas: number, gasIsKnown: boolean): number {
  return blocks * BLOCK_WEIGHT + (gasIsKnown ? gas : 0);
}

/** The order in which ranges are handed out: costliest first, so that no worker is left alone with a long one. */
export function costliestFirst(ranges: readonly Range[]): Range[] {
  return [...ranges].sort((a, b) => b.weight - a.weight || a.index - b.index);
}

function rootBlockWeights(costs: RootBlockCosts): Float64Array {
  const { minorBlocks, gas } = costs;
  return Float64Array.from(minorBlocks, (blocks, i) => weightOf(blocks + 1, gas?.[i] ?? 0, gas !== undefined));
}

function range(index: number, firstRootHeight: number, lastRootHeight: number, weight: number): Range {
  return { index, firstRootHeight, lastRootHeight, unconfirmed: false, weight };
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
