import type { Range } from "../report/schema.ts";
import type { RootBlockCosts } from "./range-job.ts";

/** Weight of a block apart from its gas, in gas: reading, decoding, deposits, commit. */
const BLOCK_WEIGHT = 50_000;
/** A range starts with cold caches: each is as large as leaves work for so many workers until the end. */
const SHARE_OF_REST = 8;
/** A range of fewer blocks than this is not worth the start; of a short chain a fourth is, down to the least. */
const MIN_RANGE_BLOCKS = 256;
const FEWEST_RANGES = 4;
const LEAST_RANGE_BLOCKS = 64;
/** From here on a larger range is no faster, and an interrupted run would lose more of it. */
const MAX_RANGE_BLOCKS = 8192;
/** A checkpoint row each; with the smaller ones at the end there are 512 at most. */
const MAX_EQUAL_RANGES = 448;

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
 * Cuts root blocks into contiguous ranges, ascending, the larger ones first. The cut depends on the chain alone and not on the number of
 * workers: damage can be seen or missed depending on where a range starts (a row may be read, or still be in memory
 * from the block before), and a report must not depend on the machine.
 */
export function planRanges(request: PlanRequest): Range[] {
  const { rootFrom, costs, batch } = request;
  const weights = rootBlockWeights(costs);
  const total = sum(weights);
  const blocks = costs.minorBlocks.length + sum(Float64Array.from(costs.minorBlocks));
  const blockWeight = total / blocks;
  const most = Math.max(blockWeight * MAX_RANGE_BLOCKS, total / MAX_EQUAL_RANGES);
  const least = Math.max(
    blockWeight * Math.max(LEAST_RANGE_BLOCKS, Math.min(MIN_RANGE_BLOCKS, blocks / FEWEST_RANGES)),
    total / MAX_EQUAL_RANGES / SHARE_OF_REST,
  );
  let rest = total;
  const target = () => Math.min(Math.max(rest / SHARE_OF_REST, least), most);
  let wanted = target();
  const ranges: Range[] = [];
  let first = 0;
  let weight = 0;
  for (let i = 0; i < weights.length; i++) {
    weight += weights[i];
    const full = batch === undefined ? weight >= wanted : i - first + 1 === batch;
    if (!full && i !== weights.length - 1) continue;
    ranges.push(range(ranges.length, rootFrom + first, rootFrom + i, weight));
    first = i + 1;
    rest -= weight;
    wanted = target();
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
