import { describe, expect, test } from "vitest";
import { minorMiningHash, readMinorBlockHeader } from "../../../node/chain/minor-block.ts";
import { readRootBlockHeader, rootMiningHash } from "../../../node/chain/root-block.ts";
import { doubleSha256 } from "../../../node/cl/pow/double-sha256.ts";
import { epochSeed } from "../../../node/cl/pow/epoch.ts";
import { type EthashCache, ethashCacheOver, ethashProof, fillEthashCache } from "../../../node/cl/pow/ethash.ts";
import { createSharedEthashCaches } from "../../../node/cl/pow/ethash-cache-pool.ts";
import { cacheBytes, datasetBytes } from "../../../node/cl/pow/ethash-size.ts";
import {
  createQkchashCache,
  type QkchashCache,
  qkchashProof,
  sortedCacheNumbers,
} from "../../../node/cl/pow/qkchash.ts";
import { type SealInput, SealVerifier } from "../../../node/cl/pow/seal.ts";
import { bytesToBigInt, fromHex, type Hash32, hashFromHex, toHex, ZERO_HASH } from "../../../node/codec/bytes.ts";
import { WireReader } from "../../../node/codec/wire.ts";
import { readCases, readVectorFile, VECTORS } from "./vectors.testkit.ts";

type Checks = readonly (readonly [difficulty: string, accepted: boolean])[];

interface HeaderCase {
  readonly kind: "root" | "minor";
  readonly header: string;
  readonly miningHash: string;
  readonly nonce: string;
}

interface ExpectedProof {
  readonly mixhash: string;
  readonly result: string;
}

interface EthashCase extends HeaderCase, ExpectedProof {
  readonly height: number;
  readonly epoch: number;
  readonly checks: Checks;
  readonly rejectedMixhash: string;
}

interface QkchashCase extends HeaderCase {
  readonly height: number;
  readonly epoch: number;
  readonly qkchash: ExpectedProof & { readonly checks: Checks };
  readonly qkchashX: ExpectedProof & { readonly checks: Checks };
  readonly rotationStats: string;
}

const CACHE_SLOTS = 3;
const HIGHEST_HEIGHT = 89_999;

function sealOf(vector: HeaderCase, consensusType: SealInput["consensusType"], height: number, mixhash: Hash32): Seal {
  const miningHash = hashFromHex(vector.miningHash);
  return { consensusType, miningHash, nonce: BigInt(vector.nonce), mixhash, height, qkchashX: false };
}

type Seal = Omit<SealInput, "difficulty">;

function verdicts(verifier: SealVerifier, seal: Seal, checks: Checks): Checks {
  return checks.map(([difficulty]) => [difficulty, verifier.verify({ ...seal, difficulty: BigInt(difficulty) }).ok]);
}

function miningHashOf({ kind, header }: HeaderCase): string {
  const reader = new WireReader(fromHex(header));
  return toHex(
    kind === "root" ? rootMiningHash(readRootBlockHeader(reader)) : minorMiningHash(readMinorBlockHeader(reader)),
  );
}

function ethashCache(epoch: number): EthashCache {
  const words = new Int32Array(cacheBytes(epoch) / 4);
  fillEthashCache(epoch, words);
  return ethashCacheOver(epoch, words);
}

function rowHex({ words }: EthashCache, row: number): string {
  return toHex(new Uint8Array(words.buffer, words.byteOffset + row * 64, 64));
}

/** One value for each key, made when it is first asked for. */
function remembered<Value>(make: (key: number) => Value): (key: number) => Value {
  const values = new Map<number, Value>();
  return (key) => {
    const value = values.get(key) ?? make(key);
    values.set(key, value);
    return value;
  };
}

