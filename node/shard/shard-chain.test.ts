import { beforeEach, describe, expect, test } from "vitest";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../chain/root-block.ts";
import { ROOT_GENESIS } from "../cl/chain-rules.testkit.ts";
import { bytesKey, toHex } from "../codec/bytes.ts";
import { VirtualClock } from "../codec/virtual-clock.testkit.ts";
import type { BlockOutcome, RootOutcome } from "./chain-types.ts";
import { RootIndex } from "./root-chains.ts";
import { ShardChain } from "./shard-chain.ts";
import {
  BelievingEngine,
  EMPTY_LIST,
  Lab,
  labConfig,
  MemoryRows,
  type OpenShard,
  openShard,
  SHARD_A,
  SHARD_B,
} from "./shard-lab.testkit.ts";
import { ClStore } from "./store/cl-store.ts";

const hashOf = ({ header }: MinorBlock) => minorHeaderHash(header);
const NOW = 1e10;

let lab: Lab;
let shard: OpenShard;
let genesis: MinorBlock;

beforeEach(async () => {
  lab = new Lab();
  shard = await openShard(lab.config, SHARD_A);
  await shard.chain.addRootBlock(lab.rootGenesis);
  genesis = lab.genesis(SHARD_A);
});

async function add(...blocks: readonly MinorBlock[]): Promise<readonly BlockOutcome[]> {
  return await shard.chain.addBlocks(blocks, { now: NOW });
}

function chainOf(parent: MinorBlock, length: number, root: RootBlock = lab.rootGenesis): MinorBlock[] {
  const blocks: MinorBlock[] = [];
  for (let at = parent; blocks.length < length; at = blocks[blocks.length - 1]) {
    blocks.push(lab.block(at.header, root.header));
  }
  return blocks;
}

function headIs(block: MinorBlock): void {
  expect(toHex(shard.chain.snapshot!.head.hash)).toBe(toHex(hashOf(block)));
  expect(toHex(shard.engine.head)).toBe(toHex(hashOf(block)));
}

/** Empty root blocks on `root` until one of them is the root tip. */
async function growUntilTip(root: RootBlock, seconds: number): Promise<RootOutcome> {
  for (let at = lab.root(root.header, [], seconds), i = 0; i < 60; at = lab.root(at.header, [], seconds), i++) {
    const outcome = await shard.chain.addRootBlock(at);
    if (outcome.status !== "added" || outcome.isTip) return outcome;
  }
  throw new Error("60 root blocks did not make it the tip");
}

/** The same rows and the same engine, as after the end of the process. */
async function reopened(engine = shard.engine): Promise<OpenShard> {
  return await openShard(lab.config, SHARD_A, { rows: new MemoryRows(shard.rows.rows), engine });
}

describe("a shard comes to life", () => {
  test("on the root block of its genesis height, with a genesis block that has to be told and committed", async () => {
    const fresh = await openShard(lab.config, SHARD_A);
    expect(fresh.chain.snapshot).toBeUndefined();
    const outcome = await fresh.chain.addRootBlock(lab.rootGenesis);
    expect(outcome).toMatchObject({ status: "added", isTip: true, genesis: { hash: hashOf(genesis) } });
    expect(fresh.chain.snapshot).toMatchObject({
      head: { height: 0 },
      confirmed: undefined,
      tipState: { kind: "bare", timestamp: 0 },
    });
    expect(await fresh.chain.unfinished()).toMatchObject([{ height: 0 }]);
    expect(fresh.chain.statusOf(hashOf(genesis))).toBe("executed");
    await fresh.chain.commit([hashOf(genesis)]);
    expect(fresh.chain.statusOf(hashOf(genesis))).toBe("committed");
    expect(await fresh.chain.unfinished()).toEqual([]);
  });

  test("and knows nothing before", async () => {
    const fresh = await openShard(lab.config, SHARD_A);
    const [outcome] = await fresh.chain.addBlocks(chainOf(genesis, 1));
    expect(outcome).toMatchObject({ status: "refused", reason: "parent-unknown" });
  });
});

