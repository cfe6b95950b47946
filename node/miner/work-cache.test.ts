import { expect, test } from "vitest";
import { type MinorBlock, minorMiningHash } from "../chain/minor-block.ts";
import { asAddress, asHash32, bytesEqual, type Hash32 } from "../codec/bytes.ts";
import type { QkcAddress } from "../codec/wire.ts";
import { minedBlock } from "./mined-block.testkit.ts";
import { WorkCache } from "./work-cache.ts";

const hash = (n: number) => asHash32(new Uint8Array(32).fill(n));
const coinbase = (n: number): QkcAddress => ({ recipient: asAddress(new Uint8Array(20).fill(n)), fullShardKey: 1 });
const SEAL = { nonce: 7n, mixhash: hash(9) };

function blockOn(prev: Hash32, address: QkcAddress, createTime: number): MinorBlock {
  return minedBlock({ prev, height: 1, createTime, coinbase: address });
}

function world() {
  const state = { tip: hash(1), now: 100, made: 0, added: [] as MinorBlock[], answer: async () => true };
  const cache = new WorkCache({
    tipHash: () => state.tip,
    now: () => state.now,
    template: async (address) => {
      state.made++;
      return blockOn(state.tip, address, state.now);
    },
    add: async (block) => {
      state.added.push(block);
      return await state.answer();
    },
  });
  return { state, cache };
}

test("is the same until the tip moves or ten seconds are over, for each coinbase its own", async () => {
  const { state, cache } = world();
  const first = await cache.work(coinbase(1));
  state.now = 110;
  expect(await cache.work(coinbase(1))).toEqual(first);
  await cache.work(coinbase(2));
  expect(state.made).toBe(2);
  state.now = 111;
  const second = await cache.work(coinbase(1));
  expect(bytesEqual(second.hash, first.hash)).toBe(false);
  state.tip = hash(2);
  const third = await cache.work(coinbase(1));
  expect(third.block.header.prevMinorBlockHash).toEqual(hash(2));
  expect(state.made).toBe(4);
});

test("a seal goes into the block it is for, once", async () => {
  const { state, cache } = world();
  const work = await cache.work(coinbase(1));
  expect(await cache.submit(work.hash, SEAL)).toBe(true);
  expect(state.added[0].header).toMatchObject(SEAL);
  expect(minorMiningHash(state.added[0].header)).toEqual(work.hash);
  expect(await cache.submit(work.hash, SEAL)).toBe(false);
  expect(state.added).toHaveLength(1);
});

test("unknown and stale work is refused unseen; bad seals leave the work, and what was not added is not true", async () => {
  const { state, cache } = world();
  expect(await cache.submit(hash(5), SEAL)).toBe(false);
  const work = await cache.work(coinbase(1));
  state.answer = async () => Promise.reject(new Error("bad seal"));
  expect(await cache.submit(work.hash, SEAL)).toBe(false);
  state.answer = async () => false;
  expect(await cache.submit(work.hash, SEAL)).toBe(false);
  expect(state.added).toHaveLength(2);
  state.tip = hash(2);
  expect(await cache.submit(work.hash, SEAL)).toBe(false);
  state.tip = hash(1);
  expect(await cache.submit(work.hash, SEAL)).toBe(false);
  expect(state.added).toHaveLength(2);
});

test("the work of 128 coinbases is kept", async () => {
  const { state, cache } = world();
  const works = [];
  for (let n = 0; n < 129; n++) works.push(await cache.work(coinbase(n)));
  await cache.work(coinbase(128));
  expect(state.made).toBe(129);
  expect(await cache.submit(works[0].hash, SEAL)).toBe(false);
  expect(await cache.submit(works[1].hash, SEAL)).toBe(true);
});