describe.skipIf(VECTORS === undefined)("proof of work", () => {
  const verifier = new SealVerifier(createSharedEthashCaches(CACHE_SLOTS, HIGHEST_HEIGHT));

  test("pow/double_sha256.json", () => {
    for (const vector of readCases<HeaderCase & { result: string; checks: Checks }>("pow/double_sha256.json")) {
      const seal = sealOf(vector, "POW_DOUBLESHA256", 1, ZERO_HASH);
      expect.soft(miningHashOf(vector)).toBe(vector.miningHash);
      expect.soft(toHex(doubleSha256(seal.miningHash, seal.nonce))).toBe(vector.result);
      expect.soft(verdicts(verifier, seal, vector.checks)).toEqual(vector.checks);
    }
  });

  test("pow/ethash.json, seals", () => {
    const cacheOf = remembered(ethashCache);
    for (const vector of readCases<EthashCase>("pow/ethash.json")) {
      const { mixhash, result } = ethashProof(
        cacheOf(vector.epoch),
        hashFromHex(vector.miningHash),
        BigInt(vector.nonce),
      );
      const seal = sealOf(vector, "POW_ETHASH", vector.height, mixhash);
      expect.soft(miningHashOf(vector)).toBe(vector.miningHash);
      expect.soft([toHex(mixhash), toHex(result)]).toEqual([vector.mixhash, vector.result]);
      expect.soft(verdicts(verifier, seal, vector.checks)).toEqual(vector.checks);
      const altered = { ...seal, mixhash: hashFromHex(vector.rejectedMixhash), difficulty: 1n };
      expect.soft(verifier.verify(altered)).toEqual({ ok: false, reason: "mix" });
    }
  });

  test("pow/ethash.json, sizes and caches", () => {
    const { sizes, caches } = readVectorFile<{
      sizes: readonly (readonly [number, string, number, number])[];
      caches: readonly { epoch: number; rows: number; first: string; last: string }[];
    }>("pow/ethash.json");
    for (const row of sizes) {
      const [epoch] = row;
      expect.soft([epoch, toHex(epochSeed(epoch)), cacheBytes(epoch), datasetBytes(epoch)]).toEqual(row);
    }
    for (const { epoch, rows, first, last } of caches) {
      const cache = ethashCache(epoch);
      expect.soft([cache.rowCount, rowHex(cache, 0), rowHex(cache, rows - 1)]).toEqual([rows, first, last]);
    }
    console.info(`pow/ethash.json: ${sizes.length} sizes, ${caches.length} caches`);
  });

  test("pow/ethash_epoch520.json", () => {
    const cache = ethashCache(520);
    type Case = Omit<HeaderCase, "kind" | "header"> & { readonly standard: ExpectedProof };
    for (const { miningHash, nonce, standard } of readCases<Case>("pow/ethash_epoch520.json")) {
      const { mixhash, result } = ethashProof(cache, hashFromHex(miningHash), BigInt(nonce));
      expect.soft({ mixhash: toHex(mixhash), result: toHex(result) }).toEqual(standard);
    }
  });

  test("pow/qkchash.json, seals", () => {
    const cacheOf = remembered<QkchashCache>(createQkchashCache);
    for (const vector of readCases<QkchashCase>("pow/qkchash.json")) {
      expect.soft(miningHashOf(vector)).toBe(vector.miningHash);
      const [plain, extended] = [false, true].map((qkchashX) => {
        const { mixhash, result, checks } = qkchashX ? vector.qkchashX : vector.qkchash;
        const proof = qkchashProof(
          cacheOf(vector.epoch),
          hashFromHex(vector.miningHash),
          BigInt(vector.nonce),
          qkchashX,
        );
        expect.soft([toHex(proof.mixhash), toHex(proof.result)]).toEqual([mixhash, result]);
        const seal = { ...sealOf(vector, "POW_QKCHASH", vector.height, proof.mixhash), qkchashX };
        expect.soft(verdicts(verifier, seal, checks)).toEqual(checks);
        expect.soft(verifier.verify({ ...seal, qkchashX: !qkchashX, difficulty: 1n }).ok).toBe(false);
        return bytesToBigInt(proof.mixhash);
      });
      expect.soft((plain ^ extended).toString(16).padStart(64, "0")).toBe(vector.rotationStats);
    }
  });

  test("pow/qkchash.json, caches", () => {
    type Cache = { epoch: number; seed: string; entries: number; first: string; middle: string; last: string };
    const { caches } = readVectorFile<{ caches: readonly Cache[] }>("pow/qkchash.json");
    for (const { epoch, seed, entries, first, middle, last } of caches) {
      const numbers = sortedCacheNumbers(epoch);
      expect.soft(toHex(epochSeed(epoch))).toBe(seed);
      expect.soft(numbers.length).toBe(entries);
      expect.soft([0, 32768, entries - 1].map((i) => String(numbers[i]))).toEqual([first, middle, last]);
    }
    console.info(`pow/qkchash.json: ${caches.length} caches`);
  });
});
