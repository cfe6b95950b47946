import { describe, expect, it } from "vitest";
import { toHex, ZERO_HASH } from "../codec/bytes.ts";
import { settle, VirtualClock } from "../codec/virtual-clock.testkit.ts";
import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { decode } from "../wire/codec.ts";
import { recordedFrames } from "../wire/recorded-frames.testkit.ts";
import { FOREIGN_SHARD, OTHER_SHARD, SHARD, slave } from "./cluster-links.testkit.ts";
import type { ClusterLinks } from "./cluster-links.ts";
import { Handlers } from "./handlers.ts";
import { MemoryNetwork, memoryLinks } from "./memory-link.testkit.ts";
import { RawEnd } from "./raw-end.testkit.ts";
import type { SlaveLink } from "./slave-link.ts";
import { SLAVE_LINKS_TIMING } from "./slave-links.ts";

const S0 = { id: "S0", host: "10.0.0.1", port: 38000, fullShardIds: [SHARD, OTHER_SHARD] };
const S1 = { id: "S1", host: "10.0.0.2", port: 38001, fullShardIds: [FOREIGN_SHARD] };
const LIST = { branch: FOREIGN_SHARD, minorBlockHash: ZERO_HASH, deposits: [] };
const DONE = ({ errorCode }: { errorCode: number }) => errorCode === 0;

describe("slaves of a cluster", () => {
  it.each([
    ["S0", "S1"],
    ["S1", "S0"],
  ])("have one link when %s dials, in both directions", async (dialler) => {
    const { cluster, network } = twoSlaves();
    const [first, second] = dialler === "S0" ? [cluster.S0, cluster.S1] : [cluster.S1, cluster.S0];
    // The master asks one after the other, each to connect to all.
    expect(await first.links.slaves.connect([S0, S1])).toEqual(["", ""]);
    expect(await second.links.slaves.connect([S0, S1])).toEqual(["", ""]);
    expect(network.dialled).toHaveLength(1);
    expect(cluster.S0.links.slaves.holdersOf(FOREIGN_SHARD)).toEqual(["S1"]);
    expect(cluster.S0.links.slaves.holdersOf(SHARD)).toEqual([]);
    await deliverBothWays(cluster);
  });

  it("end with one link when both dial at once", async () => {
    const { cluster, network } = twoSlaves();
    const texts = await Promise.all([
      cluster.S0.links.slaves.connect([S1]),
      cluster.S1.links.slaves.connect([S0]),
      cluster.S0.links.slaves.connect([S1]),
    ]);
    expect(texts).toEqual([[""], [""], [""]]);
    await settle();
    expect(network.dialled.filter((link) => !link.isClosed)).toHaveLength(1);
    await deliverBothWays(cluster);
  });

  it("keep the link that came while theirs was being dialled, when both would do", async () => {
    const network = new MemoryNetwork();
    const dialled: RawEnd[] = [];
    network.listen(S1.host, S1.port, (link) => dialled.push(new RawEnd(link, 0)));
    const { links } = slave("S5", network);
    const incoming = accepted(links);
    const connected = links.slaves.connect([S1]);
    await settle();
    incoming.ask(CLUSTER_RPC.ping, 1n, { id: "S1", fullShardIds: [FOREIGN_SHARD], rootTip: undefined });
    await settle();
    dialled[0].answer(CLUSTER_RPC.ping, 1n, { id: "S1", fullShardIds: [FOREIGN_SHARD] });
    expect(await connected).toEqual([""]);
    await settle();
    expect([incoming.isClosed, dialled[0].isClosed]).toEqual([false, true]);
  });

  it("greet as a Python slave does, byte for byte", async () => {
    const recorded = recordedFrames().find(({ name, metadataBytes }) => name === "PING" && metadataBytes === 0);
    if (recorded === undefined) throw new Error("no greeting in the recording");
    const { id, fullShardIds } = decode(CLUSTER_RPC.ping.request, recorded.frame.payload, "PING");
    const network = new MemoryNetwork();
    const heard: RawEnd[] = [];
    network.listen(S1.host, S1.port, (link) => heard.push(new RawEnd(link, 0)));
    slave(id, network, { fullShardIds }).links.slaves.connect([{ ...S1, id: "S9" }]);
    await settle();
    expect(toHex(heard[0].frames[0].payload)).toBe(toHex(recorded.frame.payload));
    expect(heard[0].frames[0].rpcId).toBe(1n);
  });

  it("register a fellow before they answer its PING", async () => {
    const { links } = slave("S0", new MemoryNetwork());
    const end = accepted(links);
    end.ask(CLUSTER_RPC.ping, 1n, { id: "S1", fullShardIds: [FOREIGN_SHARD], rootTip: undefined });
    await settle();
    expect(end.of(CLUSTER_RPC.ping.responseOp)).toEqual([{ id: "S0", fullShardIds: [SHARD, OTHER_SHARD] }]);
    const done = links.slaves.deliver("S1", CLUSTER_RPC.addXshardTxList, LIST, DONE);
    await settle();
    end.answer(CLUSTER_RPC.addXshardTxList, 1n, { errorCode: 0 });
    expect(await done).toEqual({ errorCode: 0 });
  });
});

