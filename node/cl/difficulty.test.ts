import { describe, expect, it } from "vitest";
import { nextDifficulty } from "./difficulty.ts";
import { poswCases } from "./posw-vectors.testkit.ts";

interface DifficultyCase {
  readonly kind: string;
  readonly cutoff: number;
  readonly factor: number;
  readonly minimum: number;
  readonly parentTime: number;
  readonly parentDifficulty: string;
  readonly time: number;
  readonly difficulty: string;
}

describe("nextDifficulty (quarkchain/diff.py calculate_diff_with_parent)", () => {
  const cases = poswCases<DifficultyCase>("difficulty");

  it.each(cases)("$kind: $parentDifficulty, cutoff $cutoff, factor $factor → $difficulty", (vector) => {
    const config = {
      cutoffTime: vector.cutoff,
      adjustmentFactor: BigInt(vector.factor),
      minimum: BigInt(vector.minimum),
    };
    const parent = { createTime: vector.parentTime, difficulty: BigInt(vector.parentDifficulty) };
    expect(nextDifficulty(config, parent, vector.time)).toBe(BigInt(vector.difficulty));
  });

  const config = { cutoffTime: 10, adjustmentFactor: 100n, minimum: 500n };
  const difficultyIn = (seconds: number) =>
    nextDifficulty(config, { createTime: 1000, difficulty: 10_000n }, 1000 + seconds);

  it("rises below the cutoff, stays up to twice the cutoff, then falls step by step", () => {
    expect([1, 9, 10, 19, 20, 30].map(difficultyIn)).toEqual([10_100n, 10_100n, 10_000n, 10_000n, 9_900n, 9_800n]);
  });

  it("falls by at most 99 steps and never below the minimum", () => {
    const wide = { ...config, adjustmentFactor: 1000n };
    const parent = { createTime: 0, difficulty: 1_000_000n };
    expect(nextDifficulty(wide, parent, 1000)).toBe(901_000n);
    expect(nextDifficulty(wide, parent, 1_000_000)).toBe(901_000n);
    expect(difficultyIn(100_000)).toBe(500n);
  });

  it("has no answer where time does not increase", () => {
    expect(() => difficultyIn(0)).toThrow(RangeError);
    expect(() => difficultyIn(-1)).toThrow(RangeError);
  });
});
