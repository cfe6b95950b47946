import { beforeEach, describe, expect, it } from "vitest";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import type { RootBlockHeader } from "../chain/root-block.ts";
import type { SealInput, SealVerdict } from "../cl/pow/seal.ts";
import { bytesKey, toHex } from "../codec/bytes.ts";
import { UnsupportedError } from "../codec/errors.ts";
import { BlockPipeline, type Outlets } from "./block-pipeline.ts";
import { Lab, MemoryRows, type OpenShard, openShard, SHARD_A } from "./shard-lab.testkit.ts";
import { ShardSeals } from "./shard-seals.ts";

const NOW = 1e10;
const EACH = { refuseOld: true, telling: "each" } as const;
const TOGETHER = { refuseOld: false, telling: "together" } as const;

let lab: Lab;
let shard: OpenShard;
let events: string[];
/** Waited for before a list is acknowledged, by the name of its block. */
let gates: Map<string, Promise<void>>;
let verify: (seal: SealInput) => Promise<SealVerdict>;
let names: Map<string, string>;
let pipeline: BlockPipeline;

const hashOf = ({ header }: MinorBlock) => minorHeaderHash(header);
const nameOf = (hash: Uint8Array) => names.get(toHex(hash)) ?? "genesis";

beforeEach(async () => {
  lab = new Lab();
  events = [];
  gates = new Map();
  names = new Map();
  verify = async () => ({ ok: true });
  shard = await openShard(lab.config, SHARD_A);
  pipeline = pipelineOver(shard);
  await pipeline.addRoot(lab.rootGenesis);
  events.length = 0;
});

function pipelineOver({ chain, store }: OpenShard): BlockPipeline {
  const outlets: Outlets = {
    async deliver(lists) {
      const sources = [...new Set(lists.map(({ sourceMinorHash }) => nameOf(sourceMinorHash)))];
      for (const source of sources) await gates.get(source);
      if (sources.length > 0) events.push(`lists of ${sources.join(" ")}`);
    },
    async report({ hash }) {
      events.push(`report ${nameOf(hash)}${store.isCommitted(hash) ? " again" : ""}`);
    },
    stored() {},
    async reportTogether(headers) {
      events.push(`report ${headers.map((header) => nameOf(minorHeaderHash(header))).join(" ")}`);
    },
    moved: ({ to }) => events.push(`head ${nameOf(to.hash)}`),
    announce: () => events.push("announce"),
    log: () => {},
  };
  const seals = new ShardSeals({ ...lab.config, disablePowCheck: false }, chain, { verify: (seal) => verify(seal) });
  return new BlockPipeline({ chain, outlets, seals, clock: () => NOW });
}

/** On the second root block: what stands on the first one sends no lists. */
async function blocks(...wanted: readonly string[]): Promise<MinorBlock[]> {
  if (rootTip().height === 0) await pipeline.addRoot(lab.root(lab.rootGenesis.header, []));
  const made: MinorBlock[] = [];
  for (const name of wanted) {
    const parent = made.at(-1) ?? lab.genesis(SHARD_A);
    const block = lab.block(parent.header, rootTip());
    names.set(toHex(hashOf(block)), name);
    made.push(block);
  }
  return made;
}

function rootTip(): RootBlockHeader {
  return shard.chain.snapshot!.rootTip.header;
}

describe("a block", () => {
  it("is announced when it is the head, and committed when its lists and then its header are acknowledged", async () => {
    const [one] = await blocks("one");
    expect(await pipeline.add([one], EACH)).toMatchObject([{ status: "added" }]);
    expect(events).toEqual(["head one", "announce", "lists of one", "report one"]);
    expect(shard.chain.statusOf(hashOf(one))).toBe("committed");
  });

  it("is not reported as long as a list is not acknowledged, nor is what stands on it", async () => {
    const [one, two] = await blocks("one", "two");
    let open = () => {};
    gates.set("one", new Promise((resolve) => (open = () => resolve())));
    const added = pipeline.add([one, two], EACH);
    await settled();
    expect(events.filter((event) => event.startsWith("report"))).toEqual([]);
    expect(shard.chain.statusOf(hashOf(one))).toBe("executed");
    open();
    await added;
    expect(events.filter((event) => event.startsWith("report"))).toEqual(["report one", "report two"]);
  });

  it("that comes from two sides at once is told once, and both wait for it", async () => {
    const [one] = await blocks("one");
    let open = () => {};
    gates.set("one", new Promise((resolve) => (open = () => resolve())));
    const first = pipeline.add([one], EACH);
    const second = pipeline.add([one], TOGETHER);
    await settled();
    open();
    expect(await first).toMatchObject([{ status: "added" }]);
    expect(await second).toMatchObject([{ status: "known" }]);
    expect(events.filter((event) => event.startsWith("report"))).toEqual(["report one"]);
  });

  it("beside the head is reported all the same, and announced to nobody", async () => {
    const [one] = await blocks("one");
    const [beside] = await blocks("beside");
    await pipeline.add([one], EACH);
    events.length = 0;
    expect(await pipeline.add([beside], EACH)).toMatchObject([{ status: "added", move: undefined }]);
    expect(events).toEqual(["lists of beside", "report beside"]);
    expect(shard.chain.statusOf(hashOf(beside))).toBe("committed");
  });

  it("whose seal is refused is not executed and leaves nothing", async () => {
    const [one] = await blocks("one");
    verify = async () => ({ ok: false, reason: "target" });
    const [outcome] = await pipeline.add([one], EACH);
    expect(outcome).toMatchObject({ reason: "invalid", verdict: { violations: [{ code: "SEAL_ABOVE_TARGET" }] } });
    expect(shard.engine.executions.has(bytesKey(hashOf(one)))).toBe(false);
    expect(shard.chain.statusOf(hashOf(one))).toBe("unknown");
  });

  it("of a height for which there are no seals is refused, and the shard goes on", async () => {
    const [one] = await blocks("one");
    const judge = verify;
    verify = async () => {
      throw new UnsupportedError("there is no such epoch");
    };
    expect(await pipeline.add([one], TOGETHER)).toMatchObject([
      { reason: "invalid", verdict: { violations: [{ code: "SEAL_UNSUPPORTED" }] } },
    ]);
    verify = judge;
    expect(await pipeline.add(await blocks("another"), EACH)).toMatchObject([{ status: "added" }]);
  });
});