describe("a fellow that cannot be linked is told in ASCII, within the time for it", () => {
  it.each<[string, { id?: string; fullShardIds?: readonly number[] }, RegExp]>([
    ["by another name", { id: "Ünbekannt" }, /slave S1: it says that it is .nbekannt/],
    ["with other shards", { fullShardIds: [SHARD] }, /slave S1: it holds the shards 1, not 131073/],
  ])("%s", async (_, identity, text) => {
    const { cluster, network } = await oneSlave({ ...S1, ...identity });
    const [said] = await cluster.links.slaves.connect([S1]);
    expect(said).toMatch(text);
    expect(said).toMatch(/^[\x20-\x7e]+$/);
    await settle();
    expect(network.dialled.every((link) => link.isClosed)).toBe(true);
    expect(cluster.links.slaves.isLinked("S1")).toBe(false);
  });

  it("where nobody listens", async () => {
    const { links } = slave("S0", new MemoryNetwork());
    expect(await links.slaves.connect([S1])).toEqual(["slave S1: cannot connect to 10.0.0.2:38001: refused"]);
  });

  it("when it does not answer PING", async () => {
    const network = new MemoryNetwork();
    network.listen(S1.host, S1.port, (link) => new RawEnd(link, 0));
    const { links, clock } = slave("S0", network);
    const said = links.slaves.connect([S1]);
    await settle();
    await clock.advance(SLAVE_LINKS_TIMING.dial);
    expect(await said).toEqual([expect.stringMatching(/^slave S1: .*no answer to PING within 10000 ms$/)]);
  });
});

