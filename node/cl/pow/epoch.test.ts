import { expect, test } from "vitest";
import { toHex } from "../../codec/bytes.ts";
import { UnsupportedError } from "../../codec/errors.ts";
import { epochOf, epochSeed } from "./epoch.ts";
import { powVectors } from "./pow.testkit.ts";

test("an epoch has 30,000 blocks", () => {
  expect([0, 29_999, 30_000, 59_999, 60_000].map(epochOf)).toEqual([0, 0, 1, 1, 2]);
});

test("heights past the last known epoch are unsupported", () => {
  expect(epochOf(61_439_999)).toBe(2047);
  expect(() => epochOf(61_440_000)).toThrow(UnsupportedError);
});

test("seeds equal pyquarkchain's, in any order of asking", () => {
  for (const [epoch, seed] of [...powVectors("ethash").sizes].reverse()) expect(toHex(epochSeed(epoch))).toBe(seed);
});
