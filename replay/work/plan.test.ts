import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { costliestFirst, planRanges } from "./plan.ts";
import type { RootBlockCosts } from "./range-job.ts";

function costs(minorBlocks: readonly number[], gas?: readonly number[]): RootBlockCosts {
  return {
    minorBlocks: Uint32Array.from(minorBlocks),
    gas: gas === undefined ? undefined : Float64Array.from(gas),
    minorBlocksPerShard: new Map(),
  };
}

describe("planRanges", () => {
  it("covers every root block exactly once, in order, whatever the costs", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5000), { minLength: 1, maxLength: 3000 }),
        fc.nat(1_000_000),
        fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
        fc.boolean(),
        (minorBlocks, rootFrom, batch, unconfirmed) => {
          const ranges = planRanges({ rootFrom, costs: costs(minorBlocks), batch, unconfirmed });
          let next = rootFrom;
          for (const [index, range] of ranges.filter((range) => !range.unconfirmed).entries()) {
            expect(range.index).toBe(index);
            expect(range.firstRootHeight).toBe(next);
            expect(range.lastRootHeight).toBeGreaterThanOrEqual(range.firstRootHeight);
            next = range.lastRootHeight + 1;
          }
          expect(next).toBe(rootFrom + minorBlocks.length);
          expect(ranges.filter((range) => range.unconfirmed)).toHaveLength(unconfirmed ? 1 : 0);
          if (batch === undefined) expect(ranges.length).toBeLessThanOrEqual(513);
        },
      ),
    );
  });

  it("makes ranges of about equal weight out of a long chain, lighter ones at its end", () => {
    const ranges = planRanges({
      rootFrom: 1,
      costs: costs(new Array(100_000).fill(40)),
      batch: undefined,
      unconfirmed: false,
    });
    expect(ranges.length).toBeGreaterThan(400);
    const weights = ranges.map(({ weight }) => weight);
    expect(Math.max(...weights)).toBeLessThan(Math.min(...weights.slice(0, 400)) * 1.1);
    expect(weights.at(-1)).toBeLessThan(weights[0] / 4);
  });

  it("cuts a short chain into few ranges, none so large that workers end far apart", () => {
    const ranges = planRanges({
      rootFrom: 1,
      costs: costs(new Array(2000).fill(10)),
      batch: undefined,
      unconfirmed: false,
    });
    const weights = ranges.map(({ weight }) => weight);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    expect(ranges.length).toBeLessThan(40);
    expect(weights[0]).toBeLessThan(total / 7);
    expect(weights.at(-1)).toBeLessThan(total / 50);
  });

  it("weighs gas where it is known", () => {
    const plan = { rootFrom: 1, batch: 1, unconfirmed: false };
    const [light, heavy] = planRanges({ ...plan, costs: costs([1, 1], [0, 12_000_000]) });
    expect(heavy.weight - light.weight).toBe(12_000_000);
  });

  it("takes the batch as it is given, the last one shorter", () => {
    const ranges = planRanges({ rootFrom: 10, costs: costs([1, 1, 1, 1, 1]), batch: 2, unconfirmed: false });
    expect(ranges.map((range) => [range.firstRootHeight, range.lastRootHeight])).toEqual([
      [10, 11],
      [12, 13],
      [14, 14],
    ]);
  });

  it("puts the unconfirmed blocks last, above the tip", () => {
    const ranges = planRanges({ rootFrom: 10, costs: costs([1, 1]), batch: 2, unconfirmed: true });
    expect(ranges[1]).toMatchObject({ index: 1, firstRootHeight: 11, lastRootHeight: 11, unconfirmed: true });
  });

  it("cuts a small database into several ranges, so that two workers have work", () => {
    const ranges = planRanges({
      rootFrom: 1,
      costs: costs(new Array(18).fill(13), new Array(18).fill(6_800_000)),
      batch: undefined,
      unconfirmed: false,
    });
    expect(ranges.length).toBeGreaterThanOrEqual(4);
  });
});

describe("costliestFirst", () => {
  it("sorts by weight and leaves equals in chain order", () => {
    const ranges = planRanges({ rootFrom: 1, costs: costs([1, 9, 1, 9]), batch: 1, unconfirmed: false });
    expect(costliestFirst(ranges).map(({ index }) => index)).toEqual([1, 3, 0, 2]);
    expect(ranges.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  });
});
