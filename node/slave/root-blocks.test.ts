import { beforeEach, describe, expect, it } from "vitest";
import { rootGenesisBlock } from "../chain/genesis.ts";
import { encodeRootBlock } from "../chain/root-block.ts";
import { CONFIG } from "../cl/chain-rules.testkit.ts";
import { VirtualClock } from "../codec/virtual-clock.testkit.ts";
import { RootBlocks } from "./root-blocks.ts";
import type { RootObjection, ShardApi } from "./shard-api.ts";

const GENESIS = rootGenesisBlock(CONFIG);
const root = (height: number) => encodeRootBlock({ ...GENESIS, header: { ...GENESIS.header, height } });

let events: string[];
let objections: Map<string, RootObjection>;
let lines: string[];
/** The root block that a shard takes when it is begun anew. */
let owed: number | undefined;
/** How often shard b fails at a root block. */
let failures: number;
let isWhole: boolean;
/** Whether what a shard lacks can be got. */
let isThere: boolean;
let clock: VirtualClock;
let roots: RootBlocks;

beforeEach(() => {
  events = [];
  objections = new Map();
  lines = [];
  owed = undefined;
  failures = 0;
  isWhole = true;
  isThere = true;
  const [a, b] = [shard("a"), shard("b")];
  const shards = {
    alive: [a, b],
    find: (fullShardId: number) => (fullShardId === SHARD_OF_A ? a : undefined),
    areWhole: async () => isWhole,
    owe: (payload: Uint8Array) => {
      owed = heightOf(payload);
    },
  };
  clock = new VirtualClock();
  roots = newRoots(shards);
});

function newRoots(shards: object): RootBlocks {
  const { signal } = new AbortController();
  return new RootBlocks({ shards: shards as never, clock, signal, log: (_, line) => lines.push(line) });
}

const NOTHING: RootObjection = { text: "", blocks: [], lists: [] };
const [SHARD_OF_A, FOREIGN_SHARD] = [1, 2];
const [ONE, TWO] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

function shard(name: string): Partial<ShardApi> {
  const later = () => new Promise((resolve) => setImmediate(resolve));
  return {
    async rootObjection() {
      await later();
      return objections.get(name);
    },
    async fetch(hashes) {
      if (!isThere) throw new Error("no peer is connected");
      events.push(`${name} fetches ${hashes.length}`);
      objections.delete(name);
    },
    async tellAgain(hashes) {
      events.push(`${name} tells of ${hashes.length}`);
      objections.delete("b");
    },
    async addRoot(payload) {
      await later();
      if (name === "b" && failures-- > 0) throw new Error("the disk is full");
      events.push(`${name} ${heightOf(payload)}`);
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
  expect(events).toEqual(["a 1", "b 1", "a 2", "b 2"]);
});

it("one that a single shard cannot take is taken by none", async () => {
  objections.set("b", { ...NOTHING, text: "it lacks a block" });
  expect(await roots.add(root(1))).toEqual({ refusal: "it lacks a block", isTip: false });
  expect(events).toEqual([]);
});

it("one at which a shard fails is tried again when that is begun anew, and is owed to it should it take longer", async () => {
  failures = 1;
  expect((await roots.add(root(1))).refusal).toBeUndefined();
  expect(events).toEqual(["a 1", "a 1", "b 1"]);
  failures = 2;
  await expect(roots.add(root(2))).rejects.toThrow("the disk is full");
  expect(owed).toBe(2);
});

it("nor is one while a shard is being begun anew", async () => {
  isWhole = false;
  expect((await roots.add(root(1))).refusal).toContain("not alive");
  expect(events).toEqual([]);
});

describe("what a shard lacks is got first (P18)", () => {
  it("its own blocks from a peer, then lists of deposits from the shard of this slave that owes them", async () => {
    objections.set("a", { ...NOTHING, text: "it lacks blocks", blocks: [ONE, TWO] });
    const owed = { sourceFullShardId: SHARD_OF_A, sourceMinorHash: ONE };
    objections.set("b", { ...NOTHING, text: "lists never came", lists: [owed, owed] });
    expect((await roots.add(root(1))).refusal).toBeUndefined();
    expect(events).toEqual(["a fetches 2", "a tells of 1", "a 1", "b 1"]);
  });

  it("and where nobody has it, all of them refuse, and the log says what could not be got", async () => {
    isThere = false;
    objections.set("a", { ...NOTHING, text: "it lacks a block", blocks: [ONE] });
    expect((await roots.add(root(1))).refusal).toBe("it lacks a block");
    expect(events).toEqual([]);
    expect(lines.join()).toContain("no peer is connected");
  });

  it("a list that another slave owes can be asked of nobody: it is waited for a little", async () => {
    const owed = { sourceFullShardId: FOREIGN_SHARD, sourceMinorHash: ONE };
    objections.set("b", { ...NOTHING, text: "lists never came", lists: [owed] });
    const [first, second] = [roots.add(root(1)), roots.add(root(2))];
    await clock.advance(10_000);
    expect((await first).refusal).toBe("lists never came");
    expect(events).toEqual([]);
    objections.clear();
    await clock.advance(2000);
    expect((await second).refusal).toBeUndefined();
  });

  it("but nothing is waited for longer than a minute", async () => {
    const shards = { alive: [{ ...shard("a"), fetch: () => new Promise(() => {}) }], areWhole: async () => true };
    roots = newRoots(shards);
    objections.set("a", { ...NOTHING, text: "it lacks a block", blocks: [ONE] });
    const adding = roots.add(root(1));
    for (let attempts = 0; attempts < 4; attempts++) await clock.advance(60_000);
    expect((await adding).refusal).toBe("it lacks a block");
  });
});
