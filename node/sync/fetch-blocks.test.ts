import { beforeEach, expect, test } from "vitest";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import { Lab, SHARD_A } from "../shard/shard-lab.testkit.ts";
import { BlocksNotFetchedError, fetchBlocks } from "./fetch-blocks.ts";
import { chainOn, LabPeer, openSyncShard, type SyncShard, syncConfig } from "./sync-lab.testkit.ts";

let ours: SyncShard;
let theirs: SyncShard;
let blocks: readonly MinorBlock[];

beforeEach(async () => {
  const lab = new Lab(syncConfig());
  [ours, theirs] = [await openSyncShard(lab), await openSyncShard(lab)];
  blocks = chainOn(lab, lab.genesis(SHARD_A).header, 3);
  await theirs.add(...blocks);
});

const hashes = () => blocks.map(({ header }) => minorHeaderHash(header));
const statuses = () => hashes().map((hash) => ours.chain.statusOf(hash));

test("the first peer that has them is asked, and those before it stay connected", async () => {
  const [without, silent, having] = [new LabPeer(ours.server), gone(), new LabPeer(theirs.server)];
  const after = new LabPeer(theirs.server);
  await fetchBlocks(ours.parts, [without, silent, having, after], hashes());
  expect(statuses()).toEqual(["committed", "committed", "committed"]);
  expect(without.closedFor).toEqual([]);
  expect(after.asked).toEqual([]);
});

test("where nobody has them it says why of each", async () => {
  const without = new LabPeer(ours.server, {}, "peer 7");
  await expect(fetchBlocks(ours.parts, [without], hashes())).rejects.toThrow(/peer 7: 0 blocks instead of 3/);
  await expect(fetchBlocks(ours.parts, [], hashes())).rejects.toThrow(BlocksNotFetchedError);
  expect(statuses()).toEqual(["unknown", "unknown", "unknown"]);
});

test("what is refused here is tried from the next peer, and what went before stays", async () => {
  const altered = new LabPeer(theirs.server, {
    blocks: async () => [blocks[0], { ...blocks[1], transactions: [{ hash: hashes()[0] } as never] }, blocks[2]],
  });
  await expect(fetchBlocks(ours.parts, [altered], hashes())).rejects.toThrow(/is refused/);
  expect(statuses()).toEqual(["committed", "unknown", "unknown"]);
  await fetchBlocks(ours.parts, [altered, new LabPeer(theirs.server)], hashes());
  expect(statuses()).toEqual(["committed", "committed", "committed"]);
});

function gone(): LabPeer {
  const peer = new LabPeer(theirs.server);
  peer.leave();
  return peer;
}
