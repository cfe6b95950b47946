import { describe, expect, it } from "vitest";
import { ZERO_HASH } from "../codec/bytes.ts";
import { settle } from "../codec/virtual-clock.testkit.ts";
import { CLUSTER_COMMAND, CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { decode } from "../wire/codec.ts";
import { PEER_COMMAND, PEER_RPC } from "../wire/peer-ops.ts";
import { recordedFrames } from "../wire/recorded-frames.testkit.ts";
import { type MasterRig, masterRig, OTHER_SHARD, SHARD } from "./cluster-links.testkit.ts";
import { LINK_LIMITS, type LinkLimits } from "./cluster-links.ts";
import { Handlers } from "./handlers.ts";
import type { MasterLink } from "./master-link.ts";
import type { VirtualConnection } from "./virtual-connection.ts";

/** 64 bits: a number would round it. */
const PEER = 2n ** 64n - 2n;
const OTHER_PEER = 2n ** 64n - 1n;
const GET_BLOCKS = PEER_RPC.getMinorBlockList;
const NEW_BLOCK = PEER_COMMAND.newBlockMinor;
const TRANSACTIONS = PEER_COMMAND.newTransactionList;
const HEADERS = recordedHeaders();
const NO_BLOCKS = { hashes: [] };

describe("a virtual connection", () => {
  it("hears nothing before CREATE or after DESTROY, and everything from the answer to CREATE on", async () => {
    const { master, heard, create, destroy } = await peerRig();
    tell(master, SHARD, PEER);
    await create(PEER);
    tell(master, SHARD, PEER);
    tell(master, SHARD, OTHER_PEER);
    tell(master, OTHER_SHARD, PEER);
    await settle();
    await destroy(PEER);
    tell(master, SHARD, PEER);
    await settle();
    expect(heard).toEqual([`${PEER}@${SHARD}`, `${PEER}@${OTHER_SHARD}`]);
    expect(master.isClosed).toBe(false);
  });

  it("is there for a shard that comes after its peer", async () => {
    const { master, links, heard, handlers, create } = await peerRig([SHARD]);
    await create(PEER);
    tell(master, OTHER_SHARD, PEER);
    await settle();
    links.peers.addShard(OTHER_SHARD, handlers);
    tell(master, OTHER_SHARD, PEER);
    await settle();
    expect(heard).toEqual([`${PEER}@${OTHER_SHARD}`]);
    expect(links.peers.of(OTHER_SHARD).map(({ peerId }) => peerId)).toEqual([PEER]);
  });

  it("numbers its requests from 1, and checks those of its peer, for itself", async () => {
    const { master, links, create } = await peerRig();
    await create(PEER);
    await create(OTHER_PEER);
    const asked = [PEER, OTHER_PEER].map((id) => links.peers.find(SHARD, id)?.request(GET_BLOCKS, NO_BLOCKS));
    const other = links.peers.find(OTHER_SHARD, PEER)?.request(GET_BLOCKS, NO_BLOCKS);
    for (const id of [PEER, OTHER_PEER]) master.ask(GET_BLOCKS, 1n, NO_BLOCKS, { branch: SHARD, clusterPeerId: id });
    await settle();
    expect(master.heard.slice(2).sort()).toEqual(
      [
        `GET_MINOR_BLOCK_LIST 1 @${OTHER_PEER}/${SHARD}`,
        `GET_MINOR_BLOCK_LIST 1 @${PEER}/${OTHER_SHARD}`,
        `GET_MINOR_BLOCK_LIST 1 @${PEER}/${SHARD}`,
        `answer to GET_MINOR_BLOCK_LIST 1 @${OTHER_PEER}/${SHARD}`,
        `answer to GET_MINOR_BLOCK_LIST 1 @${PEER}/${SHARD}`,
      ].sort(),
    );
    for (const id of [PEER, OTHER_PEER]) {
      master.answer(GET_BLOCKS, 1n, { blocks: [] }, { branch: SHARD, clusterPeerId: id });
    }
    master.answer(GET_BLOCKS, 1n, { blocks: [] }, { branch: OTHER_SHARD, clusterPeerId: PEER });
    expect(await Promise.all([...asked, other])).toEqual([{ blocks: [] }, { blocks: [] }, { blocks: [] }]);
  });

  it.each<[string, Say]>([
    ["PING", (master, to) => master.frame({ ...to, op: 14, payload: new Uint8Array(32) })],
    ["an operation inside clusters", (master, to) => master.frame({ ...to, op: CLUSTER_RPC.ping.op, rpcId: 1n })],
    ["what cannot be decoded", (master, to) => master.frame({ ...to, op: NEW_BLOCK.op })],
    [
      "more hashes than may be asked for",
      (master, to) => master.ask(GET_BLOCKS, 1n, { hashes: new Array(101).fill(ZERO_HASH) }, to),
    ],
    ["an id that does not rise", (master, to) => [1n, 1n].map((id) => master.ask(GET_BLOCKS, id, NO_BLOCKS, to))],
    [
      "a command with an id",
      (master, to) => master.frame({ ...to, op: TRANSACTIONS.op, rpcId: 1n, payload: new Uint8Array(4) }),
    ],
    ["an answer that nobody waits for", (master, to) => master.answer(GET_BLOCKS, 2n, { blocks: [] }, to)],
    ["an answer to another question", (master, to) => master.answer(PEER_RPC.getMinorBlockHeaderList, 1n, HEADERS, to)],
    [
      "a handler that throws",
      (master, to) =>
        master.ask(
          PEER_RPC.getMinorBlockHeaderList,
          1n,
          { hash: ZERO_HASH, branch: SHARD, limit: 0, direction: 0 },
          to,
        ),
    ],
  ])("is closed by %s, alone, and CREATE replaces it (P12)", async (_, say) => {
    const { master, links, heard, lines, create } = await peerRig();
    await create(PEER);
    await create(OTHER_PEER);
    const connection = links.peers.find(SHARD, PEER);
    const waiting = expect(connection?.request(GET_BLOCKS, NO_BLOCKS, {})).rejects.toMatchObject({ fault: "closed" });
    say(master, { branch: SHARD, clusterPeerId: PEER });
    await settle();
    await waiting;
    expect(connection?.isOpen).toBe(false);
    expect(connection?.signal.aborted).toBe(true);
    expect(links.peers.find(SHARD, PEER)).toBeUndefined();
    expect(lines.filter((line) => line.startsWith(`warn peer ${PEER} of shard 0x00000001: closed`))).toHaveLength(1);
    tell(master, SHARD, PEER);
    tell(master, SHARD, OTHER_PEER);
    tell(master, OTHER_SHARD, PEER);
    await settle();
    expect(heard).toEqual([`${OTHER_PEER}@${SHARD}`, `${PEER}@${OTHER_SHARD}`]);
    await create(PEER);
    tell(master, SHARD, PEER);
    await settle();
    expect(heard.at(-1)).toBe(`${PEER}@${SHARD}`);
    expect(master.isClosed).toBe(false);
  });

  it("is replaced by CREATE without DESTROY: what waited is told", async () => {
    const { links, create } = await peerRig();
    await create(PEER);
    const old = links.peers.find(SHARD, PEER);
    const waiting = expect(old?.request(GET_BLOCKS, NO_BLOCKS)).rejects.toMatchObject({ fault: "closed" });
    await create(PEER);
    await waiting;
    expect(links.peers.find(SHARD, PEER)).not.toBe(old);
    expect(links.peers.of(SHARD)).toHaveLength(1);
  });

  it("answers what was asked before a fault, but not once the peer is replaced", async () => {
    const { master, ends, create } = await peerRig();
    await create(PEER);
    const faulty = [5n, 6n, 6n];
    for (const id of faulty) ask(master, id);
    await settle();
    ends[0]();
    await settle();
    expect(master.heard.at(-1)).toBe(`answer to GET_MINOR_BLOCK_LIST 5 @${PEER}/${SHARD}`);
    await create(PEER);
    const before = master.frames.length;
    ends[1]();
    await settle();
    expect(master.frames.length).toBe(before);
  });

  it("says nothing after DESTROY, also where a handler ends later", async () => {
    const { master, links, ends, create, destroy } = await peerRig();
    await create(PEER);
    master.ask(GET_BLOCKS, 1n, { hashes: [ZERO_HASH] }, { branch: SHARD, clusterPeerId: PEER });
    const connection = links.peers.find(SHARD, PEER);
    const waiting = expect(connection?.request(GET_BLOCKS, NO_BLOCKS)).rejects.toMatchObject({ fault: "closed" });
    await settle();
    const before = master.frames.length;
    await destroy(PEER);
    for (const end of ends) end();
    links.peers.broadcast(SHARD, TRANSACTIONS, { transactions: [] });
    expect(() => connection?.send(TRANSACTIONS, { transactions: [] })).toThrow(/closed before/);
    await settle();
    await waiting;
    expect(master.frames.length).toBe(before);
  });

  it("gives up on an answer after the time it was given; a late one is no fault", async () => {
    const { master, links, clock, create } = await peerRig();
    await create(PEER);
    const connection = links.peers.find(SHARD, PEER);
    const waiting = expect(connection?.request(GET_BLOCKS, NO_BLOCKS, { timeoutMs: 30_000 })).rejects.toMatchObject({
      fault: "timeout",
    });
    await clock.advance(30_000);
    await waiting;
    master.answer(GET_BLOCKS, 1n, { blocks: [] }, { branch: SHARD, clusterPeerId: PEER });
    await settle();
    expect(connection?.isOpen).toBe(true);
    master.answer(GET_BLOCKS, 1n, { blocks: [] }, { branch: SHARD, clusterPeerId: PEER });
    await settle();
    expect(connection?.isOpen).toBe(false);
  });

  it("drops announcements and ends at requests that come faster than they are done", async () => {
    const peer = { ...LINK_LIMITS.peer, handlers: 3 };
    const { master, links, heard, lines, ends, create } = await peerRig([SHARD], { ...LINK_LIMITS, peer });
    await create(PEER);
    await create(OTHER_PEER);
    for (let id = 1n; id <= 3n; id++) ask(master, id);
    for (let n = 0; n < 5; n++) tell(master, SHARD, PEER);
    tell(master, SHARD, OTHER_PEER);
    await settle();
    expect(heard).toEqual([`${OTHER_PEER}@${SHARD}`]);
    expect(lines.filter((line) => line.includes("dropped NEW_TRANSACTION_LIST"))).toHaveLength(5);
    ends.shift()?.();
    await settle();
    tell(master, SHARD, PEER);
    await settle();
    expect(heard).toHaveLength(2);
    ask(master, 4n);
    ask(master, 5n);
    await settle();
    expect(links.peers.find(SHARD, PEER)).toBeUndefined();
    expect(links.peers.find(SHARD, OTHER_PEER)).toBeDefined();
  });
});

it("a broadcast goes to all peers of the shard but the one it came from", async () => {
  const { master, links, create } = await peerRig();
  for (const peer of [PEER, OTHER_PEER, 5n]) await create(peer);
  const before = master.frames.length;
  links.peers.broadcast(SHARD, TRANSACTIONS, { transactions: [] }, links.peers.find(SHARD, OTHER_PEER));
  await settle();
  expect(master.heard.slice(before)).toEqual([
    `NEW_TRANSACTION_LIST 0 @${PEER}/${SHARD}`,
    `NEW_TRANSACTION_LIST 0 @5/${SHARD}`,
  ]);
});

it("a peer with the id of the master's own traffic closes the master's link", async () => {
  const { master } = await peerRig();
  master.ask(CLUSTER_RPC.createClusterPeerConnection, 1n, { clusterPeerId: 0n });
  await settle();
  expect(master.isClosed).toBe(true);
});

it("all connections end with the master's link", async () => {
  const { master, links, create } = await peerRig();
  await create(PEER);
  const connection = links.peers.find(SHARD, PEER);
  const waiting = expect(connection?.request(GET_BLOCKS, NO_BLOCKS)).rejects.toMatchObject({ fault: "closed" });
  master.close();
  await settle();
  await waiting;
  expect(links.peers.of(SHARD)).toEqual([]);
});

function recordedHeaders() {
  const recorded = recordedFrames().find(({ name }) => name === "GET_MINOR_BLOCK_HEADER_LIST_RESPONSE");
  if (recorded === undefined) throw new Error("no headers in the recording");
  return decode(PEER_RPC.getMinorBlockHeaderList.response, recorded.frame.payload, "headers");
}

type Say = (master: MasterRig["master"], to: { branch: number; clusterPeerId: bigint }) => unknown;

function tell(master: MasterRig["master"], branch: number, clusterPeerId: bigint): void {
  master.tell(TRANSACTIONS, { transactions: [] }, { branch, clusterPeerId });
}

function ask(master: MasterRig["master"], id: bigint): void {
  master.ask(GET_BLOCKS, id, { hashes: [ZERO_HASH] }, { branch: SHARD, clusterPeerId: PEER });
}

/** Shards that note whom they hear; a request with a hash in it waits until its end is called. */
async function peerRig(shards: readonly number[] = [SHARD, OTHER_SHARD], limits: LinkLimits = LINK_LIMITS) {
  const heard: string[] = [];
  const ends: (() => void)[] = [];
  const handlers = new Handlers<VirtualConnection>()
    .take(TRANSACTIONS, (_, { peerId, branch }) => {
      heard.push(`${peerId}@${branch}`);
    })
    .take(NEW_BLOCK, () => {})
    .answer(GET_BLOCKS, async ({ hashes }) => {
      if (hashes.length > 0) await new Promise<void>((resolve) => ends.push(resolve));
      return { blocks: [] };
    })
    .answer(PEER_RPC.getMinorBlockHeaderList, () => {
      throw new Error("unknown hash");
    });
  const rig = await masterRig(new Handlers<MasterLink>(), { limits });
  for (const shard of shards) rig.links.peers.addShard(shard, handlers);
  let lastId = 0n;
  return {
    ...rig,
    heard,
    ends,
    handlers,
    create: async (clusterPeerId: bigint) => {
      rig.master.ask(CLUSTER_RPC.createClusterPeerConnection, ++lastId, { clusterPeerId });
      await settle();
      expect(rig.master.heard.at(-1)).toBe(`answer to CREATE_CLUSTER_PEER_CONNECTION ${lastId}`);
    },
    destroy: async (clusterPeerId: bigint) => {
      rig.master.tell(CLUSTER_COMMAND.destroyClusterPeerConnection, { clusterPeerId });
      await settle();
    },
  };
}