describe("blocks", () => {
  test("are executed, become the head, and are indexed by height", async () => {
    const blocks = chainOf(genesis, 3);
    const outcomes = await add(...blocks);
    expect(outcomes.map(({ status }) => status)).toEqual(["added", "added", "added"]);
    headIs(blocks[2]);
    expect(shard.chain.hashAt(2)).toEqual(hashOf(blocks[1]));
    expect(shard.chain.hashAt(4)).toBeUndefined();
    expect(shard.chain.snapshot?.tipState).toMatchObject({
      kind: "executed",
      gasLimit: blocks[2].header.gasLimit / 2n,
    });
  });

  test("are told to every neighbour, be it of nothing", async () => {
    const root = lab.root(lab.rootGenesis.header, []);
    await shard.chain.addRootBlock(root);
    const [outcome] = await add(lab.block(genesis.header, root.header));
    if (outcome.status !== "added") throw new Error("not added");
    expect([...outcome.executed.sends.keys()]).toEqual([SHARD_B, 0x10003]);
  });

  test("that are there are known, with what is left to do for them", async () => {
    const [block] = chainOf(genesis, 1);
    await add(block);
    expect(await add(block)).toMatchObject([{ status: "known", isCommitted: false }]);
    await shard.chain.commit([hashOf(block)]);
    expect(await add(block)).toMatchObject([{ status: "known", isCommitted: true }]);
    expect(shard.engine.executions.get(bytesKey(hashOf(block)))).toBe(1);
  });

  test("two calls with the same block execute it once, and one of them adds it", async () => {
    const [block] = chainOf(genesis, 1);
    const outcomes = (await Promise.all([add(block), add(block), add(block)])).flat();
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["added", "known", "known"]);
    expect(shard.engine.executions.get(bytesKey(hashOf(block)))).toBe(1);
  });

  test("whose parent, root block or time is wrong are refused by name and leave nothing", async () => {
    const [parent, child] = chainOf(genesis, 2);
    const rows = new Map(shard.rows.rows);
    expect(await add(child)).toMatchObject([{ status: "refused", reason: "parent-unknown" }]);
    const unknownRoot = lab.root(lab.rootGenesis.header, []);
    expect(await add(lab.block(genesis.header, unknownRoot.header))).toMatchObject([{ reason: "root-unknown" }]);
    const [future] = await shard.chain.addBlocks([parent], { now: parent.header.createTime - 16 });
    expect(future).toMatchObject({ reason: "invalid", verdict: { violations: [{ code: "TIME_IN_FUTURE" }] } });
    expect(shard.rows.rows).toEqual(rows);
    expect(shard.engine.held.size).toBe(1);
  });

  test("that execute to something else are refused, and what stands on them is not looked at", async () => {
    const [bad, child] = chainOf(genesis, 2);
    shard.engine.differing.add(bytesKey(hashOf(bad)));
    const outcomes = await add(bad, child);
    expect(outcomes).toMatchObject([{ reason: "invalid", verdict: { differences: [{ field: "stateRoot" }] } }]);
    expect(shard.chain.statusOf(hashOf(bad))).toBe("unknown");
    // A verdict is not remembered: what came with the block may have been wrong.
    shard.engine.differing.clear();
    expect((await add(bad, child)).map(({ status }) => status)).toEqual(["added", "added"]);
  });

  test("of a longer branch take the head over, and the index with it", async () => {
    const old = chainOf(genesis, 2);
    const fresh = chainOf(genesis, 3);
    await add(...old);
    expect(await add(...fresh)).toMatchObject([
      { move: undefined },
      { move: undefined },
      { move: { leaving: [{ height: 1 }, { height: 2 }], joining: [{ height: 1 }, { height: 2 }, { height: 3 }] } },
    ]);
    headIs(fresh[2]);
    for (const block of fresh) expect(shard.chain.hashAt(block.header.height)).toEqual(hashOf(block));
  });

  test("far below the head are refused where they come as new ones", async () => {
    const config = { ...lab.config, root: { ...lab.config.root, maxStaleRootBlockHeightDiff: 0 } };
    shard = await openShard(config, SHARD_A);
    await shard.chain.addRootBlock(lab.rootGenesis);
    await add(...chainOf(genesis, 2));
    const [late] = chainOf(genesis, 1);
    expect(await shard.chain.addBlocks([late], { refuseOld: true })).toMatchObject([{ reason: "too-old" }]);
    expect(await shard.chain.addBlocks([late])).toMatchObject([{ status: "added" }]);
  });
});

