import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GOQKC_CONFIG, GoquarkchainDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import type { ClusterConfig } from "../../node/chain/config.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { copyState } from "../../node/el/store/copy-state.ts";
import { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { CLUSTER_RPC } from "../../node/wire/cluster-ops.ts";
import { databaseDigest, SMALL } from "../database/small-fixture.testkit.ts";
import { headsOf, historyOf } from "./history.testkit.ts";
import { type ImportedBase, importBase } from "./import-base.ts";
import type { ModelSlave } from "./model-cluster.testkit.ts";
import {
  addRoot,
  expectEqual,
  feed,
  heads,
  historiesAskedFor,
  questionsAbout,
  slavesOverOldDatabases,
  withoutBlocksBehind,
} from "./old-database.testkit.ts";

const CACHE_BYTES = 16 * 2 ** 20;

class EndedError extends Error {}

const slaves = slavesOverOldDatabases("qkc-import-");

describe("the stores of a slave without the old database", () => {
  it("serve the right tip, answer what they keep as those that kept it, and take the next blocks as they do", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const end = 12;
    const twin = withoutBlocksBehind(steps, end);
    const before = databaseDigest(twin.dir);
    const imported = await importOver(cluster, "imported", twin.dir, 3);
    expect(databaseDigest(twin.dir)).toBe(before);
    const kept = await slaves.start(cluster, "kept", steps[end].root, twin.dir);
    const first = firstHeights(imported);
    expect(Math.min(...first.values())).toBeGreaterThan(20);
    const away = await startedWithout(twin.dir, () => slaves.start(cluster, "imported", steps[end].root));
    expect(await heads(away, first)).toEqual(headsOf(steps.slice(0, end + 1)));
    for (const step of steps.slice(end + 1)) {
      await feed(away, step);
      await feed(kept, step);
    }
    expect(await heads(away, first)).toEqual(headsOf(steps));
    const above = steps.map((step) => ({
      ...step,
      blocks: step.blocks.filter(({ header }) => header.height >= Math.max(...first.values())),
    }));
    const questions = questionsAbout(above).filter((_, i) => i % 3 === 0);
    expect(questions.length).toBeGreaterThan(100);
    for (const ask of questions) expectEqual(await ask(away), await ask(kept));
    const found = await Promise.all(historiesAskedFor(above).map(async (ask) => [await ask(away), await ask(kept)]));
    for (const [ours, { transactions: all }] of found) {
      expectEqual(ours.transactions, all.slice(0, ours.transactions.length));
    }
    expect(found.every(([ours]) => ours.transactions.length > 0)).toBe(true);
  });

  it("answer what was put away as pruned, and go on", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const last = steps[steps.length - 1];
    const imported = await importOver(cluster, "slave", SMALL, 3);
    const slave = await slaves.start(cluster, "slave", last.root);
    const [branch, { firstHeight: first }] = [...imported.shards][0];
    const range = { branch, addresses: [], topics: [], startBlock: BigInt(first - 1), endBlock: BigInt(first) };
    expect(await slave.master.ask(CLUSTER_RPC.getLog, range)).toMatchObject({ errorCode: 1 });
    expect(await slave.master.ask(CLUSTER_RPC.getLog, { ...range, startBlock: BigInt(first) })).toMatchObject({
      errorCode: 0,
    });
    const { coinbaseAddress: address } = last.blocks[0].header;
    for (const ask of questionsAbout(steps.slice(0, 8))) await ask(slave);
    const { errorCode } = await slave.master.ask(CLUSTER_RPC.getAccountData, { address, height: undefined });
    expect(errorCode).toBe(0);
    expect(slave.lines.some((line) => line.includes("was put away with the old database"))).toBe(true);
    expect(slave.lines.filter((line) => line.includes("damaged") || line.includes("begun anew"))).toEqual([]);
  });

  it("hold every state that they keep as a whole", async () => {
    const { cluster } = historyOf(SMALL);
    const imported = await importOver(cluster, "slave", SMALL, 3);
    for (const [fullShardId, { firstHeight: first, head }] of imported.shards) {
      const node = await ExecutionNode.open({
        ...{ folder: join(slaves.folder, "slave", "S0", `el-${fullShardId}`), config: cluster.quarkchain, fullShardId },
        ...{
          rules: QUARKCHAIN_RULES,
          durability: "process",
          retention: "archive",
          version: "test",
          cacheBytes: CACHE_BYTES,
        },
      });
      try {
        for (let height = first - 1; height <= head.height; height++) {
          const hash = node.store.canonicalHash(height);
          if (hash === undefined) throw new Error(`there is no block ${height}`);
          await copyState(node.store, node.store.block(hash).meta.stateRoot, () => {});
        }
      } finally {
        await node.close();
      }
    }
  });

  it("are those of a slave that has run over it, and begin at their own tip", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const end = 9;
    const twin = withoutBlocksBehind(steps, end);
    const over = await slaves.start(cluster, "slave", steps[end].root, twin.dir);
    for (const step of steps.slice(end + 1, 13)) await feed(over, step);
    await over.slave.close("it ends");
    const imported = await importOver(cluster, "slave", twin.dir, 6);
    expect([...imported.shards.values()].map(({ rootHeight }) => rootHeight)).toEqual([12, 12, 12, 12]);
    const away = await startedWithout(twin.dir, () => slaves.start(cluster, "slave", steps[12].root));
    const from = firstHeights(imported);
    expect(await heads(away, from)).toEqual(headsOf(steps.slice(0, 13)));
    for (const step of steps.slice(13)) await feed(away, step);
    expect(await heads(away, from)).toEqual(headsOf(steps));
    await away.slave.close("it ends");
    // The master's database may be older.
    const earlier = await slaves.start(cluster, "slave", steps[8].root);
    for (const { root } of steps.slice(9)) expect(await addRoot(earlier, root)).toMatchObject({ errorCode: 0 });
    expect(await heads(earlier, from)).toEqual(headsOf(steps));
  });

  it("are begun again where an import was ended, and the slave starts over the database in between", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const { root } = steps[steps.length - 1];
    let firsts = new Map<number, number>();
    for (let most = 1; ; most += 3) {
      let told = 0;
      const imported = await importOver(cluster, "slave", SMALL, 2, () => {
        if (++told === most) throw new EndedError();
      }).catch((error) => {
        if (!(error instanceof EndedError)) throw error;
      });
      if (imported !== undefined) {
        firsts = firstHeights(imported);
        break;
      }
      expect(existsSync(join(slaves.folder, "slave", "S0", "former-base-1.json"))).toBe(false);
      // Once it is ended twice without a start in between.
      if (most % 2 === 0) continue;
      const slave = await slaves.start(cluster, "slave", root, SMALL);
      expect(await heads(slave)).toEqual(headsOf(steps));
      await slave.slave.close("it ends");
    }
    expect(existsSync(join(slaves.folder, "slave", "S0", "former-base-1.json"))).toBe(true);
    expect(existsSync(join(slaves.folder, "slave", "S0", "import-1.json"))).toBe(false);
    const slave = await slaves.start(cluster, "slave", root);
    expect(await heads(slave, firsts)).toEqual(headsOf(steps));
  });

  it("come to the same tip where an import is ended half way and no slave starts in between", async () => {
    const { cluster, steps } = historyOf(SMALL);
    const ended = importOver(cluster, "slave", SMALL, 3, (fullShardId, text) => {
      if (fullShardId === 65538 && text.startsWith("root block 17")) throw new EndedError();
    });
    await expect(ended).rejects.toThrow(EndedError);
    const imported = await importOver(cluster, "slave", SMALL, 3);
    const slave = await slaves.start(cluster, "slave", steps[steps.length - 1].root);
    expect(await heads(slave, firstHeights(imported))).toEqual(headsOf(steps));
  });

  it("keep all of a chain that is shorter than the root blocks asked for", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const imported = await importOver(cluster, "slave", SMALL, undefined);
    expect([...imported.shards.values()].map(({ firstHeight: first }) => first)).toEqual([0, 0, 0, 0]);
    const end = steps.length - 1;
    const slave = await slaves.start(cluster, "slave", steps[end].root);
    const kept = await slaves.start(cluster, "kept", steps[end].root, SMALL);
    const questions = questionsAbout(steps).filter((_, i) => i % 5 === 0);
    for (const ask of questions) expectEqual(await ask(slave), await ask(kept));
  });

  it("need one to be there", async () => {
    const { cluster } = historyOf(SMALL);
    await expect(importOver(cluster, "slave", undefined, 3)).rejects.toThrow("stand on no old database");
  });
});

