import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClusterConfig, SlaveConfig } from "../../node/chain/config.ts";
import { minorHeaderHash } from "../../node/chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../../node/chain/root-block.ts";
import { toHex, utf8, ZERO_HASH } from "../../node/codec/bytes.ts";
import { CLUSTER_RPC } from "../../node/wire/cluster-ops.ts";
import { SMALL } from "../database/small-fixture.testkit.ts";
import { replayInProcess } from "../replay/replay-run.testkit.ts";
import { headsOf, historyOf, newestHash, type Step } from "./history.testkit.ts";
import { ModelCluster, type ModelSlave } from "./model-cluster.testkit.ts";

const ROOTS = 8;

let folder: string;
let history: readonly Step[];
let cluster: ClusterConfig;
let running: ModelSlave[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qkc-slave-"));
  running = [];
  ({ history, cluster } = readHistory());
});

afterEach(async () => {
  for (const { slave } of running) await slave.close("the test is over");
  rmSync(folder, { recursive: true, force: true });
});

describe("two slaves take what pyquarkchain made", () => {
  it("block by block: every header is reported, every root block is taken by all shards, the heads are pyquarkchain's", async () => {
    await begin();
    for (const step of history.slice(1)) await feed(step);
    const confirmed = history.flatMap(({ blocks }) => blocks.map(({ header }) => toHex(minorHeaderHash(header))));
    const reported = running.flatMap(({ master }) => master.reported.map((header) => toHex(minorHeaderHash(header))));
    // pyquarkchain's last blocks are confirmed by no root block that was fed.
    expect([...reported].sort()).toEqual([...confirmed].sort());
    expect(new Set(reported).size).toBe(reported.length);
    expect(await heads()).toEqual(headsOf(history));
    for (const { slave, config } of running) {
      const { shards, ...links } = await slave.gauges(60_000);
      expect(links).toEqual({ isMasterConnected: true, fellows: 1, linkedFellows: 1 });
      expect(shards.map(({ fullShardId }) => fullShardId)).toEqual(config.fullShardIds);
      for (const { fullShardId, gauges } of shards) {
        const all = history.slice(1).flatMap(({ blocks }) => blocks);
        const fed = all.filter(({ header }) => header.branch === fullShardId && header.height > 0);
        const height = fed[fed.length - 1].header.height;
        const expected = { height, confirmedHeight: height, rootHeight: history.length - 1, blocks: fed.length };
        expect(gauges).toMatchObject({ ...expected, uncommitted: 0, pending: 0 });
      }
    }
  });

  it("and end and start again on an earlier root block: the heads are what it confirms, and history goes on from there", async () => {
    await begin();
    for (const step of history.slice(1)) await feed(step);
    for (const { slave } of running) await slave.close("it ends");
    const earlier = history.length - 3;
    await begin(history[earlier].root);
    expect(await heads()).toEqual(headsOf(history.slice(0, earlier + 1)));
    expect(running.flatMap(({ master }) => master.reported)).toEqual([]);
    for (const { root } of history.slice(earlier + 1)) await addRoot(root);
    // A master that ended while it committed the last one sends it again.
    for (const { master } of running) {
      for (let time = 0; time < 2; time++) {
        expect((await master.addRoot(history[history.length - 1].root)).errorCode).toBe(0);
      }
    }
    expect(await heads()).toEqual(headsOf(history));
  });
});

it("tracking data of any kind is data: the block is reported, committed and confirmed (P1)", async () => {
  await begin();
  const [, { root, blocks }, ...rest] = history;
  const junk = ["{", "null", "\u0000", '{"inception": "x"}'].map(utf8);
  await feed({ root, blocks: blocks.map((block, i) => ({ ...block, trackingData: junk[i % junk.length] })) });
  for (const step of rest) await feed(step);
  expect(await heads()).toEqual(headsOf(history));
});

it("a shard that cannot go on is begun anew where it stood, and the other shards go on", async () => {
  await begin();
  for (const step of history.slice(1, 4)) await feed(step);
  const [{ master, config, fail, lines }] = running;
  const [broken, other] = config.fullShardIds;
  fail(broken, "the disk is full");
  const request = { hash: ZERO_HASH, height: 0n, needExtraInfo: false };
  expect(await master.ask(CLUSTER_RPC.getMinorBlock, { ...request, branch: broken })).toMatchObject({ errorCode: 1 });
  expect(await master.ask(CLUSTER_RPC.getMinorBlock, { ...request, branch: other })).toMatchObject({ errorCode: 0 });
  expect(await master.ping(history[3].root)).toEqual(identityOf(config));
  await expect.poll(() => lines.some((line) => line.includes("is alive again")), { timeout: 20_000 }).toBe(true);
  for (const step of history.slice(4)) await feed(step);
  expect(await heads()).toEqual(headsOf(history));
});

it("a shard whose store is broken at the start is named, and the others are left closed and whole", async () => {
  await begin();
  for (const step of history.slice(1, 4)) await feed(step);
  for (const { slave } of running) await slave.close("it ends");
  const [config] = slaveConfigs();
  const [broken] = config.fullShardIds;
  const current = join(folder, config.id, `cl-${broken}`, "CURRENT");
  const pointer = readFileSync(current);
  writeFileSync(current, "no manifest is called so");
  const { slave, master } = startSlave(config);
  await expect(master.ping(history[3].root)).rejects.toThrow("closed");
  expect(await slave.ended).toMatchObject({ error: { message: expect.stringContaining(`cl-${broken}`) } });
  await slave.close("it cannot start");
  writeFileSync(current, pointer);
  await begin(history[3].root);
  for (const step of history.slice(4)) await feed(step);
  expect(await heads()).toEqual(headsOf(history));
});

