import { beforeEach, expect, test } from "vitest";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import { bytesKey, hashFromHex, toHex } from "../codec/bytes.ts";
import { Lab, SHARD_A } from "../shard/shard-lab.testkit.ts";
import { PeerFaultError } from "./peer-fault.ts";
import { chainOn, LabPeer, openSyncShard, type SyncShard, syncConfig } from "./sync-lab.testkit.ts";
import { SyncedBlockRefusedError, syncMinorBlocks } from "./sync-minor-blocks.ts";

const hashOf = ({ header }: MinorBlock) => minorHeaderHash(header);

let lab: Lab;
let ours: SyncShard;
let theirs: SyncShard;
let blocks: MinorBlock[];

beforeEach(async () => {
  lab = new Lab(syncConfig());
  ours = await openSyncShard(lab);
  theirs = await openSyncShard(lab);
  blocks = chainOn(lab, lab.genesis(SHARD_A).header, 120);
  await theirs.add(...blocks);
});

test("fetches a hundred at a time and says what each block's miner earned, in the master's order", async () => {
  const peer = new LabPeer(theirs.server);
  const synced = await syncMinorBlocks(ours.parts, peer, blocks.map(hashOf));
  expect(synced.map(({ hash }) => toHex(hash))).toEqual(blocks.map((block) => toHex(hashOf(block))));
  expect(synced[7].coinbaseAmounts).toEqual(blocks[7].header.coinbaseAmounts);
  expect(peer.asked).toEqual(["100 blocks", "20 blocks"]);
  expect(ours.intake.calls.map(({ how }) => how)).toEqual(new Array(2).fill({ refuseOld: false, telling: "together" }));
  expect(ours.chain.snapshot!.head.height).toBe(120);
});

test("asks for nothing where nothing is wanted", async () => {
  expect(await syncMinorBlocks(ours.parts, new LabPeer(theirs.server), [])).toEqual([]);
  expect(ours.intake.reportedAgain).toEqual([]);
});

test("what is committed here is told again, not fetched; what is only executed is finished", async () => {
  await ours.add(...blocks.slice(0, 3));
  await ours.chain.addBlocks(blocks.slice(3, 5), { now: 1e10 });
  const peer = new LabPeer(theirs.server);
  const synced = await syncMinorBlocks(ours.parts, peer, blocks.slice(1, 6).map(hashOf));
  expect(synced).toHaveLength(5);
  expect(ours.intake.reportedAgain).toEqual([blocks[1], blocks[2]].map((block) => toHex(hashOf(block))));
  expect(peer.asked).toEqual(["3 blocks"]);
  for (const block of blocks.slice(0, 6)) expect(ours.chain.statusOf(hashOf(block))).toBe("committed");
});

test("a bad block leaves those before it committed, and a good list afterwards goes through", async () => {
  ours.engine.differing.add(bytesKey(hashOf(blocks[110])));
  const hashes = blocks.map(hashOf);
  const error = await syncMinorBlocks(ours.parts, new LabPeer(theirs.server), hashes).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(SyncedBlockRefusedError);
  expect((error as SyncedBlockRefusedError).refusal).toMatchObject({ reason: "invalid", header: { height: 111 } });
  expect(ours.chain.statusOf(hashes[109])).toBe("committed");
  expect(ours.chain.statusOf(hashes[110])).toBe("unknown");
  ours.engine.differing.clear();
  expect(await syncMinorBlocks(ours.parts, new LabPeer(theirs.server), hashes)).toHaveLength(120);
  expect(ours.intake.reportedAgain).toHaveLength(110);
});

test.each([
  ["fewer", 1],
  ["none", 120],
])("%s than were asked for are the peer's fault; nothing of them is added", async (_, missing) => {
  const peer = new LabPeer(theirs.server, { blocks: async (hashes) => theirs.server.blocks(hashes.slice(missing)) });
  await expect(syncMinorBlocks(ours.parts, peer, blocks.map(hashOf))).rejects.toThrow(PeerFaultError);
  expect(ours.intake.calls).toEqual([]);
});

test("so are others than were asked for, and a peer that leaves", async () => {
  const other = new LabPeer(theirs.server, {
    blocks: async () => theirs.server.blocks(blocks.slice(0, 3).map(hashOf)),
  });
  const unknown = hashFromHex("99".repeat(32));
  await expect(syncMinorBlocks(ours.parts, other, [unknown, unknown, unknown])).rejects.toThrow(/another one/);
  const leaving = new LabPeer(theirs.server, { blocks: () => new Promise(() => {}) });
  const synced = syncMinorBlocks(ours.parts, leaving, [unknown]);
  leaving.leave();
  await expect(synced).rejects.toThrow(/has left/);
  // Whether the connection is closed is for the master to say.
  expect(other.closedFor).toEqual([]);
});
