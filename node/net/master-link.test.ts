import { describe, expect, it } from "vitest";
import { ZERO_HASH } from "../codec/bytes.ts";
import { settle } from "../codec/virtual-clock.testkit.ts";
import { CLUSTER_COMMAND, CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { encode } from "../wire/codec.ts";
import { CLUSTER_PAYLOAD_LIMIT } from "../wire/frame.ts";
import { PEER_COMMAND, PEER_RPC } from "../wire/peer-ops.ts";
import { FOREIGN_SHARD, masterRig, SHARD } from "./cluster-links.testkit.ts";
import { LINK_LIMITS } from "./cluster-links.ts";
import { Handlers } from "./handlers.ts";
import type { MasterLink } from "./master-link.ts";
import { memoryLinks } from "./memory-link.testkit.ts";
import type { RawEnd } from "./raw-end.testkit.ts";

const PING = { id: "", fullShardIds: [], rootTip: undefined };
const PONG = { id: "S0", fullShardIds: [SHARD] };
const GET_BLOCKS = PEER_RPC.getMinorBlockList;
const HEADER_LIST = { headers: [], coinbaseAmounts: [] };

const pinged = () => new Handlers<MasterLink>().answer(CLUSTER_RPC.ping, () => PONG);

describe("requests of the master", () => {
  it("begin in the order of their frames, and are answered with id and metadata repeated, in any order", async () => {
    const begun: bigint[] = [];
    const ends = new Map<bigint, () => void>();
    const handlers = new Handlers<MasterLink>().answer(CLUSTER_RPC.gasPrice, async ({ tokenId }) => {
      begun.push(tokenId);
      await new Promise<void>((resolve) => ends.set(tokenId, resolve));
      return { errorCode: 0, gasPrice: tokenId };
    });
    const { master } = await masterRig(handlers, { pieceBytes: 5 });
    for (const n of [1n, 2n, 3n]) {
      master.ask(CLUSTER_RPC.gasPrice, n, { branch: SHARD, tokenId: n }, { branch: Number(n) * 7 });
    }
    await settle();
    expect(begun).toEqual([1n, 2n, 3n]);
    for (const n of [2n, 3n, 1n]) {
      ends.get(n)?.();
      await settle();
    }
    expect(master.frames.map(({ rpcId, branch, clusterPeerId }) => [rpcId, branch, clusterPeerId])).toEqual([
      [2n, 14, 0n],
      [3n, 21, 0n],
      [1n, 7, 0n],
    ]);
    expect(master.of(CLUSTER_RPC.gasPrice.responseOp)).toEqual(
      [2n, 3n, 1n].map((gasPrice) => ({ errorCode: 0, gasPrice })),
    );
  });

  it("may be served with requests to the master in between, numbered from 1", async () => {
    const handlers = new Handlers<MasterLink>().answer(CLUSTER_RPC.ping, async (_, link) => {
      const { errorCode } = await link.request(CLUSTER_RPC.addMinorBlockHeaderList, HEADER_LIST);
      return { ...PONG, id: `S${errorCode}` };
    });
    const { master } = await masterRig(handlers);
    master.ask(CLUSTER_RPC.ping, 1n, PING);
    await settle();
    expect(master.heard).toEqual(["ADD_MINOR_BLOCK_HEADER_LIST 1"]);
    master.answer(CLUSTER_RPC.addMinorBlockHeaderList, 1n, { errorCode: 4 });
    await settle();
    expect(master.heard[1]).toBe("answer to PING 1");
    expect(master.of(CLUSTER_RPC.ping.responseOp)).toEqual([{ ...PONG, id: "S4" }]);
  });

  it.each([
    ["throws", 5n, () => Promise.reject(new Error("no such height"))],
    [
      "throws at once",
      5n,
      () => {
        throw new Error("no such height");
      },
    ],
    ["answers what has no encoding (P6)", 5n, () => ({ errorCode: 0, gasPrice: 2n ** 64n })],
  ] as const)("whose handler %s get the answer of a failure", async (_, id, handle) => {
    const handlers = pinged().answer(CLUSTER_RPC.gasPrice, handle, () => ({ errorCode: 1, gasPrice: 0n }));
    const { master, lines } = await masterRig(handlers);
    master.ask(CLUSTER_RPC.gasPrice, id, { branch: SHARD, tokenId: 1n });
    master.ask(CLUSTER_RPC.ping, id + 1n, PING);
    await settle();
    expect(master.of(CLUSTER_RPC.gasPrice.responseOp)).toEqual([{ errorCode: 1, gasPrice: 0n }]);
    expect(master.heard).toContain("answer to PING 6");
    expect(lines.join("\n")).toMatch(/error master at .*GAS_PRICE failed/);
  });

  it("that fail because an answer to us was bad do not close the link", async () => {
    const handlers = pinged().answer(
      CLUSTER_RPC.syncMinorBlockList,
      async ({ clusterPeerId }) => {
        const peer = rig.links.peers.find(SHARD, clusterPeerId);
        await peer?.request(GET_BLOCKS, { hashes: [ZERO_HASH] });
        return { errorCode: 0, coinbaseAmounts: [], shardStats: undefined };
      },
      () => ({ errorCode: 1, coinbaseAmounts: [], shardStats: undefined }),
    );
    const rig = await masterRig(handlers);
    const { master, links } = rig;
    links.peers.addShard(SHARD, new Handlers());
    master.ask(CLUSTER_RPC.createClusterPeerConnection, 1n, { clusterPeerId: 9n });
    master.ask(CLUSTER_RPC.syncMinorBlockList, 2n, { hashes: [ZERO_HASH], branch: SHARD, clusterPeerId: 9n });
    await settle();
    expect(master.heard).toContain(`GET_MINOR_BLOCK_LIST 1 @9/${SHARD}`);
    const junk = Uint8Array.of(0, 0, 0, 1, 7);
    master.frame({ op: GET_BLOCKS.responseOp, rpcId: 1n, branch: SHARD, clusterPeerId: 9n, payload: junk });
    await settle();
    expect(master.of(CLUSTER_RPC.syncMinorBlockList.responseOp)).toMatchObject([{ errorCode: 1 }]);
    expect(master.isClosed).toBe(false);
    expect(links.peers.find(SHARD, 9n)).toBeUndefined();
  });
});

describe("the master's link", () => {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(CLUSTER_PAYLOAD_LIMIT + 1);
  const xshardList = { branch: SHARD, minorBlockHash: ZERO_HASH, deposits: [] };
  it.each<[string, (master: RawEnd) => void, RegExp]>([
    ["an operation that does not exist", (master) => master.frame({ op: 28, rpcId: 1n }), /operation 28/],
    ["an operation of peers", (master) => master.frame({ op: 9, rpcId: 1n }), /operation 9/],
    [
      "a payload that cannot be decoded",
      (master) => master.frame({ op: CLUSTER_RPC.ping.op, rpcId: 1n }),
      /PING cannot be/,
    ],
    [
      "a read that cannot be decoded",
      (master) => master.frame({ op: CLUSTER_RPC.gasPrice.op, rpcId: 1n, payload: new Uint8Array(5) }),
      /GAS_PRICE cannot be/,
    ],
    [
      "a count that nothing could fill",
      (master) =>
        master.frame({ op: CLUSTER_RPC.ping.op, rpcId: 1n, payload: Buffer.from("00000000ffffffff00", "hex") }),
      /4294967295 items/,
    ],
    [
      "a request with the id of the last",
      (master) => {
        master.ask(CLUSTER_RPC.ping, 3n, PING);
        master.ask(CLUSTER_RPC.ping, 3n, PING);
      },
      /has id 3/,
    ],
    [
      "a request with a lower id",
      (master) => {
        master.ask(CLUSTER_RPC.ping, 3n, PING);
        master.ask(CLUSTER_RPC.ping, 2n, PING);
      },
      /has id 2/,
    ],
    [
      "a command with an id",
      (master) =>
        master.frame({ op: CLUSTER_COMMAND.destroyClusterPeerConnection.op, rpcId: 1n, payload: new Uint8Array(8) }),
      /id is 0/,
    ],
    [
      "an answer that nobody waits for",
      (master) => master.answer(CLUSTER_RPC.addMinorBlockHeaderList, 1n, { errorCode: 0 }),
      /nobody asked/,
    ],
    ["an operation among slaves", (master) => master.ask(CLUSTER_RPC.addXshardTxList, 1n, xshardList), /no business/],
    [
      "a request that only a slave makes",
      (master) => master.ask(CLUSTER_RPC.addMinorBlockHeaderList, 1n, HEADER_LIST),
      /no business/,
    ],
    [
      "traffic of a peer for a shard that is nowhere",
      (master) => master.frame({ op: 9, rpcId: 1n, branch: 77, clusterPeerId: 5n }),
      /shard 77/,
    ],
    ["a frame of more than 512 MiB", (master) => master.send(size), /announces 536870913/],
    ["its end", (master) => master.close(), /other end/],
  ])("is closed by %s, and that is told", async (_, say, reason) => {
    const failed = { errorCode: 1, gasPrice: 0n };
    const handlers = pinged().answer(
      CLUSTER_RPC.gasPrice,
      () => failed,
      () => failed,
    );
    const { master, links, lines } = await masterRig(handlers);
    let lost: string | undefined;
    links.masterLost.then(({ message }) => {
      lost = message;
    });
    say(master);
    await settle();
    expect(lost).toMatch(reason);
    expect(master.isClosed).toBe(true);
    expect(lines.filter((line) => reason.test(line) && line.includes("master at"))).toHaveLength(1);
  });

  it("tolerates a first id of 0, gaps, bytes behind the object, and peers and shards that are not there", async () => {
    const { master } = await masterRig(pinged());
    master.ask(CLUSTER_RPC.ping, 0n, PING);
    master.ask(CLUSTER_RPC.ping, 1000n, PING);
    const behind = Buffer.concat([encode(CLUSTER_RPC.ping.request, PING), Buffer.from("more")]);
    master.frame({ op: CLUSTER_RPC.ping.op, rpcId: 2n ** 63n, payload: behind });
    master.frame({ op: 9, rpcId: 1n, branch: FOREIGN_SHARD, clusterPeerId: 5n });
    master.frame({ op: 200, rpcId: 1n, branch: SHARD, clusterPeerId: 2n ** 64n - 1n });
    await settle();
    expect(master.heard).toEqual(["answer to PING 0", "answer to PING 1000", `answer to PING ${2n ** 63n}`]);
    expect(master.isClosed).toBe(false);
  });

  it("is the first that is accepted, for ever; requests to a lost one reject", async () => {
    const { master, links } = await masterRig(pinged());
    const lost = links.master?.request(CLUSTER_RPC.addMinorBlockHeaderList, HEADER_LIST);
    const outcome = expect(lost).rejects.toMatchObject({ code: "LINK", fault: "closed" });
    master.close();
    await settle();
    await outcome;
    const [theirEnd, ourEnd] = memoryLinks(["late", "S0"]);
    links.accept(ourEnd);
    theirEnd.open({ received: () => {}, closed: () => {} });
    expect(links.master?.isOpen).toBe(false);
    await expect(links.master?.request(CLUSTER_RPC.addMinorBlockHeaderList, HEADER_LIST)).rejects.toMatchObject({
      fault: "closed",
    });
  });

  it("is dropped when it takes nothing more; announcements to peers stop before that", async () => {
    const limits = {
      ...LINK_LIMITS,
      master: { ...LINK_LIMITS.master, queuedBytes: 100_000 },
      peer: { ...LINK_LIMITS.peer, carrierBytes: 10_000 },
    };
    const handlers = pinged().answer(CLUSTER_RPC.getCode, () => ({ errorCode: 0, code: new Uint8Array(30_000) }));
    const { master, links, ourEnd, lines } = await masterRig(handlers, { limits });
    links.peers.addShard(SHARD, new Handlers());
    links.peers.create(9n);
    ourEnd.isStuck = true;
    for (let n = 0; n < 100; n++) {
      links.peers.broadcastBytes(SHARD, PEER_COMMAND.newBlockMinor, new Uint8Array(1000));
    }
    expect(ourEnd.queuedBytes).toBeLessThan(10_000);
    expect(lines.filter((line) => line.includes("NEW_BLOCK_MINOR not sent")).length).toBeGreaterThan(50);
    const code = { address: { recipient: new Uint8Array(20), fullShardKey: 0 }, height: undefined };
    for (let n = 1n; n < 10n; n++) master.ask(CLUSTER_RPC.getCode, n, code as never);
    await settle();
    expect((await links.masterLost).fault).toBe("overflow");
    expect(ourEnd.queuedBytes).toBeLessThanOrEqual(100_000);
  });
});
