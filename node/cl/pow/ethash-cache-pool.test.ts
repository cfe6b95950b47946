import { beforeEach, expect, test, vi } from "vitest";
import { type EthashCache, fillEthashCache } from "./ethash.ts";
import { createSharedEthashCaches, EthashCachePool } from "./ethash-cache-pool.ts";
import { cacheBytes } from "./ethash-size.ts";

// The pool is tested without the half second that each real cache takes.
vi.mock("./ethash.ts", async (original) => ({ ...(await original<object>()), fillEthashCache: vi.fn() }));
const fill = vi.mocked(fillEthashCache);

const EPOCH_LENGTH = 30_000;

beforeEach(() => {
  fill.mockReset().mockImplementation((epoch, words) => {
    words[99] = 1000 + epoch;
  });
});

const filledFor = ({ words }: EthashCache): number => words[99] - 1000;
const bufferOf = ({ words }: EthashCache): ArrayBufferLike => words.buffer;

test("a cache that one thread filled is read by the others", () => {
  const shared = createSharedEthashCaches(1, 0);
  expect(new EthashCachePool(shared).use(0, filledFor)).toBe(0);
  const other = new EthashCachePool({ ...shared });
  expect(other.use(0, filledFor)).toBe(0);
  expect(other.use(0, bufferOf)).toBe(shared.slots[0]);
  expect(fill).toHaveBeenCalledTimes(1);
});

test("each epoch has the words and pages that belong to it", () => {
  const pool = new EthashCachePool(createSharedEthashCaches(1, EPOCH_LENGTH));
  for (const epoch of [1, 0, 1]) {
    pool.use(epoch, (cache) => {
      expect(cache.epoch).toBe(epoch);
      expect(cache.words.byteLength).toBe(cacheBytes(epoch));
      expect(filledFor(cache)).toBe(epoch);
    });
  }
});

test("the least recently used cache makes room", () => {
  const pool = new EthashCachePool(createSharedEthashCaches(2, 2 * EPOCH_LENGTH));
  for (const epoch of [0, 1, 0, 2, 0, 1]) expect(pool.use(epoch, filledFor)).toBe(epoch);
  expect(fill.mock.calls.map(([epoch]) => epoch)).toEqual([0, 1, 2, 1]);
});

test("a cache stays in place while it is used", () => {
  const shared = createSharedEthashCaches(1, EPOCH_LENGTH);
  const pool = new EthashCachePool(shared);
  pool.use(0, (cache) => {
    expect(new EthashCachePool(shared).use(1, bufferOf)).not.toBe(bufferOf(cache));
    expect(filledFor(cache)).toBe(0);
  });
});

test("an exception gives the cache free", () => {
  const pool = new EthashCachePool(createSharedEthashCaches(1, EPOCH_LENGTH));
  const failing = () =>
    pool.use(0, () => {
      throw new Error("on purpose");
    });
  expect(failing).toThrow("on purpose");
  expect(pool.use(1, bufferOf)).toBe(pool.shared.slots[0]);
});

test("a cache too large for the slots is computed apart, once", () => {
  const pool = new EthashCachePool(createSharedEthashCaches(1, 0));
  expect([1, 1].map((epoch) => pool.use(epoch, filledFor))).toEqual([1, 1]);
  expect(pool.use(1, bufferOf)).not.toBe(pool.shared.slots[0]);
  expect(fill).toHaveBeenCalledTimes(1);
});

test("nobody waits twice for a thread that ended while it filled a cache", () => {
  const shared = createSharedEthashCaches(2, 0);
  fill.mockImplementationOnce(() => {
    throw new Error("ended");
  });
  expect(() => new EthashCachePool(shared).use(0, filledFor)).toThrow("ended");

  const patienceMs = 300;
  const other = new EthashCachePool(shared, patienceMs);
  expect(other.use(0, bufferOf)).toBe(shared.slots[1]);
  const start = performance.now();
  expect([0, 0, 0].map((epoch) => other.use(epoch, filledFor))).toEqual([0, 0, 0]);
  expect(performance.now() - start).toBeLessThan(patienceMs);
});
