import { beforeEach, expect, it } from "vitest";
import { rootGenesisBlock } from "../chain/genesis.ts";
import { encodeRootBlock } from "../chain/root-block.ts";
import { CONFIG } from "../cl/chain-rules.testkit.ts";
import { RootBlocks } from "./root-blocks.ts";
import type { ShardApi } from "./shard-api.ts";

const GENESIS = rootGenesisBlock(CONFIG);
const root = (height: number) => encodeRootBlock({ ...GENESIS, header: { ...GENESIS.header, height } });

let events: string[];
let refusing: Set<string>;
let isWhole: boolean;
let roots: RootBlocks;

beforeEach(() => {
  events = [];
  refusing = new Set();
  isWhole = true;
  const shards = {
    alive: [shard("a"), shard("b")],
    areWhole: async () => isWhole,
    took: (payload: Uint8Array) => events.push(`took ${heightOf(payload)}`),
  };
  roots = new RootBlocks(shards as never, () => {});
});

function shard(name: string): Partial<ShardApi> {
  const later = () => new Promise((resolve) => setImmediate(resolve));
  return {
    async rootRefusal() {
      await later();
      return refusing.has(name) ? "it lacks a block" : undefined;
    },
    async addRoot(payload) {
      events.push(`${name} ${heightOf(payload)}`);
      await later();
      return { refusal: undefined, isTip: true };
    },
  };
}

function heightOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(4);
}

it("of two that arrive at once the second begins when all shards have the first (O3)", async () => {
  const added = await Promise.all([roots.add(root(1)), roots.add(root(2))]);
  expect(added).toEqual([
    { refusal: undefined, isTip: true },
    { refusal: undefined, isTip: true },
  ]);
  expect(events).toEqual(["a 1", "b 1", "took 1", "a 2", "b 2", "took 2"]);
});

it("one that a single shard cannot take is taken by none", async () => {
  refusing.add("b");
  expect(await roots.add(root(1))).toEqual({ refusal: "it lacks a block", isTip: false });
  expect(events).toEqual([]);
});

it("nor is one while a shard is being begun anew", async () => {
  isWhole = false;
  expect((await roots.add(root(1))).refusal).toContain("not alive");
  expect(events).toEqual([]);
});