describe("a slave link", () => {
  it.each<[string, (end: RawEnd) => void]>([
    ["an operation of the master", (end) => end.ask(CLUSTER_RPC.getCode, 2n, CODE)],
    ["an operation that does not exist", (end) => end.frame({ op: 28, rpcId: 2n })],
    ["what cannot be decoded", (end) => end.frame({ op: CLUSTER_RPC.addXshardTxList.op, rpcId: 2n })],
    ["bytes that are no frame", (end) => end.send(Uint8Array.from({ length: 5000 }, (_, i) => 255 - (i % 13)))],
  ])("is closed by %s; the others and the master's live", async (_, say) => {
    const { links, lines } = slave("S0", new MemoryNetwork());
    const [bad, good] = [accepted(links), accepted(links)];
    bad.ask(CLUSTER_RPC.ping, 1n, { id: "S1", fullShardIds: [FOREIGN_SHARD], rootTip: undefined });
    good.ask(CLUSTER_RPC.ping, 1n, { id: "S2", fullShardIds: [FOREIGN_SHARD], rootTip: undefined });
    await settle();
    say(bad);
    await settle();
    expect([bad.isClosed, good.isClosed]).toEqual([true, false]);
    expect(links.master?.isOpen).toBe(true);
    expect(lines.filter((line) => line.startsWith("warn slave S1: closed"))).toHaveLength(1);
  });

  it("of a slave without shards, or with our own name, is closed", async () => {
    const { links } = slave("S0", new MemoryNetwork());
    const [empty, mirror] = [accepted(links), accepted(links)];
    empty.ask(CLUSTER_RPC.ping, 1n, { id: "S1", fullShardIds: [], rootTip: undefined });
    mirror.ask(CLUSTER_RPC.ping, 1n, { id: "S0", fullShardIds: [SHARD], rootTip: undefined });
    await settle();
    expect([empty.isClosed, mirror.isClosed]).toEqual([true, true]);
    expect(links.slaves.holdersOf(SHARD)).toEqual([]);
  });

  it("of a slave with a name for terminals is logged in an escaped form", async () => {
    const { links, lines } = slave("S0", new MemoryNetwork());
    const end = accepted(links);
    end.ask(CLUSTER_RPC.ping, 1n, { id: "\u001b[2Jgone\n", fullShardIds: [SHARD], rootTip: undefined });
    await settle();
    expect(lines.join("")).toContain("[2Jgone");
    expect(lines.join("")).toMatch(/^[\x20-\x7e]+$/);
  });

  it("that never says whose it is, is closed after a while; too many are at once", async () => {
    const { links, clock } = slave("S0", new MemoryNetwork());
    const ends = Array.from({ length: 66 }, () => accepted(links));
    await settle();
    expect(ends.filter((end) => end.isClosed)).toHaveLength(2);
    await clock.advance(SLAVE_LINKS_TIMING.introduction);
    expect(ends.filter((end) => end.isClosed)).toHaveLength(66);
  });

  it("gives way to a newer one of the same fellow", async () => {
    const { links } = slave("S0", new MemoryNetwork());
    const ends = [accepted(links), accepted(links)];
    for (const end of ends) {
      end.ask(CLUSTER_RPC.ping, 1n, { id: "S1", fullShardIds: [FOREIGN_SHARD], rootTip: undefined });
      await settle();
    }
    expect(ends.map((end) => end.isClosed)).toEqual([true, false]);
    expect(links.slaves.isLinked("S1")).toBe(true);
  });
});

describe("what is owed to a fellow", () => {
  it.each(["S0", "S1"] as const)(
    "is sent again over a new link when one breaks that %s dialled (P3)",
    async (dialler) => {
      const { cluster, network, clock, received } = twoSlaves();
      const other = dialler === "S0" ? "S1" : "S0";
      expect(await cluster[dialler].links.slaves.connect([S0, S1])).toEqual(["", ""]);
      expect(await cluster[other].links.slaves.connect([S0, S1])).toEqual(["", ""]);
      network.dialled[0].isStuck = true;
      const owed = [
        cluster.S0.links.slaves.deliver("S1", CLUSTER_RPC.addXshardTxList, LIST, DONE),
        cluster.S1.links.slaves.deliver("S0", CLUSTER_RPC.addXshardTxList, LIST, DONE),
      ];
      await settle();
      network.dialled[0].isStuck = false;
      network.dialled[0].end("cable cut");
      await settle();
      await clock.advance(60_000);
      expect(await Promise.all(owed)).toEqual([{ errorCode: 0 }, { errorCode: 0 }]);
      expect(new Set(received)).toEqual(new Set(["S0", "S1"]));
      expect(network.dialled.filter((link) => !link.isClosed)).toHaveLength(1);
    },
  );

  it("waits for a fellow that is away, dialled again ever more seldom", async () => {
    const { cluster, network, clock } = twoSlaves();
    await cluster.S0.links.slaves.connect([S1]);
    const comeBack = network.unlisten(S1.host, S1.port);
    network.dialled[0].end("cable cut");
    await settle();
    const owed = cluster.S0.links.slaves.deliver("S1", CLUSTER_RPC.addXshardTxList, LIST, DONE);
    await clock.advance(60_000);
    const attempts = cluster.S0.lines.filter((line) => line.includes("dialled again in"));
    expect(attempts.length).toBeGreaterThan(5);
    expect(attempts.length).toBeLessThan(14);
    expect(attempts.at(-1)).toMatch(/slave S1: cannot connect to .* in 10000 ms/);
    comeBack();
    await clock.advance(10_000);
    expect(await owed).toEqual({ errorCode: 0 });
  });

  it("is asked again when it is refused", async () => {
    const answers = [2, 2, 0];
    const { cluster, clock } = twoSlaves(() => answers.shift() ?? 0);
    await cluster.S0.links.slaves.connect([S1]);
    const owed = cluster.S0.links.slaves.deliver("S1", CLUSTER_RPC.addXshardTxList, LIST, DONE);
    await clock.advance(2000);
    expect(await owed).toEqual({ errorCode: 0 });
    expect(answers).toEqual([]);
  });

  it("ends with the links, or when nobody wants it any more", async () => {
    const { cluster, network } = twoSlaves(() => 2);
    await cluster.S0.links.slaves.connect([S1]);
    const abort = new AbortController();
    const [dropped, closed] = [abort.signal, undefined].map((signal) => {
      const owed = cluster.S0.links.slaves.deliver("S1", CLUSTER_RPC.addXshardTxList, LIST, DONE, signal);
      return expect(owed).rejects.toMatchObject({ fault: "closed" });
    });
    await settle();
    abort.abort();
    await dropped;
    cluster.S0.links.close("shutting down");
    await closed;
    await settle();
    expect(network.dialled.every((link) => link.isClosed)).toBe(true);
    await expect(cluster.S0.links.slaves.deliver("S7", CLUSTER_RPC.addXshardTxList, LIST, DONE)).rejects.toMatchObject({
      fault: "refused",
    });
  });
});

