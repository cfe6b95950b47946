import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GOQKC_CONFIG, GoquarkchainDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { folderDigest } from "../../node/archive/sstable/folder-digest.testkit.ts";
import type { ClusterConfig } from "../../node/chain/config.ts";
import type { MinorBlock } from "../../node/chain/minor-block.ts";
import { CLUSTER_RPC } from "../../node/wire/cluster-ops.ts";
import { databaseDigest, SMALL } from "../database/small-fixture.testkit.ts";
import { replayInProcess } from "../replay/replay-run.testkit.ts";
import { headsOf, historyOf } from "./history.testkit.ts";
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

const slaves = slavesOverOldDatabases("qkc-base-");

describe("over pyquarkchain's database", () => {
  it("everything that is asked is answered as by a slave that executed all of it, and the database stays as it was", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const end = 12;
    const before = databaseDigest(SMALL);
    await replayInProcess({ datadir: join(slaves.folder, "replayed", cluster.slaves[0].id), to: end });
    const replayed = await slaves.start(cluster, "replayed", steps[end].root);
    const based = await slaves.start(cluster, "based", steps[end].root, SMALL);
    expect(await heads(based)).toEqual(headsOf(steps.slice(0, end + 1)));
    const asked = steps.slice(0, end + 1);
    const questions = [...questionsAbout(asked), ...historiesAskedFor(asked)];
    expect(questions.length).toBeGreaterThan(300);
    for (const ask of questions) expectEqual(await ask(based), await ask(replayed));
    expect(databaseDigest(SMALL)).toBe(before);
  });

  it("its own later blocks are taken, a root block is set back below and above its tip, and it starts again", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const last = steps.length - 1;
    const first = await slaves.start(cluster, "slave", steps[last - 1].root, SMALL);
    expect(await addRoot(first, steps[last].root)).toMatchObject({ errorCode: 0 });
    expect(await heads(first)).toEqual(headsOf(steps));
    await first.slave.close("it ends");
    const earlier = await slaves.start(cluster, "slave", steps[5].root, SMALL);
    expect(await heads(earlier)).toEqual(headsOf(steps.slice(0, 6)));
    for (const { root } of steps.slice(6)) expect(await addRoot(earlier, root)).toMatchObject({ errorCode: 0 });
    expect(await heads(earlier)).toEqual(headsOf(steps));
  });

  it("goes on with blocks that the database lacks, which it keeps itself", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const end = 6;
    const twin = withoutBlocksBehind(steps, end);
    try {
      const slave = await slaves.start(cluster, "slave", steps[end].root, twin.dir);
      expect(await heads(slave)).toEqual(headsOf(steps.slice(0, end + 1)));
      for (const step of steps.slice(end + 1)) await feed(slave, step);
      expect(await heads(slave)).toEqual(headsOf(steps));
      await slave.slave.close("it ends");
      const again = await slaves.start(cluster, "slave", steps[end + 2].root, twin.dir);
      expect(await heads(again)).toEqual(headsOf(steps.slice(0, end + 3)));
      const asked = steps.slice(0, end + 3);
      const questions = [...questionsAbout(asked), ...historiesAskedFor(asked)];
      await replayInProcess({ datadir: join(slaves.folder, "replayed", cluster.slaves[0].id), to: end + 2 });
      const replayed = await slaves.start(cluster, "replayed", steps[end + 2].root);
      for (const ask of questions) expectEqual(await ask(again), await ask(replayed));
    } finally {
      twin.remove();
    }
  });

  it("of another network is refused by name", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const other = { ...cluster, quarkchain: { ...cluster.quarkchain, root: otherGenesis(cluster) } };
    const slave = slaves.begin(other, "slave", SMALL);
    await slave.master.ping();
    await expect(slave.master.ping(steps[3].root)).rejects.toThrow("closed");
    expect(await slave.slave.ended).toMatchObject({ error: { message: expect.stringContaining("another chain") } });
  });
});

describe("over goquarkchain's database", () => {
  it("a pruned one: the states that it lacks are executed again, and the tip is served", async () => {
    const directory = new GoquarkchainDirectory();
    try {
      const { steps, cluster } = historyOf(directory.dir, GOQKC_CONFIG);
      const copy = join(slaves.folder, "copy");
      cpSync(directory.dir, copy, { recursive: true });
      const before = folderDigest(join(copy, "S0", "shard-1", "db"));
      const slave = await slaves.start(cluster, "slave", steps[steps.length - 2].root, copy);
      expect(await heads(slave)).toEqual(headsOf(steps.slice(0, -1), slave.config.fullShardIds));
      expect(await addRoot(slave, steps[steps.length - 1].root)).toMatchObject({ errorCode: 0 });
      expect(await heads(slave)).toEqual(headsOf(steps, slave.config.fullShardIds));
      const last = steps[steps.length - 1].blocks.filter(({ header }) => header.branch === 1).at(-1) as MinorBlock;
      const { coinbaseAddress: address } = last.header;
      const { errorCode, accounts } = await slave.master.ask(CLUSTER_RPC.getAccountData, {
        address,
        height: undefined,
      });
      expect(errorCode).toBe(0);
      expect(accounts[0].balances.size).toBeGreaterThan(0);
      expect(folderDigest(join(copy, "S0", "shard-1", "db"))).toBe(before);
    } finally {
      directory.remove();
    }
  });

  it("an archive: transactions and receipts are found by its own index", async () => {
    const directory = new GoquarkchainDirectory({ archive: true });
    try {
      const { steps, cluster } = historyOf(directory.dir, GOQKC_CONFIG, [1]);
      const slave = await slaves.start(cluster, "slave", steps[steps.length - 1].root, directory.dir);
      const blocks = steps.flatMap((step) => step.blocks).slice(1, 60);
      for (const { header, transactions } of blocks) {
        for (const [index, { hash }] of transactions.entries()) {
          const { errorCode, block } = await slave.master.ask(CLUSTER_RPC.getTransaction, { hash, branch: 1 });
          expect({ errorCode, height: block.header.height }).toEqual({ errorCode: 0, height: header.height });
          const receipt = await slave.master.ask(CLUSTER_RPC.getTransactionReceipt, { hash, branch: 1 });
          expect(receipt).toMatchObject({ errorCode: 0, index });
        }
      }
    } finally {
      directory.remove();
    }
  });
});

function otherGenesis({ quarkchain: { root } }: ClusterConfig): ClusterConfig["quarkchain"]["root"] {
  return { ...root, genesis: { ...root.genesis, timestamp: root.genesis.timestamp + 1 } };
}
