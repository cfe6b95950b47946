import { beforeEach, describe, expect, test } from "vitest";
import { shardConfigOf } from "../chain/config.ts";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import type { RootBlock } from "../chain/root-block.ts";
import { wrapTransaction } from "../chain/typed-transaction.ts";
import { bytesKey, utf8 } from "../codec/bytes.ts";
import { Lab, SHARD_A } from "../shard/shard-lab.testkit.ts";
import { PushedBlockInvalidError, PushedBlocks } from "./pushed-blocks.ts";
import { relayTransactions } from "./relay-transactions.ts";
import { chainOn, LabPeer, NOW, openSyncShard, type SyncShard, syncConfig } from "./sync-lab.testkit.ts";
import type { SyncPeer } from "./sync-peer.ts";
import { Synchronizer } from "./synchronizer.ts";

let lab: Lab;
let shard: SyncShard;
let genesis: MinorBlock;
let peer: LabPeer;
let synchronizer: Synchronizer;
let pushed: PushedBlocks;
let sent: { block: MinorBlock; except: SyncPeer | undefined }[];

beforeEach(async () => {
  await begin(new Lab(syncConfig()));
});

async function begin(of: Lab, roots: readonly RootBlock[] = []): Promise<void> {
  lab = of;
  shard = await openSyncShard(lab, roots);
  genesis = lab.genesis(SHARD_A);
  peer = new LabPeer(shard.server);
  synchronizer = new Synchronizer(shard.parts);
  sent = [];
  pushed = new PushedBlocks({
    ...shard.parts,
    synchronizer,
    broadcast: (block, except) => sent.push({ block, except }),
  });
}

const hashOf = ({ header }: MinorBlock) => minorHeaderHash(header);
const isHead = (block: MinorBlock) => bytesKey(shard.chain.snapshot!.head.hash) === bytesKey(hashOf(block));

async function isIgnored(block: MinorBlock): Promise<void> {
  const calls = shard.intake.calls.length;
  expect(await pushed.push(block, peer)).toBe(false);
  expect(sent).toEqual([]);
  expect(shard.intake.calls).toHaveLength(calls);
}

test("a good block goes to all other peers before it is added", async () => {
  const [block] = chainOn(lab, genesis.header, 1);
  shard.intake.before = async () => expect(sent).toEqual([{ block, except: peer }]);
  expect(await pushed.push(block, peer)).toBe(true);
  expect(isHead(block)).toBe(true);
  expect(shard.intake.calls).toEqual([{ how: { refuseOld: true, telling: "each" }, heights: [1] }]);
  expect(shard.seals.asked).toHaveLength(1);
});

test("a block of our own miner goes to all peers", async () => {
  const [block] = chainOn(lab, genesis.header, 1);
  expect(await pushed.push(block, undefined)).toBe(true);
  expect(sent).toEqual([{ block, except: undefined }]);
});

describe("ignored without a word", () => {
  test("while the shard syncs", async () => {
    const [block] = chainOn(lab, genesis.header, 1);
    const other = new LabPeer(shard.server, { blocks: () => new Promise(() => {}) });
    synchronizer.addTask(lab.block(genesis.header, lab.rootGenesis.header).header, other);
    await isIgnored(block);
    other.leave();
    await synchronizer.idle();
    expect(await pushed.push(block, peer)).toBe(true);
  });

  test("what is there already, be it new or old", async () => {
    const blocks = chainOn(lab, genesis.header, 2);
    await shard.add(...blocks);
    for (const block of [...blocks, genesis]) await isIgnored(block);
  });

  test("a block whose parent nobody knows", () => isIgnored(chainOn(lab, genesis.header, 2)[1]));

  test("a block more than 15 seconds ahead", async () => {
    const [block] = chainOn(lab, genesis.header, 1);
    shard.intake.now = block.header.createTime - 16;
    await isIgnored(block);
    shard.intake.now++;
    expect(await pushed.push(block, peer)).toBe(true);
  });

  test("a block too far below the head", async () => {
    const config = syncConfig();
    const { targetBlockTime } = shardConfigOf(config, SHARD_A);
    const maxStaleRootBlockHeightDiff = Math.ceil((4 * targetBlockTime) / config.root.targetBlockTime);
    await begin(new Lab({ ...config, root: { ...config.root, maxStaleRootBlockHeightDiff } }));
    const most = Math.trunc((maxStaleRootBlockHeightDiff * config.root.targetBlockTime) / targetBlockTime);
    await shard.add(...chainOn(lab, genesis.header, most + 2));
    const side = chainOn(lab, genesis.header, 1);
    await isIgnored(side[0]);
    await shard.intake.add(side, { refuseOld: false, telling: "each" });
    expect(await pushed.push(chainOn(lab, side[0].header, 1)[0], peer)).toBe(true);
  });

  test("a block on a root block that is not here", async () => {
    const root = lab.root(lab.rootGenesis.header, []);
    const [block] = chainOn(lab, genesis.header, 1, root);
    await isIgnored(block);
    await shard.chain.addRootBlock(root);
    expect(await pushed.push(block, peer)).toBe(true);
  });

  test("a block on a root block below the newest confirmed block's", async () => {
    const first = lab.root(lab.rootGenesis.header, [genesis]);
    await shard.chain.addRootBlock(first);
    const [low] = chainOn(lab, genesis.header, 1);
    const [high] = chainOn(lab, genesis.header, 1, first);
    await shard.add(high);
    await shard.chain.addRootBlock(lab.root(first.header, [high]));
    await isIgnored(low);
  });
});