describe("root blocks", () => {
  test("confirm blocks, and their lists have to be here", async () => {
    const [block] = chainOf(genesis, 1);
    await add(block);
    const early = lab.root(lab.rootGenesis.header, [genesis, block]);
    expect(await shard.chain.addRootBlock(early)).toMatchObject({ status: "added", isTip: true, move: undefined });
    expect(shard.chain.snapshot?.confirmed?.hash).toEqual(hashOf(block));

    const other = lab.block(lab.genesis(SHARD_B).header, early.header);
    const later = lab.root(early.header, [other]);
    const missing = { sourceMinorHash: hashOf(other), sourceFullShardId: SHARD_B };
    expect(await shard.chain.addRootBlock(later)).toEqual({
      status: "refused",
      reason: "list-missing",
      lists: [missing],
    });
    await shard.chain.receive([{ sourceMinorHash: hashOf(other), encoded: EMPTY_LIST }]);
    expect(await shard.chain.addRootBlock(later)).toMatchObject({ status: "added", isTip: true });
    expect(await shard.chain.addRootBlock(later)).toEqual({ status: "known" });
  });

  test("are refused without their parent, with unknown blocks of this shard, and where these are not linked", async () => {
    const [first, second] = chainOf(genesis, 2);
    const root = lab.root(lab.rootGenesis.header, [genesis, first]);
    expect(await shard.chain.addRootBlock(lab.root(root.header, []))).toMatchObject({ reason: "parent-unknown" });
    expect(await shard.chain.addRootBlock(root)).toMatchObject({ reason: "minor-unknown", hashes: [hashOf(first)] });
    await add(first, second);
    expect(await shard.chain.addRootBlock(lab.root(lab.rootGenesis.header, [second]))).toMatchObject({
      reason: "not-linked",
    });
    expect(await shard.chain.addRootBlock(root)).toMatchObject({ status: "added" });
  });

  test("reset the head: to the block they confirm, whose state is a bare one then", async () => {
    const kept = chainOf(genesis, 1);
    const dropped = chainOf(genesis, 3);
    await add(...kept, ...dropped);
    headIs(dropped[2]);
    const outcome = await shard.chain.addRootBlock(lab.root(lab.rootGenesis.header, [genesis, kept[0]]));
    expect(outcome).toMatchObject({ move: { leaving: [{}, {}, {}], joining: [{ height: 1 }] } });
    headIs(kept[0]);
    expect(shard.chain.snapshot?.tipState).toMatchObject({ kind: "bare", timestamp: 1000 });
    expect(shard.chain.hashAt(2)).toBeUndefined();
    expect(shard.chain.statusOf(hashOf(dropped[2]))).toBe("executed");
    // Known blocks are not adopted again by themselves, and their children are refused by the rules.
    const [child] = await add(lab.block(kept[0].header, lab.rootGenesis.header));
    expect(child).toMatchObject({ status: "added", move: { to: { height: 2 } } });
  });

  test("of a heavier fork take the head back to where the two part, forty root blocks down", async () => {
    let [root, block] = [lab.rootGenesis, genesis];
    const forkPoint = { root, block };
    for (let i = 0; i < 40; i++) {
      const child = lab.block(block.header, root.header);
      await add(child);
      root = lab.root(root.header, block.header.height === 0 ? [block, child] : [child]);
      expect(await shard.chain.addRootBlock(root)).toMatchObject({ status: "added", isTip: true });
      block = child;
    }
    const [oldTip, oldHead] = [root, block];
    const outcome = await growUntilTip(forkPoint.root, 59);
    expect(outcome).toMatchObject({ isTip: true, move: { to: { height: 1 } } });
    expect(shard.chain.snapshot?.head.height).toBe(1);
    // And back, when the first fork grows again.
    expect(await growUntilTip(oldTip, 60)).toMatchObject({ isTip: true });
    headIs(oldHead);
  });

  test("wait a second at most for an engine that hangs, which hears of the head before the next block", async () => {
    const waits = new VirtualClock();
    const engine = new BelievingEngine();
    const link = { wait: async () => {} };
    const { config } = lab;
    const store = new ClStore(new MemoryRows(), SHARD_A);
    const chain = ShardChain.open({
      ...{ config, store, roots: new RootIndex(store), engine: engine.over(() => link.wait()), keepsHistory: true },
      ...{ clock: () => 1000, waits },
    });
    await chain.addRootBlock(lab.rootGenesis);
    const [first, second] = chainOf(genesis, 2);
    await chain.addBlocks([first], { now: NOW });
    let comeBack: () => void = () => {};
    const back = new Promise<void>((resolve) => {
      comeBack = resolve;
    });
    link.wait = () => back;
    const adding = chain.addBlocks([second], { now: NOW });
    const taken = chain.addRootBlock(lab.root(ROOT_GENESIS, [genesis, first]));
    await waits.advance(1000);
    expect(await taken).toMatchObject({ status: "added", isTip: true });
    expect(chain.snapshot?.rootTip.header.height).toBe(1);
    comeBack();
    expect(await adding).toMatchObject([{ status: "added" }]);
    await chain.idle();
    expect(toHex(engine.head)).toBe(toHex(chain.snapshot!.head.hash));
    expect(chain.engineLags).toBe(false);
  });

  test("of the genesis height make another genesis block, which becomes the head when its chain wins", async () => {
    lab = new Lab(labConfig(1));
    shard = await openShard(lab.config, SHARD_B);
    const [r1, s1] = [lab.root(lab.rootGenesis.header, []), lab.root(lab.rootGenesis.header, [])];
    expect(await shard.chain.addRootBlock(r1)).toMatchObject({ status: "added", isTip: true });
    const first = lab.genesis(SHARD_B, r1.header);
    await add(lab.block(first.header, r1.header));
    expect(await shard.chain.addRootBlock(s1)).toMatchObject({ status: "added", isTip: false, move: undefined });
    const second = lab.genesis(SHARD_B, s1.header);
    const s2 = lab.root(s1.header, []);
    expect(await shard.chain.addRootBlock(s2)).toMatchObject({
      isTip: true,
      move: { leaving: [{ height: 0 }, { height: 1 }], joining: [{ height: 0 }] },
    });
    headIs(second);
    expect(shard.chain.hashAt(0)).toEqual(hashOf(second));
    expect(shard.chain.hashAt(1)).toBeUndefined();
    const r2 = lab.root(r1.header, []);
    await shard.chain.addRootBlock(r2);
    await shard.chain.addRootBlock(lab.root(r2.header, []));
    headIs(first);
  });

  test("may confirm what stands on a root block below the shard's genesis: it sent nothing here (P9)", async () => {
    lab = new Lab(labConfig(3));
    shard = await openShard(lab.config, SHARD_B);
    let root = lab.rootGenesis;
    const old = lab.block(lab.genesis(SHARD_A).header, root.header);
    for (let i = 0; i < 3; i++) root = lab.root(root.header, []);
    expect(await shard.chain.addRootBlock(root)).toMatchObject({ status: "added" });
    const next = lab.root(root.header, [old]);
    expect(await shard.chain.addRootBlock(next)).toMatchObject({ status: "added", isTip: true });
    const [outcome] = await add(lab.block(lab.genesis(SHARD_B, root.header).header, next.header));
    expect(outcome).toMatchObject({ status: "added" });
  });
});

