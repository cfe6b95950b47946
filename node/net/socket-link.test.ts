import { createConnection, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { bytesEqual, ZERO_ADDRESS, ZERO_HASH } from "../codec/bytes.ts";
import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { encodeFrame } from "../wire/frame.ts";
import { PEER_RPC } from "../wire/peer-ops.ts";
import { BRANCHES, FOREIGN_SHARD, SHARD } from "./cluster-links.testkit.ts";
import { ClusterLinks, LINK_LIMITS, type LinkLimits } from "./cluster-links.ts";
import { Handlers } from "./handlers.ts";
import type { MasterLink } from "./master-link.ts";
import { RawEnd } from "./raw-end.testkit.ts";
import type { SlaveLink } from "./slave-link.ts";
import { type LinkListener, listenForLinks, SOCKET_TRANSPORT } from "./socket-link.ts";

const HOST = "127.0.0.1";
const LIST = { branch: FOREIGN_SHARD, minorBlockHash: ZERO_HASH, deposits: [] };
const CODE = { address: { recipient: ZERO_ADDRESS, fullShardKey: 0 }, height: undefined };
const PING = { id: "", fullShardIds: [], rootTip: undefined };

const opened: { close(reason: string): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close("the test is over");
});

describe("over TCP", () => {
  it("a master asks, a peer's messages pass, a long answer arrives whole, and its end is noticed", async () => {
    const slave = await listening("S0", [SHARD]);
    const master = await masterOf(slave);
    master.ask(CLUSTER_RPC.ping, 1n, PING);
    master.ask(CLUSTER_RPC.createClusterPeerConnection, 2n, { clusterPeerId: 2n ** 64n - 1n });
    master.ask(CLUSTER_RPC.getCode, 3n, CODE);
    await until(() => master.frames.length === 3);
    const [{ code }] = master.of(CLUSTER_RPC.getCode.responseOp) as { code: Uint8Array }[];
    expect(bytesEqual(code, LONG)).toBe(true);
    slave.links.peers.addShard(SHARD, new Handlers());
    const asked = slave.links.peers.find(SHARD, 2n ** 64n - 1n)?.request(PEER_RPC.getMinorBlockList, { hashes: [] });
    await until(() => master.frames.length === 4);
    master.answer(PEER_RPC.getMinorBlockList, 1n, { blocks: [] }, { branch: SHARD, clusterPeerId: 2n ** 64n - 1n });
    expect(await asked).toEqual({ blocks: [] });
    master.close();
    expect((await slave.links.masterLost).fault).toBe("closed");
  });

  it("two slaves link, and link again when the connection is reset", async () => {
    const [s0, s1] = [await listening("S0", [SHARD]), await listening("S1", [FOREIGN_SHARD])];
    await masterOf(s0);
    await masterOf(s1);
    const infos = [infoOf(s0), infoOf(s1)];
    expect(await s0.links.slaves.connect(infos)).toEqual(["", ""]);
    expect(await s1.links.slaves.connect(infos)).toEqual(["", ""]);
    expect(s1.accepted).toHaveLength(2);
    expect(s0.accepted).toHaveLength(1);
    const done = ({ errorCode }: { errorCode: number }) => errorCode === 0;
    await s1.links.slaves.deliver("S0", CLUSTER_RPC.addXshardTxList, LIST, done);
    s1.accepted[1].close();
    await until(() => !s0.links.slaves.isLinked("S1"));
    await s0.links.slaves.deliver("S1", CLUSTER_RPC.addXshardTxList, LIST, done);
    await s1.links.slaves.deliver("S0", CLUSTER_RPC.addXshardTxList, LIST, done);
    expect(s1.accepted).toHaveLength(3);
  });

  it("nobody at an address is an error that names it", async () => {
    const listener = await listenForLinks({ port: 0, host: HOST }, () => {});
    const { port } = listener;
    listener.close();
    await expect(SOCKET_TRANSPORT.dial(HOST, port, 1000)).rejects.toMatchObject({
      fault: "refused",
      message: expect.stringMatching(new RegExp(`cannot connect to ${HOST}:${port}: .*ECONNREFUSED`)),
    });
  });

  it("a port that is taken is an error that names it", async () => {
    const { listener } = await listening("S0", [SHARD]);
    await expect(listenForLinks({ port: listener.port, host: HOST }, () => {})).rejects.toMatchObject({
      code: "LINK",
      message: expect.stringMatching(/cannot listen on port \d+: .*EADDRINUSE/),
    });
  });

  it("a master that does not read is dropped, at the bound", async () => {
    const limits = { ...LINK_LIMITS, master: { ...LINK_LIMITS.master, queuedBytes: 4 * 2 ** 20 } };
    const slave = await listening("S0", [SHARD], limits);
    const deaf = await socketTo(slave);
    deaf.pause();
    for (let id = 1n; id <= 100n; id++) {
      deaf.write(
        encodeFrame({ branch: 0, clusterPeerId: 0n, op: CLUSTER_RPC.getCode.op, rpcId: id, payload: CODE_BYTES }, 12),
      );
    }
    const { fault, message } = await slave.links.masterLost;
    expect(fault).toBe("overflow");
    expect(Number(message.match(/(\d+) bytes wait/)?.[1])).toBeLessThanOrEqual(4 * 2 ** 20);
  });

  it.each(["master", "slave"])("a %s of random bytes ends, and costs nothing that stays", async (whose) => {
    const slave = await listening("S0", [SHARD]);
    if (whose === "slave") await masterOf(slave);
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < (whose === "slave" ? 50 : 1); n++) {
      const socket = await socketTo(slave);
      socket.on("error", () => {});
      const ended = new Promise((resolve) => socket.once("close", resolve));
      socket.resume();
      socket.write(Uint8Array.from({ length: 100_000 }, (_, i) => 255 - ((i * 31 + n) % 97)));
      await ended;
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 2 ** 20);
    if (whose === "slave") expect(slave.links.master?.isOpen).toBe(true);
    else expect((await slave.links.masterLost).fault).toBe("protocol");
  });
});