describe("of goquarkchain, whose states are pruned", () => {
  it("the stores serve the tip and take the next root block", async () => {
    const directory = new GoquarkchainDirectory();
    try {
      const { steps, cluster } = historyOf(directory.dir, GOQKC_CONFIG);
      const copy = join(slaves.folder, "copy");
      cpSync(directory.dir, copy, { recursive: true });
      const [self] = cluster.slaves;
      const imported = await importOver({ ...cluster, slaves: [self] }, "slave", copy, 4);
      rmSync(copy, { recursive: true });
      const from = firstHeights(imported);
      expect(Math.min(...from.values())).toBeGreaterThan(200);
      const slave = await slaves.start(cluster, "slave", steps[steps.length - 2].root);
      expect(await heads(slave, from)).toEqual(headsOf(steps.slice(0, -1), self.fullShardIds));
      expect(await addRoot(slave, steps[steps.length - 1].root)).toMatchObject({ errorCode: 0 });
      expect(await heads(slave, from)).toEqual(headsOf(steps, self.fullShardIds));
    } finally {
      directory.remove();
    }
  });
});

async function importOver(
  cluster: ClusterConfig,
  name: string,
  base: string | undefined,
  rootBlocks: number | undefined,
  onProgress: (fullShardId: number, text: string) => void = () => {},
): Promise<ImportedBase> {
  const [self] = cluster.slaves;
  const datadir = join(slaves.folder, name, self.id);
  return await importBase({
    ...{ cluster, self, datadir, base, rootBlocks, rootTip: undefined, cacheBytes: CACHE_BYTES, onProgress },
  });
}

/** Of each shard. */
function firstHeights({ shards }: ImportedBase): Map<number, number> {
  return new Map([...shards].map(([fullShardId, { firstHeight }]) => [fullShardId, firstHeight]));
}

async function startedWithout(base: string, begin: () => Promise<ModelSlave>): Promise<ModelSlave> {
  rmSync(base, { recursive: true });
  return await begin();
}