it("what a replay leaves is a start: the slave goes on where the replay ended", async () => {
  const [config] = cluster.slaves;
  const end = history.length - 3;
  const replayed = await replayInProcess({ datadir: join(folder, config.id), to: end });
  expect(replayed).toMatchObject({ exitCode: 0, error: undefined });
  const { master } = startSlave(config);
  await master.ping();
  expect(await master.ping(history[end].root)).toEqual(identityOf(config));
  expect(await heads()).toEqual(headsOf(history.slice(0, end + 1)));
  for (const step of history.slice(end + 1)) await feed(step);
  expect(await heads()).toEqual(headsOf(history));
});

it("a root block that confirms what is not here is taken by none of the shards, and the next one is", async () => {
  await begin();
  const [, step] = history;
  for (const { master } of running) {
    expect(await master.addRoot(step.root)).toEqual({ errorCode: 74, switched: false });
  }
  expect(running.flatMap(({ lines }) => lines).filter((line) => line.includes("is refused"))).toHaveLength(2);
  await feed(step);
  expect(await heads()).toEqual(headsOf(history.slice(0, 2)));
});

it("a root block that confirms what is not here is taken where a peer has it, lists between shards and all", async () => {
  await begin();
  const missing = history.slice(1, 4).flatMap(({ blocks }) => blocks);
  for (const { master } of running) await master.connectPeer(missing, history[4].root);
  for (const { root } of history.slice(1, 4)) await addRoot(root);
  for (const step of history.slice(4)) await feed(step);
  expect(await heads()).toEqual(headsOf(history));
  const reported = running.flatMap(({ master }) => master.reported.map((header) => toHex(minorHeaderHash(header))));
  for (const { header } of missing) expect(reported).toContain(toHex(minorHeaderHash(header)));
});

it("a master that is further than the stores is told so by name, and the slave ends", async () => {
  const slave = startSlave(slaveConfigs()[0]);
  await expect(slave.master.ping(history[3].root)).rejects.toThrow("closed");
  expect(await slave.slave.ended).toMatchObject({
    kind: "failed",
    error: { code: "USAGE", message: expect.stringContaining("does not have the master's root block 3") },
  });
});

it("what is asked of a shard that is not alive is answered, not punished", async () => {
  const { master } = startSlave(slaveConfigs()[0]);
  await master.ping();
  const branch = slaveConfigs()[0].fullShardIds[0];
  expect(await master.ask(CLUSTER_RPC.getWork, { branch, coinbase: undefined })).toMatchObject({ errorCode: 1 });
  expect(
    await master.ask(CLUSTER_RPC.getMinorBlock, { branch, hash: ZERO_HASH, height: 0n, needExtraInfo: false }),
  ).toMatchObject({ errorCode: 1, block: { header: { branch: 1, height: 0 } } });
  expect(await master.addRoot(history[1].root)).toMatchObject({ errorCode: 74 });
});

/** Two slaves with two shards each, brought to life on a root block. */
async function begin(rootTip: RootBlock = history[0].root): Promise<void> {
  const model = new ModelCluster(cluster, folder);
  running = slaveConfigs().map((config) => model.start(config));
  for (const { master, config } of running) expect(await master.ping()).toEqual(identityOf(config));
  await model.connect(running);
  await Promise.all(
    running.map(async ({ master, config }) => expect(await master.ping(rootTip)).toEqual(identityOf(config))),
  );
}

function startSlave(config: SlaveConfig): ModelSlave {
  const slave = new ModelCluster(cluster, folder).start(config);
  running.push(slave);
  return slave;
}

async function feed({ root, blocks }: Step): Promise<void> {
  for (const block of blocks) expect(await holderOf(block.header.branch).addMinor(block)).toBe(0);
  await addRoot(root);
}

async function addRoot(root: RootBlock): Promise<void> {
  const answers = await Promise.all(running.map(({ master }) => master.addRoot(root)));
  for (const answer of answers) expect(answer).toEqual({ errorCode: 0, switched: true });
}

function holderOf(branch: number) {
  const holder = running.find(({ config }) => config.fullShardIds.includes(branch));
  if (holder === undefined) throw new Error(`nobody holds ${branch}`);
  return holder.master;
}

async function heads(): Promise<Record<number, string>> {
  const heads: Record<number, string> = {};
  for (const { master, config } of running) {
    for (const branch of config.fullShardIds) {
      const headers = (await master.ask(CLUSTER_RPC.getUnconfirmedHeaders, {})).headersInfos;
      // Nothing stands on what is confirmed, so that the next unconfirmed height asks for the head.
      expect(headers.find((info) => info.branch === branch)?.headers).toEqual([]);
      heads[branch] = await newestHash(master, branch);
    }
  }
  return heads;
}

function identityOf({ id, fullShardIds }: SlaveConfig) {
  return { id, fullShardIds };
}

function slaveConfigs(): readonly SlaveConfig[] {
  const [only] = cluster.slaves;
  const ids = only.fullShardIds;
  return [
    { ...only, id: "S0", port: 1, fullShardIds: ids.slice(0, 2) },
    { ...only, id: "S1", port: 2, fullShardIds: ids.slice(2) },
  ];
}

/** The first root blocks of the packed database. */
function readHistory(): { readonly history: readonly Step[]; readonly cluster: ClusterConfig } {
  const { steps, cluster } = historyOf(SMALL);
  expect(toHex(rootHeaderHash(steps[1].root.header))).toBe(toHex(steps[2].root.header.prevBlockHash));
  return { history: steps.slice(0, ROOTS), cluster };
}