describe("lists", () => {
  test("survive at once, and never change", async () => {
    const source = hashOf(genesis);
    await shard.chain.receive([{ sourceMinorHash: source, encoded: EMPTY_LIST }]);
    const { store, chain } = await reopened();
    expect(store.depositList(source)?.deposits).toEqual([]);
    await chain.receive([{ sourceMinorHash: source, encoded: EMPTY_LIST }]);
    await expect(chain.receive([{ sourceMinorHash: source, encoded: Uint8Array.of(0) }])).rejects.toThrow(
      "sends shard 1 something else than when it was executed before",
    );
  });
});

describe("after the end of the process", () => {
  test("the chain stands where its rows say, and unfinished blocks can be finished", async () => {
    const blocks = chainOf(genesis, 3);
    await add(...blocks);
    await shard.chain.commit([hashOf(genesis), hashOf(blocks[0])]);
    shard = await reopened();
    headIs(blocks[2]);
    expect(shard.chain.snapshot?.tipState.kind).toBe("bare");
    const left = await shard.chain.unfinished();
    expect(left.map(({ height }) => height)).toEqual([2, 3]);
    for (const { hash } of left) {
      const { block, sends } = await shard.chain.finish(hash);
      expect(block.header.height).toBeGreaterThan(1);
      expect([...sends.values()].flat()).toEqual([]);
      await shard.chain.commit([hash]);
    }
    expect(await shard.chain.unfinished()).toEqual([]);
  });

  test("an engine that lost its newest blocks, which are nowhere else, is a fault by name", async () => {
    const blocks = chainOf(genesis, 2);
    await add(...blocks);
    shard.engine.held.delete(bytesKey(hashOf(blocks[1])));
    await expect(reopened()).rejects.toThrow("lost block 2");
    const old = new BelievingEngine();
    await expect(reopened(old)).rejects.toThrow("lost block 1");
  });

  test("the master's root tip decides: what it does not confirm is canonical no longer (P10)", async () => {
    const [confirmed, ...above] = chainOf(genesis, 3);
    await add(confirmed, ...above);
    const root = lab.root(lab.rootGenesis.header, [genesis, confirmed]);
    await shard.chain.addRootBlock(root);
    headIs(above[1]);
    shard = await reopened();
    expect(await shard.chain.startFrom(rootHeaderHash(root.header))).toBe(true);
    headIs(confirmed);
    expect(shard.chain.hashAt(2)).toBeUndefined();
    expect(await shard.chain.startFrom(rootHeaderHash(lab.rootGenesis.header))).toBe(true);
    headIs(genesis);
    expect(shard.chain.hashAt(1)).toBeUndefined();
    expect(await shard.chain.startFrom(rootHeaderHash(lab.root(root.header, []).header))).toBe(false);
  });

  test("a write that fails breaks the chain, whose rows are whole", async () => {
    let fails = false;
    const failing = async () => {
      if (fails) throw new Error("no space left");
    };
    const rows = new MemoryRows(shard.rows.rows, failing);
    shard = await openShard(lab.config, SHARD_A, { rows, engine: shard.engine });
    const blocks = chainOf(genesis, 2);
    await add(blocks[0]);
    fails = true;
    await expect(add(blocks[1])).rejects.toThrow("no space left");
    fails = false;
    await expect(add(blocks[1])).rejects.toThrow("no space left");
    expect(shard.chain.snapshot?.head.height).toBe(1);
    shard = await reopened();
    expect((await add(blocks[1]))[0].status).toBe("added");
  });

  test("a marker without its block is refused", async () => {
    const [block] = chainOf(genesis, 1);
    await expect(shard.chain.commit([hashOf(block)])).rejects.toThrow("is committed and was never executed");
  });
});
