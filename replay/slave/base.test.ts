import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GOQKC_CONFIG, GoquarkchainDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { heightKey, PREFIX, prefixedKey } from "../../node/archive/pyquarkchain/keys.ts";
import { folderDigest } from "../../node/archive/sstable/folder-digest.testkit.ts";
import type { ClusterConfig } from "../../node/chain/config.ts";
import { decodeEvmTransaction } from "../../node/chain/evm-transaction.ts";
import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../../node/chain/root-block.ts";
import { recoverSender } from "../../node/chain/sender.ts";
import { type Address, EMPTY_BYTES, ZERO_HASH } from "../../node/codec/bytes.ts";
import { CLUSTER_RPC } from "../../node/wire/cluster-ops.ts";
import { databaseDigest, SMALL } from "../database/small-fixture.testkit.ts";
import { replayInProcess } from "../replay/replay-run.testkit.ts";
import { headsOf, historyOf, newestHash, type Step } from "./history.testkit.ts";
import { ModelCluster, type ModelSlave } from "./model-cluster.testkit.ts";

let folder: string;
let running: ModelSlave[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qkc-base-"));
  running = [];
});

afterEach(async () => {
  for (const { slave } of running) await slave.close("the test is over");
  rmSync(folder, { recursive: true, force: true });
});

