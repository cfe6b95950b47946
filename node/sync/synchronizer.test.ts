import { beforeEach, describe, expect, test } from "vitest";
import { shardConfigOf } from "../chain/config.ts";
import { type MinorBlock, type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import { type Hash32, toHex } from "../codec/bytes.ts";
import { Lab, SHARD_A, SHARD_B } from "../shard/shard-lab.testkit.ts";
import { type Answers, chainOn, LabPeer, openSyncShard, type SyncShard, syncConfig } from "./sync-lab.testkit.ts";
import { Synchronizer, type SyncState } from "./synchronizer.ts";

let lab: Lab;
let genesis: MinorBlock;
let ours: SyncShard;
let theirs: SyncShard;
let synchronizer: Synchronizer;
let states: SyncState[];

beforeEach(async () => {
  await begin(new Lab(syncConfig()));
});

async function begin(of: Lab): Promise<void> {
  lab = of;
  genesis = lab.genesis(SHARD_A);
  ours = await openSyncShard(lab);
  theirs = await openSyncShard(lab);
  synchronizer = new Synchronizer(ours.parts);
  states = [];
  synchronizer.onState((state) => states.push(state));
}

/** Their chain of so many blocks on genesis. */
async function theirChain(length: number): Promise<MinorBlock[]> {
  const blocks = chainOn(lab, genesis.header, length);
  await theirs.add(...blocks);
  return blocks;
}

function peerWith(answers: Partial<Answers> = {}, name?: string): LabPeer {
  return new LabPeer(theirs.server, answers, name);
}

async function sync(header: MinorBlockHeader, peer: LabPeer): Promise<void> {
  synchronizer.addTask(header, peer);
  await synchronizer.idle();
}

const headIs = ({ header }: MinorBlock) =>
  expect(toHex(ours.chain.snapshot!.head.hash)).toBe(toHex(minorHeaderHash(header)));

/** Headers as the peer has them, changed. */
function changedHeaders(change: (headers: readonly MinorBlockHeader[]) => readonly MinorBlockHeader[]) {
  return async (hash: Hash32, limit: number) => {
    const answer = theirs.server.headers({ hash, branch: SHARD_A, limit, direction: 0 });
    return { ...answer, headers: change(answer.headers) };
  };
}

describe("a peer that has more", () => {
  test.each([1, 2, 50, 51, 101, 330])("of %i blocks is followed", async (length) => {
    const blocks = await theirChain(length);
    const peer = peerWith();
    await sync(blocks[length - 1].header, peer);
    headIs(blocks[length - 1]);
    expect(peer.closedFor).toEqual([]);
    expect(peer.asked.filter((what) => what.endsWith("blocks"))).toHaveLength(Math.ceil(length / 50));
    expect(ours.intake.calls.every(({ how }) => how.refuseOld && how.telling === "each")).toBe(true);
    expect(ours.chain.statusOf(minorHeaderHash(blocks[0].header))).toBe("committed");
  });

  test.each([
    [3, 5],
    [12, 13],
  ])("where we have %i blocks on a fork and it has %i, its side is fetched from where it forks", async (own, its) => {
    const common = await theirChain(7);
    await ours.add(...common, ...chainOn(lab, common[6].header, own));
    const fork = chainOn(lab, common[6].header, its);
    await theirs.add(...fork);
    const peer = peerWith();
    await sync(fork[its - 1].header, peer);
    headIs(fork[its - 1]);
    expect(peer.asked).toEqual([`${7 + its} headers`, `${its} blocks`]);
  });

  test("what is known already is not asked for", async () => {
    const blocks = await theirChain(3);
    await ours.add(...blocks);
    const peer = peerWith();
    await sync(blocks[2].header, peer);
    expect(peer.asked).toEqual([]);
  });

  test("what arrives on another way meanwhile is no fault", async () => {
    const blocks = await theirChain(5);
    const peer = peerWith({
      headersFrom: async (hash, limit) => {
        await ours.add(...blocks.slice(0, 4));
        return theirs.server.headers({ hash, branch: SHARD_A, limit, direction: 0 });
      },
    });
    await sync(blocks[4].header, peer);
    headIs(blocks[4]);
    expect(peer.closedFor).toEqual([]);
    expect(peer.asked).toEqual(["5 headers", "1 blocks"]);
  });

  test("short answers are followed too", async () => {
    const blocks = await theirChain(20);
    const peer = peerWith({ headersFrom: changedHeaders((headers) => headers.slice(0, 3)) });
    await sync(blocks[19].header, peer);
    headIs(blocks[19]);
  });

  test("subscribers are told when it begins, after each batch and at the end", async () => {
    const blocks = await theirChain(120);
    await sync(blocks[119].header, peerWith());
    const at = (currentBlock: number) => ({ isSyncing: true, currentBlock, highestBlock: 120 });
    expect(states).toEqual([at(0), at(50), at(100), at(120), { isSyncing: false }]);
    expect(synchronizer.isSyncing).toBe(false);
  });
});

describe("a peer is closed", () => {
  let blocks: MinorBlock[];
  const last = () => blocks[blocks.length - 1].header;

  beforeEach(async () => {
    blocks = await theirChain(70);
  });

  async function isClosedFor(answers: Partial<Answers>, why: RegExp): Promise<void> {
    const peer = peerWith(answers);
    await sync(last(), peer);
    expect(peer.closedFor).toHaveLength(1);
    expect(peer.closedFor[0]).toMatch(why);
    expect(synchronizer.isSyncing).toBe(false);
  }

  test("for no headers", () => isClosedFor({ headersFrom: changedHeaders(() => []) }, /0 headers/));

  test("for more headers than were asked for", () =>
    isClosedFor({ headersFrom: changedHeaders((headers) => [...headers, ...headers]) }, /140 headers/));

  test("where the first header is not the one asked for", () =>
    isClosedFor({ headersFrom: changedHeaders((headers) => headers.slice(1)) }, /not the parent/));

  test("where headers do not follow each other", () =>
    isClosedFor({ headersFrom: changedHeaders((headers) => headers.toSpliced(40, 1)) }, /not the parent/));

  test("where a header comes twice", () =>
    isClosedFor({ headersFrom: changedHeaders((headers) => headers.toSpliced(3, 0, headers[2])) }, /headers|parent/));

  test("for a seal, be it the last of an answer", async () => {
    ours.seals.refused.add(blocks[49].header.nonce);
    await isClosedFor({}, /the seal does not meet difficulty/);
    expect(ours.intake.calls).toEqual([]);
  });

  test("for the seal of what it announces, before it is asked for anything", async () => {
    ours.seals.refused.add(last().nonce);
    const peer = peerWith();
    await sync(last(), peer);
    expect(peer.asked).toEqual([]);
    expect(peer.closedFor).toHaveLength(1);
  });

  test("for another shard's block", async () => {
    const peer = peerWith();
    await sync({ ...last(), branch: SHARD_B }, peer);
    expect(peer.closedFor[0]).toMatch(/shard 65538/);
  });

  test("for another genesis block", async () => {
    const other = { ...genesis.header, nonce: 77n };
    const [first, second] = chainOn(lab, other, 2);
    const below = new Map([[toHex(minorHeaderHash(first.header)), [first.header, other]]]);
    const answer = theirs.server.headers({ hash: minorHeaderHash(last()), branch: SHARD_A, limit: 1, direction: 0 });
    const peer = peerWith({ headersFrom: async (hash) => ({ ...answer, headers: below.get(toHex(hash)) ?? [] }) });
    await sync(second.header, peer);
    expect(peer.closedFor[0]).toMatch(/another genesis block/);
  });

  test("for fewer blocks than were asked for", () =>
    isClosedFor({ blocks: async (hashes) => theirs.server.blocks(hashes.slice(1)) }, /49 blocks instead of 50/));

  test("for other blocks", () =>
    isClosedFor({ blocks: async (hashes) => theirs.server.blocks(hashes.toReversed()) }, /another one/));

  test("for an answer that never comes, or fails", () =>
    isClosedFor(
      {
        blocks: async () => {
          throw new Error("no answer in 30 s");
        },
      },
      /blocks: no answer in 30 s/,
    ));

  test("for a block that executes to something else; those before it are committed", async () => {
    ours.engine.differing.add(String.fromCharCode(...minorHeaderHash(blocks[59].header)));
    await isClosedFor({}, /block 60 is refused: stateRoot/);
    headIs(blocks[58]);
    expect(ours.chain.statusOf(minorHeaderHash(blocks[58].header))).toBe("committed");
  });

  test("where its headers lead nowhere for too long", async () => {
    await isClosedFor(
      {
        headersFrom: async (hash, limit) => {
          ours.intake.now += 200;
          return changedHeaders((headers) => headers.slice(0, 1))(hash, limit);
        },
      },
      /no known block in 300 s/,
    );
  });
});

describe("a task ends quietly", () => {
  test("where a block stands on a root block that is not here yet", async () => {
    const root = lab.root(lab.rootGenesis.header, []);
    theirs = await openSyncShard(lab, [root]);
    const below = await theirChain(2);
    const above = chainOn(lab, below[1].header, 2, root);
    await theirs.add(...above);
    const peer = peerWith();
    await sync(above[1].header, peer);
    expect(peer.closedFor).toEqual([]);
    expect(ours.intake.calls).toEqual([]);
    expect(ours.lines.join()).toMatch(/given-up: .*root block that is not here/);
  });

  test("where a block forks off too far below our head, or lies too far above", async () => {
    const config = syncConfig();
    const mostDistance = 12;
    const { targetBlockTime } = shardConfigOf(config, SHARD_A);
    const maxStaleRootBlockHeightDiff = Math.ceil((mostDistance * targetBlockTime) / config.root.targetBlockTime);
    await begin(new Lab({ ...config, root: { ...config.root, maxStaleRootBlockHeightDiff } }));
    const blocks = await theirChain(250);
    const far = peerWith();
    await sync(blocks[249].header, far);
    expect(far.asked).toEqual([]);
    await ours.add(...chainOn(lab, genesis.header, 200));
    const old = peerWith();
    await sync(blocks[205].header, old);
    expect(old.asked).toEqual(["100 headers"]);
    expect([...far.closedFor, ...old.closedFor]).toEqual([]);
    expect(ours.intake.calls).toHaveLength(1);
  });

  test("where a block lies ahead of our clock: one of both is wrong", async () => {
    const [block] = await theirChain(1);
    ours.intake.now = block.header.createTime - 16;
    const peer = peerWith();
    await sync(block.header, peer);
    expect(peer.closedFor).toEqual([]);
    expect(ours.lines.join()).toMatch(/in the future/);
  });
});

describe("peers that leave", () => {
  test("end their task at once, whatever they still owe", async () => {
    const blocks = await theirChain(3);
    const peer = peerWith({ blocks: () => new Promise(() => {}) });
    synchronizer.addTask(blocks[2].header, peer);
    setTimeout(() => peer.leave(), 5);
    await synchronizer.idle();
    expect(peer.closedFor).toEqual([]);
    expect(ours.lines.join()).toMatch(/peer-left/);
  });

  test("are not asked any more, and the next one is", async () => {
    const blocks = await theirChain(3);
    const [first, gone, next] = ["1", "2", "3"].map((name) => peerWith({}, name));
    synchronizer.addTask(blocks[0].header, first);
    synchronizer.addTask(blocks[1].header, gone);
    synchronizer.addTask(blocks[2].header, next);
    gone.leave();
    await synchronizer.idle();
    headIs(blocks[2]);
    expect(gone.asked).toEqual([]);
    await sync(chainOn(lab, blocks[2].header, 1)[0].header, gone);
    expect(gone.asked).toEqual([]);
  });
});

test("of what a peer announces only the newest is waited for", async () => {
  const blocks = await theirChain(4);
  const [first, busy] = [peerWith({}, "first"), peerWith({}, "busy")];
  synchronizer.addTask(blocks[0].header, first);
  for (const { header } of blocks) synchronizer.addTask(header, busy);
  await synchronizer.idle();
  headIs(blocks[3]);
  expect(busy.asked).toEqual(["4 headers", "3 blocks"]);
});

test("one task runs at a time, and what fails here blames nobody", async () => {
  const blocks = await theirChain(2);
  ours.intake.before = async () => {
    throw new Error("the disk is gone");
  };
  const [one, two] = [peerWith({}, "one"), peerWith({}, "two")];
  synchronizer.addTask(blocks[1].header, one);
  synchronizer.addTask(blocks[1].header, two);
  expect(synchronizer.isSyncing).toBe(true);
  await synchronizer.idle();
  expect([...one.closedFor, ...two.closedFor]).toEqual([]);
  expect(ours.lines.filter((line) => line.includes("the disk is gone"))).toHaveLength(2);
  expect(states.at(-1)).toEqual({ isSyncing: false });
});

test("it stops after what it is doing", async () => {
  const blocks = await theirChain(2);
  const [one, two] = [peerWith({}, "one"), peerWith({}, "two")];
  synchronizer.addTask(blocks[0].header, one);
  await Promise.resolve();
  synchronizer.addTask(blocks[1].header, two);
  await synchronizer.stop();
  synchronizer.addTask(blocks[1].header, two);
  headIs(blocks[0]);
  expect(two.asked).toEqual([]);
});
