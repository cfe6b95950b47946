import { describe, expect, test } from "vitest";
import { hashFromHex, toHex } from "../../codec/bytes.ts";
import { type EthashCache, ethashCacheOver, ethashProof, fillEthashCache } from "./ethash.ts";
import { cacheBytes } from "./ethash-size.ts";
import { powVectors } from "./pow.testkit.ts";

function createCache(epoch: number): EthashCache {
  const words = new Int32Array(cacheBytes(epoch) / 4);
  fillEthashCache(epoch, words);
  return ethashCacheOver(epoch, words);
}

function rowHex({ words }: EthashCache, row: number): string {
  return toHex(new Uint8Array(words.buffer, words.byteOffset + row * 64, 64));
}

function proofHex(cache: EthashCache, miningHash: string, nonce: string): { mixhash: string; result: string } {
  const { mixhash, result } = ethashProof(cache, hashFromHex(miningHash), BigInt(nonce));
  return { mixhash: toHex(mixhash), result: toHex(result) };
}

const { caches, cases } = powVectors("ethash");

describe.each(caches)("epoch $epoch", ({ epoch, rows, first, last }) => {
  const cache = createCache(epoch);

  test("has pyquarkchain's cache", () => {
    expect(cache.rowCount).toBe(rows);
    expect(rowHex(cache, 0)).toBe(first);
    expect(rowHex(cache, rows - 1)).toBe(last);
  });

  test("gives pyquarkchain's mixes and results", () => {
    for (const { miningHash, nonce, mixhash, result } of cases.filter((vector) => vector.epoch === epoch)) {
      expect(proofHex(cache, miningHash, nonce)).toEqual({ mixhash, result });
    }
  });
});

test("epoch 520 is the one of the Ethash libraries, not of pyquarkchain's prime test", () => {
  const cache = createCache(520);
  for (const { miningHash, nonce, standard, purePython } of powVectors("ethash-epoch-520").cases) {
    const proof = proofHex(cache, miningHash, nonce);
    expect(proof).toEqual(standard);
    expect(proof.mixhash).not.toBe(purePython.mixhash);
  }
});
