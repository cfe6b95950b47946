import { expect, test } from "vitest";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import { hashOf, minedBlock } from "./mined-block.testkit.ts";
import { MinedBlocks } from "./mined-blocks.ts";

function world() {
  const state = { head: 4 as number | undefined, isSyncing: false, pushed: 0 };
  const mined = new MinedBlocks({
    chain: {
      get snapshot() {
        return state.head === undefined ? undefined : ({ head: { height: state.head } } as ChainSnapshot);
      },
    },
    isSyncing: () => state.isSyncing,
    push: async () => {
      state.pushed++;
      return true;
    },
  });
  const add = (height: number) => mined.add(minedBlock({ prev: hashOf(1), height, createTime: 1 }));
  return { state, add };
}

test("pushes what is higher than the head, and nothing while the shard syncs or is not there", async () => {
  const { state, add } = world();
  expect(await add(5)).toBe(true);
  expect(await add(4)).toBe(false);
  expect(await add(3)).toBe(false);
  state.isSyncing = true;
  expect(await add(6)).toBe(false);
  state.isSyncing = false;
  state.head = undefined;
  expect(await add(6)).toBe(false);
  expect(state.pushed).toBe(1);
});
