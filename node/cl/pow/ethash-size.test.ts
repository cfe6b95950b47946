import { expect, test } from "vitest";
import { cacheBytes, datasetBytes } from "./ethash-size.ts";
import { powVectors } from "./pow.testkit.ts";

test("sizes equal pyquarkchain's", () => {
  const { sizes } = powVectors("ethash");
  expect(sizes.length).toBe(100);
  for (const [epoch, , cache, dataset] of sizes)
    expect([cacheBytes(epoch), datasetBytes(epoch)]).toEqual([cache, dataset]);
});

test("the two epochs where pyquarkchain takes a composite number of rows have the standard size", () => {
  expect(cacheBytes(520)).toBe(84_934_336);
  expect(cacheBytes(520)).not.toBe(1151 * 1153 * 64);
  expect(cacheBytes(1574)).toBe(223_083_968);
  expect(datasetBytes(520)).toBe(5_435_816_576);
});