describe("over pyquarkchain's database", () => {
  it("everything that is asked is answered as by a slave that executed all of it, and the database stays as it was", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const end = 12;
    const before = databaseDigest(SMALL);
    await replayInProcess({ datadir: join(folder, "replayed", cluster.slaves[0].id), to: end });
    const replayed = await start(cluster, "replayed", steps[end].root);
    const based = await start(cluster, "based", steps[end].root, SMALL);
    expect(await heads(based)).toEqual(headsOf(steps.slice(0, end + 1)));
    const questions = questionsAbout(steps.slice(0, end + 1));
    expect(questions.length).toBeGreaterThan(300);
    for (const ask of questions) expectEqual(await ask(based), await ask(replayed));
    expect(databaseDigest(SMALL)).toBe(before);
  });

  it("its own later blocks are taken, a root block is set back below and above its tip, and it starts again", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const last = steps.length - 1;
    const first = await start(cluster, "slave", steps[last - 1].root, SMALL);
    expect(await addRoot(first, steps[last].root)).toMatchObject({ errorCode: 0 });
    expect(await heads(first)).toEqual(headsOf(steps));
    await first.slave.close("it ends");
    const earlier = await start(cluster, "slave", steps[5].root, SMALL);
    expect(await heads(earlier)).toEqual(headsOf(steps.slice(0, 6)));
    for (const { root } of steps.slice(6)) expect(await addRoot(earlier, root)).toMatchObject({ errorCode: 0 });
    expect(await heads(earlier)).toEqual(headsOf(steps));
  });

  it("goes on with blocks that the database lacks, which it keeps itself", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const end = 6;
    const twin = withoutBlocksBehind(steps, end);
    try {
      const slave = await start(cluster, "slave", steps[end].root, twin.dir);
      expect(await heads(slave)).toEqual(headsOf(steps.slice(0, end + 1)));
      for (const step of steps.slice(end + 1)) await feed(slave, step);
      expect(await heads(slave)).toEqual(headsOf(steps));
      await slave.slave.close("it ends");
      const again = await start(cluster, "slave", steps[end + 2].root, twin.dir);
      expect(await heads(again)).toEqual(headsOf(steps.slice(0, end + 3)));
      const questions = questionsAbout(steps.slice(0, end + 3));
      await replayInProcess({ datadir: join(folder, "replayed", cluster.slaves[0].id), to: end + 2 });
      const replayed = await start(cluster, "replayed", steps[end + 2].root);
      for (const ask of questions) expectEqual(await ask(again), await ask(replayed));
    } finally {
      twin.remove();
    }
  });

  it("of another network is refused by name", async () => {
    const { steps, cluster } = historyOf(SMALL);
    const other = { ...cluster, quarkchain: { ...cluster.quarkchain, root: otherGenesis(cluster) } };
    const slave = new ModelCluster(other, join(folder, "slave"), SMALL).start(cluster.slaves[0]);
    running.push(slave);
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
      const copy = join(folder, "copy");
      cpSync(directory.dir, copy, { recursive: true });
      const before = folderDigest(join(copy, "S0", "shard-1", "db"));
      const slave = await start(cluster, "slave", steps[steps.length - 2].root, copy);
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
      const slave = await start(cluster, "slave", steps[steps.length - 1].root, directory.dir);
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

/** What differs is shown; equal answers are found equal a hundred times faster than an expectation does it. */
function expectEqual(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}

async function start(cluster: ClusterConfig, name: string, rootTip: RootBlock, base?: string): Promise<ModelSlave> {
  const [config] = cluster.slaves;
  const slave = new ModelCluster({ ...cluster, slaves: [config] }, join(folder, name), base).start(config);
  running.push(slave);
  await slave.master.ping();
  await slave.master.ping(rootTip);
  return slave;
}

async function addRoot({ master }: ModelSlave, root: RootBlock) {
  return await master.addRoot(root);
}

async function feed(slave: ModelSlave, { root, blocks }: Step): Promise<void> {
  for (const block of blocks) expect(await slave.master.addMinor(block)).toBe(0);
  expect(await addRoot(slave, root)).toMatchObject({ errorCode: 0 });
}

/** The head of each shard of the slave. */
async function heads({ master, config }: ModelSlave): Promise<Record<number, string>> {
  const heads: Record<number, string> = {};
  for (const branch of config.fullShardIds) heads[branch] = await newestHash(master, branch);
  return heads;
}

/** Everything that a master asks of blocks, transactions and accounts. */
function questionsAbout(steps: readonly Step[]): ((slave: ModelSlave) => Promise<unknown>)[] {
  const blocks = steps.flatMap((step) => step.blocks);
  return blocks.flatMap((block) => {
    const { branch, height: at, coinbaseAddress } = block.header;
    const byHash = { branch, hash: minorHeaderHash(block.header), height: 0n, needExtraInfo: true };
    const byHeight = { branch, hash: ZERO_HASH, height: BigInt(at), needExtraInfo: true };
    const logs = { branch, addresses: [], topics: [], startBlock: BigInt(at), endBlock: BigInt(at) };
    const account = { address: coinbaseAddress, height: BigInt(at) };
    return [
      ({ master }: ModelSlave) => master.ask(CLUSTER_RPC.getMinorBlock, byHash),
      ({ master }: ModelSlave) => master.ask(CLUSTER_RPC.getMinorBlock, byHeight),
      ({ master }: ModelSlave) => master.ask(CLUSTER_RPC.getLog, logs),
      ({ master }: ModelSlave) => master.ask(CLUSTER_RPC.getAccountData, account),
      ...block.transactions.flatMap(({ hash, rlp }) => {
        const transaction = decodeEvmTransaction(rlp);
        const sender = {
          recipient: recoverSender(transaction) as Address,
          fullShardKey: Number(transaction.fromFullShardKey),
        };
        const list = { address: sender, transferTokenId: undefined, start: EMPTY_BYTES, limit: 20 };
        return [
          ({ master }: ModelSlave) => master.ask(CLUSTER_RPC.getTransaction, { hash, branch }),
          ({ master }: ModelSlave) => master.ask(CLUSTER_RPC.getTransactionReceipt, { hash, branch }),
          ({ master }: ModelSlave) => master.ask(CLUSTER_RPC.getTransactionListByAddress, list),
        ];
      }),
    ];
  });
}

/** The database as it was when this root block was its tip, save states that nobody asks for. */
function withoutBlocksBehind(steps: readonly Step[], end: number): DatabaseTwin {
  const twin = new DatabaseTwin(SMALL);
  const shards = new Set(steps.flatMap(({ blocks }) => blocks.map(({ header }) => header.branch)));
  for (const { root, blocks } of steps.slice(end + 1)) {
    for (const id of shards) {
      const name = `shard-${id}.db`;
      twin.delete(name, prefixedKey(PREFIX.rootBlock, rootHeaderHash(root.header)));
      for (const { header } of blocks) {
        const hash = minorHeaderHash(header);
        if (header.branch !== id) twin.delete(name, prefixedKey(PREFIX.receivedDeposits, hash));
        else {
          twin.delete(name, prefixedKey(PREFIX.minorBlock, hash));
          twin.delete(name, prefixedKey(PREFIX.committed, hash));
          twin.delete(name, heightKey(PREFIX.minorHeightIndex, header.height));
        }
      }
    }
  }
  return twin.write();
}

function otherGenesis({ quarkchain: { root } }: ClusterConfig): ClusterConfig["quarkchain"]["root"] {
  return { ...root, genesis: { ...root.genesis, timestamp: root.genesis.timestamp + 1 } };
}