describe("a batch", () => {
  it("has the seal of the next block worked on while one is executed", async () => {
    const batch = await blocks("one", "two");
    const names = new Map(batch.map(({ header }, i) => [header.nonce, ["one", "two"][i]]));
    events.length = 0;
    verify = async ({ nonce }) => {
      events.push(`seal of ${names.get(nonce)}`);
      return { ok: true };
    };
    await pipeline.add(batch, TOGETHER);
    expect(events.slice(0, 3)).toEqual(["seal of one", "seal of two", "head one"]);
  });

  it("is told with one message a side, and to no peer", async () => {
    const batch = await blocks("one", "two", "three");
    await pipeline.add(batch, TOGETHER);
    expect(events).toEqual([
      ...["head one", "head two", "head three"],
      "lists of one two three",
      "report one two three",
    ]);
  });

  it("with a bad block in it commits what comes before, which can be added again (P2)", async () => {
    const [one, two, three] = await blocks("one", "two", "three");
    const bad = { ...two, header: { ...two.header, gasLimit: 1n } };
    expect(await pipeline.add([one, bad, three], TOGETHER)).toMatchObject([{ status: "added" }, { status: "refused" }]);
    expect(shard.chain.statusOf(hashOf(one))).toBe("committed");
    expect(await pipeline.add([one, two, three], TOGETHER)).toMatchObject([
      { status: "known" },
      { status: "added" },
      { status: "added" },
    ]);
    expect(events.at(-1)).toBe("report two three");
  });

  it("of committed blocks is told again where somebody asks for that (P19)", async () => {
    const batch = await blocks("one", "two");
    await pipeline.add(batch, TOGETHER);
    events.length = 0;
    await pipeline.reportAgain(batch.map(hashOf));
    expect(events).toEqual(["lists of one two", "report one two"]);
  });
});

describe("a root block", () => {
  it("of the height at which the shard begins is taken when the master has its genesis block", async () => {
    const fresh = await openShard(lab.config, SHARD_A);
    await pipelineOver(fresh).addRoot(lab.rootGenesis);
    expect(events).toEqual(["head genesis", "report genesis"]);
    expect(fresh.chain.statusOf(hashOf(lab.genesis(SHARD_A)))).toBe("committed");
  });

  it("that moves the head is announced to no peer", async () => {
    const [one, two] = await blocks("one", "two");
    const [beside] = await blocks("beside");
    await pipeline.add([one, two, beside], EACH);
    events.length = 0;
    const outcome = await pipeline.addRoot(lab.root(rootTip(), [lab.genesis(SHARD_A), beside]));
    expect(outcome).toMatchObject({ isTip: true, move: { leaving: [{}, {}], joining: [{ height: 1 }] } });
    expect(events).toEqual(["head beside"]);
  });

  it("waits for no acknowledgement of lists, and what it leaves behind is committed nevertheless", async () => {
    const [one, two] = await blocks("one", "two");
    const [beside] = await blocks("beside");
    await pipeline.add([beside], EACH);
    let open = () => {};
    gates.set("one", new Promise((resolve) => (open = () => resolve())));
    const added = pipeline.add([one, two], EACH);
    await settled();
    const outcome = await pipeline.addRoot(lab.root(rootTip(), [lab.genesis(SHARD_A), beside]));
    expect(outcome).toMatchObject({ isTip: true, move: { to: { height: 1 } } });
    expect(shard.chain.statusOf(hashOf(one))).toBe("executed");
    open();
    await added;
    for (const block of [one, two]) expect(shard.chain.statusOf(hashOf(block))).toBe("committed");
    expect(shard.chain.snapshot?.head.hash).toEqual(hashOf(beside));
  });
});

describe("after the end of the process", () => {
  it("what was not committed is told, parents first, by itself and by whatever stands on it", async () => {
    const [one, two, three] = await blocks("one", "two", "three");
    gates.set("one", new Promise(() => {}));
    void pipeline.add([one, two], EACH);
    await settled();
    gates.clear();
    events.length = 0;
    const again = await openShard(lab.config, SHARD_A, { rows: new MemoryRows(shard.rows.rows), engine: shard.engine });
    const reborn = pipelineOver(again);
    await reborn.add([three], EACH);
    await reborn.finish();
    const reports = events.filter((event) => event.startsWith("report"));
    expect(reports).toEqual(["report one", "report two", "report three"]);
    expect(await again.chain.unfinished()).toEqual([]);
  });
});

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