describe("closes the connection", () => {
  test("what breaks a rule, every time", async () => {
    const [block] = chainOn(lab, genesis.header, 1);
    const broken = { ...block, transactions: [wrapTransaction(utf8("one"))] };
    for (let i = 0; i < 2; i++) await expect(pushed.push(broken, peer)).rejects.toThrow(/MERKLE_ROOT/);
    expect(sent).toEqual([]);
    // What an altered copy is does not count against the block.
    expect(await pushed.push(block, peer)).toBe(true);
  });

  test("a bad seal", async () => {
    const [block] = chainOn(lab, genesis.header, 1);
    shard.seals.refused.add(block.header.nonce);
    await expect(pushed.push(block, peer)).rejects.toThrow(PushedBlockInvalidError);
    await expect(pushed.push(block, peer)).rejects.toThrow(/seal/);
    expect(sent).toEqual([]);
  });
});

test("from three sides at once it is handed on and added once", async () => {
  const [block] = chainOn(lab, genesis.header, 1);
  const results = await Promise.all(
    [peer, new LabPeer(shard.server), undefined].map((from) => pushed.push(block, from)),
  );
  expect(results).toEqual([true, false, false]);
  expect(sent).toHaveLength(1);
  expect(shard.intake.calls).toHaveLength(1);
});

test("children wait for a parent that is being added, however many", async () => {
  const blocks = chainOn(lab, genesis.header, 5);
  let release = () => {};
  shard.intake.before = () => new Promise((resolve) => (release = resolve));
  const first = pushed.push(blocks[0], peer);
  const others = blocks.slice(1).map((block) => pushed.push(block, peer));
  await new Promise((resolve) => setImmediate(resolve));
  shard.intake.before = async () => {};
  release();
  expect(await Promise.all([first, ...others])).toEqual([true, true, true, true, true]);
  expect(sent.map(({ block }) => block.header.height)).toEqual([1, 2, 3, 4, 5]);
  expect(isHead(blocks[4])).toBe(true);
});

test("a child whose parent cannot be added is dropped, and a second copy of a waiting block is none", async () => {
  const [parent, child] = chainOn(lab, genesis.header, 2);
  shard.engine.differing.add(bytesKey(hashOf(parent)));
  const results = await Promise.all([parent, child, child].map((block) => pushed.push(block, peer)));
  expect(results).toEqual([false, false, false]);
  shard.engine.differing.clear();
  shard.intake.now += 60;
  const again = await Promise.all([parent, child, child].map((block) => pushed.push(block, peer)));
  expect(again).toEqual([true, true, false]);
});

test("what cannot be added closes nobody and is forgotten after a minute", async () => {
  const [block] = chainOn(lab, genesis.header, 1);
  shard.engine.differing.add(bytesKey(hashOf(block)));
  expect(await pushed.push(block, peer)).toBe(false);
  expect(sent).toHaveLength(1);
  shard.engine.differing.clear();
  shard.intake.now = NOW + 59;
  expect(await pushed.push(block, peer)).toBe(false);
  expect(sent).toHaveLength(1);
  shard.intake.now = NOW + 60;
  expect(await pushed.push(block, peer)).toBe(true);
});

test("a chain that cannot go on says so, and the block is no longer seen", async () => {
  const [block] = chainOn(lab, genesis.header, 1);
  shard.intake.before = async () => {
    throw new Error("the disk is gone");
  };
  await expect(pushed.push(block, peer)).rejects.toThrow("the disk is gone");
  shard.intake.before = async () => {};
  expect(await pushed.push(block, peer)).toBe(true);
});

describe("transactions of a peer", () => {
  const transactions = ["a", "b", "c"].map((text) => wrapTransaction(utf8(text)));

  async function relay(list: typeof transactions, taken: readonly (typeof transactions)[number][]) {
    const told: unknown[] = [];
    const admit = (transaction: (typeof transactions)[number]) => taken.includes(transaction);
    await relayTransactions({ admit, broadcast: (...args) => told.push(args) }, list, peer);
    return told;
  }

  test("go on as far as the pool takes them, not back to where they came from", async () => {
    expect(await relay(transactions, [transactions[0], transactions[2]])).toEqual([
      [[transactions[0], transactions[2]], peer],
    ]);
    expect(await relay(transactions, [])).toEqual([]);
  });

  test("are a thousand at most", async () => {
    const many = new Array(1000).fill(transactions[0]);
    expect(await relay(many, transactions)).toHaveLength(1);
    await expect(relay([...many, transactions[0]], transactions)).rejects.toThrow(/1001 transactions/);
  });
});
