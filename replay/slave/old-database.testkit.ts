import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterEach, beforeEach, expect } from "vitest";
import { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { heightKey, PREFIX, prefixedKey } from "../../node/archive/pyquarkchain/keys.ts";
import type { ClusterConfig } from "../../node/chain/config.ts";
import { decodeEvmTransaction } from "../../node/chain/evm-transaction.ts";
import { minorHeaderHash } from "../../node/chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../../node/chain/root-block.ts";
import { recoverSender } from "../../node/chain/sender.ts";
import { type Address, EMPTY_BYTES, ZERO_HASH } from "../../node/codec/bytes.ts";
import { CLUSTER_RPC } from "../../node/wire/cluster-ops.ts";
import { SMALL } from "../database/small-fixture.testkit.ts";
import { newestHash, type Step } from "./history.testkit.ts";
import { ModelCluster, type ModelSlave } from "./model-cluster.testkit.ts";

/** What differs is shown; equal answers are found equal a hundred times faster than an expectation does it. */
export function expectEqual(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}

/** The first slave of a cluster, started by a test in a folder of its own and closed behind it. */
export interface StartedSlaves {
  readonly folder: string;
  /** A slave that nobody has pinged. */
  begin(cluster: ClusterConfig, name: string, base?: string): ModelSlave;
  /** A slave whose shards are alive from the root block on. */
  start(cluster: ClusterConfig, name: string, rootTip: RootBlock, base?: string): Promise<ModelSlave>;
}

/** Sets up and takes down what the tests of the calling file start. */
export function slavesOverOldDatabases(prefix: string): StartedSlaves {
  let folder = "";
  let running: ModelSlave[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), prefix));
    running = [];
  });
  afterEach(async () => {
    for (const { slave } of running) await slave.close("the test is over");
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get folder() {
      return folder;
    },
    begin(cluster, name, base) {
      const [config] = cluster.slaves;
      const slave = new ModelCluster({ ...cluster, slaves: [config] }, join(folder, name), base).start(config);
      running.push(slave);
      return slave;
    },
    async start(cluster, name, rootTip, base) {
      const slave = this.begin(cluster, name, base);
      await slave.master.ping();
      await slave.master.ping(rootTip);
      return slave;
    },
  };
}

export async function addRoot({ master }: ModelSlave, root: RootBlock) {
  return await master.addRoot(root);
}

export async function feed(slave: ModelSlave, { root, blocks }: Step): Promise<void> {
  for (const block of blocks) expect(await slave.master.addMinor(block)).toBe(0);
  expect(await addRoot(slave, root)).toMatchObject({ errorCode: 0 });
}

/** The head of each shard of the slave; `from`: heights that shards have, 0 where they are not named. */
export async function heads({ master, config }: ModelSlave, from = new Map<number, number>()) {
  const heads: Record<number, string> = {};
  for (const branch of config.fullShardIds) heads[branch] = await newestHash(master, branch, from.get(branch));
  return heads;
}

/** Everything that a master asks of blocks, transactions and accounts. */
export function questionsAbout(steps: readonly Step[]): ((slave: ModelSlave) => Promise<unknown>)[] {
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
      ...block.transactions.flatMap(({ hash }) => [
        ({ master }: ModelSlave) => master.ask(CLUSTER_RPC.getTransaction, { hash, branch }),
        ({ master }: ModelSlave) => master.ask(CLUSTER_RPC.getTransactionReceipt, { hash, branch }),
      ]),
    ];
  });
}

/** The newest transactions of everybody who has sent one. */
export function historiesAskedFor(steps: readonly Step[]) {
  return steps
    .flatMap(({ blocks }) => blocks.flatMap(({ transactions }) => transactions))
    .map(({ rlp }) => {
      const transaction = decodeEvmTransaction(rlp);
      const recipient = recoverSender(transaction) as Address;
      const address = { recipient, fullShardKey: Number(transaction.fromFullShardKey) };
      const page = { address, transferTokenId: undefined, start: EMPTY_BYTES, limit: 20 };
      return ({ master }: ModelSlave) => master.ask(CLUSTER_RPC.getTransactionListByAddress, page);
    });
}

/** The database as it was when this root block was its tip, save states that nobody asks for. */
export function withoutBlocksBehind(steps: readonly Step[], end: number): DatabaseTwin {
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
