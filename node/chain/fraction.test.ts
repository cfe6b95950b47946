import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EXPECTED } from "./expected-configs.testkit.ts";
import { floorDivide, fractionFromFloat, multiplyFloor, oneMinus } from "./fraction.ts";

describe("fractionFromFloat", () => {
  it.each(EXPECTED.fractions)("reads %s as Python's limit_denominator does", (text, { numerator, denominator }) => {
    expect(fractionFromFloat(Number(text))).toEqual({
      numerator: BigInt(numerator),
      denominator: BigInt(denominator),
    });
  });

  it("finds every fraction of a small denominator back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: -5000, max: 5000 }),
        (denominator, numerator) => {
          const found = fractionFromFloat(numerator / denominator);
          expect(found.numerator * BigInt(denominator)).toBe(BigInt(numerator) * found.denominator);
        },
      ),
    );
  });

  it("refuses what is no number", () => {
    expect(() => fractionFromFloat(Number.NaN)).toThrow(RangeError);
    expect(() => fractionFromFloat(Number.POSITIVE_INFINITY)).toThrow(RangeError);
  });
});

describe("arithmetic", () => {
  it("rounds down, also below zero", () => {
    expect([floorDivide(7n, 2n), floorDivide(-7n, 2n), floorDivide(7n, -2n), floorDivide(-7n, -2n)]).toEqual([
      3n,
      -4n,
      -4n,
      3n,
    ]);
    expect([floorDivide(-6n, 2n), floorDivide(0n, 5n)]).toEqual([-3n, 0n]);
    expect(multiplyFloor(7n, { numerator: 1n, denominator: 2n })).toBe(3n);
  });

  it("complements", () => {
    expect(oneMinus({ numerator: 22n, denominator: 25n })).toEqual({ numerator: 3n, denominator: 25n });
  });
});