const CODE = { address: { recipient: ZERO_HASH.subarray(12) as never, fullShardKey: 0 }, height: undefined };

async function deliverBothWays(cluster: ReturnType<typeof twoSlaves>["cluster"]): Promise<void> {
  for (const [from, to] of [
    ["S0", "S1"],
    ["S1", "S0"],
  ] as const) {
    const done = cluster[from].links.slaves.deliver(to, CLUSTER_RPC.addXshardTxList, LIST, DONE);
    expect(await done).toEqual({ errorCode: 0 });
  }
}

/** S0 and S1, both ours, on one clock. `answer` says the error code of each list. */
function twoSlaves(answer: () => number = () => 0) {
  const network = new MemoryNetwork();
  const clock = new VirtualClock();
  const received: string[] = [];
  const of = ({ id, host, port, fullShardIds }: typeof S0) => {
    const slaveHandlers = new Handlers<SlaveLink>().answer(CLUSTER_RPC.addXshardTxList, () => {
      received.push(id);
      return { errorCode: answer() };
    });
    const made = slave(id, network, { slaveHandlers, fullShardIds, clock });
    master(made.links);
    network.listen(host, port, (link) => made.links.accept(link));
    return made;
  };
  return { cluster: { S0: of(S0), S1: of(S1) }, network, clock, received };
}

/** S0, and at S1's address one that says whatever it is given. */
async function oneSlave(identity: { id: string; fullShardIds: readonly number[] }) {
  const network = new MemoryNetwork();
  const fellow = slave(identity.id, network, identity);
  master(fellow.links);
  network.listen(S1.host, S1.port, (link) => fellow.links.accept(link));
  return { network, fellow, cluster: slave("S0", network) };
}

/** The first link that comes is the master's. */
function master(links: ClusterLinks): RawEnd {
  const [theirs, ours] = memoryLinks(["master", "slave"]);
  links.accept(ours);
  return new RawEnd(theirs, 12);
}

/** The other end of a link that is accepted behind the master's. */
function accepted(links: ClusterLinks): RawEnd {
  if (links.master === undefined) master(links);
  const [theirs, ours] = memoryLinks(["fellow", "S0"]);
  links.accept(ours);
  return new RawEnd(theirs, 0);
}
