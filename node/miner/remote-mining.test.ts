import { expect, test } from "vitest";
import type { MinorBlock } from "../chain/minor-block.ts";
import { asAddress } from "../codec/bytes.ts";
import type { QkcAddress } from "../codec/wire.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import { hashOf, minedBlock } from "./mined-block.testkit.ts";
import { MinedBlocks } from "./mined-blocks.ts";
import { RemoteMining } from "./remote-mining.ts";

const SEAL = { nonce: 7n, mixhash: hashOf(9) };
const DEFAULT: QkcAddress = { recipient: asAddress(new Uint8Array(20).fill(1)), fullShardKey: 1 };
const OTHER: QkcAddress = { recipient: asAddress(new Uint8Array(20).fill(2)), fullShardKey: 1 };

function world({ remoteMine = true } = {}) {
  const state = {
    head: { hash: hashOf(1), height: 4 },
    isSyncing: false,
    now: 100_000,
    pushed: [] as MinorBlock[],
    isAdded: true,
    asked: [] as MinorBlock[],
  };
  const chain = {
    fullShardId: 1,
    get snapshot() {
      return { head: state.head } as ChainSnapshot;
    },
    sealTargetOf: async (block: MinorBlock) => {
      state.asked.push(block);
      return { difficulty: 2n, reason: "posw" as const, posw: null };
    },
  };
  const mined = new MinedBlocks({
    chain,
    isSyncing: () => state.isSyncing,
    push: async (block) => {
      state.pushed.push(block);
      return state.isAdded;
    },
  });
  const mining = new RemoteMining({
    mining: { remoteMine, coinbase: DEFAULT },
    chain,
    templates: {
      make: async (coinbase) =>
        minedBlock({
          prev: state.head.hash,
          height: state.head.height + 1,
          createTime: Math.floor(state.now / 1000),
          coinbase,
          difficulty: 20n,
        }),
    },
    mined,
    clock: () => state.now,
  });
  return { state, mining };
}

test("gives the difficulty that the coinbase's stake lowers, for the configured coinbase where nobody is named", async () => {
  const { state, mining } = world();
  const work = await mining.work();
  expect(work).toMatchObject({ height: 5, difficulty: 2n });
  expect(state.asked[0].header).toMatchObject({ coinbaseAddress: DEFAULT, difficulty: 20n });
  const other = await mining.work(OTHER);
  expect(other.hash).not.toEqual(work.hash);
  expect(state.asked[1].header.coinbaseAddress).toEqual(OTHER);
});

test("a seal is true once its block was added, and only then (P14)", async () => {
  const { state, mining } = world();
  const { hash } = await mining.work();
  state.isSyncing = true;
  expect(await mining.submit(hash, SEAL)).toBe(false);
  expect(state.pushed).toHaveLength(0);
  state.isSyncing = false;
  state.isAdded = false;
  expect(await mining.submit(hash, SEAL)).toBe(false);
  state.isAdded = true;
  expect(await mining.submit(hash, SEAL)).toBe(true);
  expect(await mining.submit(hash, SEAL)).toBe(false);
  expect(state.pushed).toHaveLength(2);
  expect(state.pushed[1].header).toMatchObject(SEAL);
});

test("work is given while the shard syncs, and what is on an old head is refused", async () => {
  const { state, mining } = world();
  state.isSyncing = true;
  const { hash } = await mining.work();
  state.isSyncing = false;
  state.head = { hash: hashOf(2), height: 5 };
  expect(await mining.submit(hash, SEAL)).toBe(false);
  expect(state.pushed).toHaveLength(0);
});

test("a shard that its slave mines gives no work and takes none", async () => {
  const { mining } = world({ remoteMine: false });
  await expect(mining.work()).rejects.toThrow(/REMOTE_MINE/);
  await expect(mining.submit(hashOf(1), SEAL)).rejects.toThrow(/REMOTE_MINE/);
});