const LONG = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251);
const CODE_BYTES = Uint8Array.from([...ZERO_ADDRESS, 0, 0, 0, 0, 0]);

interface Listening {
  readonly id: string;
  readonly fullShardIds: readonly number[];
  readonly links: ClusterLinks;
  readonly listener: LinkListener;
  /** In the order in which they came: the master's, then slaves'. */
  readonly accepted: { close(): void }[];
}

async function listening(
  id: string,
  fullShardIds: readonly number[],
  limits: LinkLimits = LINK_LIMITS,
): Promise<Listening> {
  const links = new ClusterLinks({
    self: { id, fullShardIds },
    branches: BRANCHES,
    masterHandlers: new Handlers<MasterLink>()
      .answer(CLUSTER_RPC.ping, () => ({ id, fullShardIds }))
      .answer(CLUSTER_RPC.getCode, () => ({ errorCode: 0, code: LONG })),
    slaveHandlers: new Handlers<SlaveLink>().answer(CLUSTER_RPC.addXshardTxList, () => ({ errorCode: 0 })),
    limits,
    log: () => {},
  });
  const accepted: { close(): void }[] = [];
  const listener = await listenForLinks({ port: 0, host: HOST }, (link) => {
    accepted.push(link);
    links.accept(link);
  });
  opened.push(links, listener);
  return { id, fullShardIds, links, listener, accepted };
}

async function masterOf({ listener, links }: Listening): Promise<RawEnd> {
  const master = new RawEnd(await SOCKET_TRANSPORT.dial(HOST, listener.port, 1000), 12);
  await until(() => links.master !== undefined);
  return master;
}

function socketTo({ listener }: Listening): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: HOST, port: listener.port }, () => resolve(socket));
  });
}

function infoOf({ id, fullShardIds, listener }: Listening) {
  return { id, fullShardIds, host: HOST, port: listener.port };
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
