import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Range } from "../report/schema.ts";
import { mostParts, partText, rangesOfPart, splitRanges } from "./split.ts";

const RUNS = { seed: 20_261_201, numRuns: 300 };

const ranges = (most: number) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0, max: 1e12, noNaN: true })), {
        minLength: 1,
        maxLength: most,
      }),
      fc.nat(1_000_000),
      fc.boolean(),
    )
    .map(([lengths, from, unconfirmed]) => rangesOf(lengths, from, unconfirmed));

function rangesOf(lengths: ReadonlyArray<readonly [number, number]>, from: number, unconfirmed: boolean): Range[] {
  let next = from;
  const result: Range[] = lengths.map(([length, weight], index) => {
    const range = { index, firstRootHeight: next, lastRootHeight: next + length - 1, unconfirmed: false, weight };
    next += length;
    return range;
  });
  const tip = next - 1;
  if (unconfirmed) {
    result.push({ index: result.length, firstRootHeight: tip, lastRootHeight: tip, unconfirmed: true, weight: 5 });
  }
  return result;
}

function weightOf(group: readonly Range[]): number {
  return group.reduce((sum, { weight }) => sum + weight, 0);
}

/** Every way to cut, tried out. */
function leastHeaviest(pieces: readonly number[], count: number): number {
  if (count === 1) return pieces.reduce((sum, weight) => sum + weight, 0);
  let least = Number.POSITIVE_INFINITY;
  for (let first = 1; first <= pieces.length - count + 1; first++) {
    const here = pieces.slice(0, first).reduce((sum, weight) => sum + weight, 0);
    least = Math.min(least, Math.max(here, leastHeaviest(pieces.slice(first), count - 1)));
  }
  return least;
}

describe("splitRanges", () => {
  it("gives every range to exactly one part, in order, and none is empty", () => {
    fc.assert(
      fc.property(ranges(200), fc.nat(), (whole, any) => {
        const count = 1 + (any % mostParts(whole));
        const parts = splitRanges(whole, count);
        expect(parts).toHaveLength(count);
        expect(parts.flat()).toEqual(whole);
        for (const part of parts) expect(part.some(({ unconfirmed }) => !unconfirmed)).toBe(true);
        for (const [i, part] of parts.entries()) expect(rangesOfPart(whole, { index: i + 1, count })).toEqual(part);
      }),
      RUNS,
    );
  });

  it("makes the heaviest part as light as any cut does", () => {
    fc.assert(
      fc.property(ranges(9), fc.nat(), (whole, any) => {
        const count = 1 + (any % mostParts(whole));
        const pieces = whole.filter(({ unconfirmed }) => !unconfirmed).map(({ weight }) => weight);
        for (const { unconfirmed, weight } of whole) if (unconfirmed) pieces[pieces.length - 1] += weight;
        const heaviest = Math.max(...splitRanges(whole, count).map(weightOf));
        const least = leastHeaviest(pieces, count);
        expect(heaviest).toBeLessThanOrEqual(least * (1 + 1e-9));
        expect(heaviest).toBeGreaterThanOrEqual(least * (1 - 1e-9));
      }),
      RUNS,
    );
  });

  it("has no more parts than there are ranges of root blocks", () => {
    const whole = rangesOf(
      [
        [1, 1],
        [1, 1],
      ],
      1,
      true,
    );
    expect(mostParts(whole)).toBe(2);
    for (const count of [0, 3, 4]) {
      expect(() => splitRanges(whole, count)).toThrow("this run can be cut into 1 to 2 parts");
    }
    expect(splitRanges(whole, 2).map((part) => part.map(({ index }) => index))).toEqual([[0], [1, 2]]);
  });

  it("a part is written as it is read", () => {
    expect(partText({ index: 3, count: 8 })).toBe("3/8");
  });
});
