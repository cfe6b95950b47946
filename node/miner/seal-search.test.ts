import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSharedEthashCaches } from "../cl/pow/ethash-cache-pool.ts";
import { SealVerifier } from "../cl/pow/seal.ts";
import { type SealedType, SealHasher } from "../cl/pow/seal-hasher.ts";
import { buildThread, type ThreadFile } from "../codec/thread-file.testkit.ts";
import { hashOf } from "./mined-block.testkit.ts";
import { NonceWalk, type SealJob } from "./seal-search.ts";
import { ThreadedSealSearch } from "./threaded-seal-search.ts";
import type { Seal } from "./work-cache.ts";

const caches = createSharedEthashCaches(1, 0);

function job(type: SealedType, difficulty: bigint, qkchashX = false): SealJob {
  return { type, miningHash: hashOf(3), height: 10, difficulty, qkchashX };
}

function verdictOn({ type, ...subject }: SealJob, seal: Seal) {
  return new SealVerifier(caches).verify({ consensusType: type, ...subject, ...seal });
}

describe("NonceWalk", () => {
  test.each([
    ["POW_DOUBLESHA256", 300n, false],
    ["POW_QKCHASH", 3n, false],
    ["POW_QKCHASH", 3n, true],
  ] as const)("finds a seal of %s that a verifier takes", (type, difficulty, qkchashX) => {
    const sought = job(type, difficulty, qkchashX);
    // The highest nonce is followed by 0.
    const walk = new NonceWalk(new SealHasher(caches), sought, (1n << 64n) - 1n);
    let seal: Seal | undefined;
    for (let n = 0; n < 20_000 && seal === undefined; n++) seal = walk.next(1);
    expect(seal).toBeDefined();
    expect(verdictOn(sought, seal as Seal)).toEqual({ ok: true });
    expect(verdictOn({ ...sought, miningHash: hashOf(4), difficulty: 1n << 200n }, seal as Seal).ok).toBe(false);
  });

  test("gives up after as many nonces as it is told", () => {
    let proofs = 0;
    const hasher = new SealHasher(caches);
    const counting = {
      proof: (...args: Parameters<SealHasher["proof"]>) => {
        proofs++;
        return hasher.proof(...args);
      },
    };
    expect(new NonceWalk(counting, job("POW_DOUBLESHA256", 1n << 250n), 0n).next(77)).toBeUndefined();
    expect(proofs).toBe(77);
  });
});

describe("ThreadedSealSearch", () => {
  let thread: ThreadFile;
  beforeAll(async () => {
    thread = await buildThread("node/miner/seal-thread.ts");
  });
  afterAll(() => thread.remove());

  test("finds seals in its thread, one search after the other, and leaves one at once when told so", async () => {
    const search = new ThreadedSealSearch(caches, thread.file);
    try {
      const endless = new AbortController();
      const never = search.find(job("POW_DOUBLESHA256", 1n << 250n), endless.signal);
      setTimeout(() => endless.abort(), 300);
      let ticks = 0;
      const ticking = setInterval(() => ticks++, 10);
      expect(await never).toBeUndefined();
      clearInterval(ticking);
      // Whoever mines stays free.
      expect(ticks).toBeGreaterThan(5);
      for (const sought of [job("POW_DOUBLESHA256", 5000n), job("POW_QKCHASH", 2n), job("POW_ETHASH", 2n)]) {
        const seal = await search.find(sought, new AbortController().signal);
        expect(verdictOn(sought, seal as Seal)).toEqual({ ok: true });
      }
      expect(await search.find(job("POW_DOUBLESHA256", 1n), AbortSignal.abort())).toBeUndefined();
    } finally {
      await search.close();
    }
  }, 120_000);

  test("a height without an epoch is an error, and the next search is answered", async () => {
    const search = new ThreadedSealSearch(caches, thread.file);
    try {
      const signal = new AbortController().signal;
      const beyond = { ...job("POW_ETHASH", 1n), height: 100_000_000 };
      await expect(search.find(beyond, signal)).rejects.toThrow(/no seal can be sought: .*epoch/);
      expect(await search.find(job("POW_DOUBLESHA256", 1n), signal)).toBeDefined();
    } finally {
      await search.close();
    }
  });

  test("a thread that cannot start is an error of the search", async () => {
    const search = new ThreadedSealSearch(caches, thread.absent);
    await expect(search.find(job("POW_DOUBLESHA256", 1n), new AbortController().signal)).rejects.toThrow(/thread/);
    await search.close();
  });
});
