import { describe, expect, test } from "vitest";
import { hashFromHex, toHex } from "../../codec/bytes.ts";
import { powVectors } from "./pow.testkit.ts";
import { createQkchashCache, qkchashProof, sortedCacheNumbers } from "./qkchash.ts";

const { caches, cases } = powVectors("qkchash");

describe.each(caches)("epoch $epoch", ({ epoch, entries, first, middle, last }) => {
  test("has pyquarkchain's cache", () => {
    const numbers = sortedCacheNumbers(epoch);
    expect(numbers.length).toBe(entries);
    expect([0, entries / 2, entries - 1].map((i) => String(numbers[i]))).toEqual([first, middle, last]);
  });

  test("gives pyquarkchain's mixes and results, the one variant as the other, each from a fresh copy", () => {
    const cache = createQkchashCache(epoch);
    for (const vector of cases.filter((one) => one.epoch === epoch)) {
      for (const [withRotationStats, { mixhash, result }] of [
        [true, vector.qkchashX],
        [false, vector.qkchash],
        [true, vector.qkchashX],
      ] as const) {
        const proof = qkchashProof(cache, hashFromHex(vector.miningHash), BigInt(vector.nonce), withRotationStats);
        expect({ mixhash: toHex(proof.mixhash), result: toHex(proof.result) }).toEqual({ mixhash, result });
      }
    }
  });
});
