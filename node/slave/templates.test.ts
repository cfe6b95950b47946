import secp256k1 from "secp256k1";
import { afterEach, expect, test } from "vitest";
import type { ClusterConfig } from "../chain/config.ts";
import { readFixtureConfig } from "../chain/expected-configs.testkit.ts";
import { rootGenesisBlock } from "../chain/genesis.ts";
import { minorHeaderHash } from "../chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../chain/root-block.ts";
import { signTransaction, type UnsignedTransaction } from "../chain/sign-transaction.ts";
import { rootBlockOn } from "../cl/chain-rules.testkit.ts";
import { nextDifficulty } from "../cl/difficulty.ts";
import { type Address, asAddress, bigIntToBytes } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import { EMPTY_QKC_ADDRESS } from "../codec/wire.ts";
import { TemplateMaker } from "../miner/template-maker.ts";
import { LiveShard } from "./live-shard.testkit.ts";

const SHARD = 2;
const START = 1_700_000_000;
const GWEI = 10n ** 9n;
const open: LiveShard[] = [];
const moment = { now: START * 1000 };

afterEach(async () => {
  for (const shard of open.splice(0)) await shard.close();
});

function keyOf(n: number): Uint8Array {
  return bigIntToBytes(BigInt(n + 1), 32);
}

/** With the library that recovers senders: there are thousands of them. */
function addressOf(n: number): Address {
  return asAddress(keccak256(secp256k1.publicKeyCreate(keyOf(n), false).subarray(1)).subarray(12));
}

/** A cluster in which the first so many keys have what `balanceOf` says. */
function clusterWith(count: number, balanceOf: (n: number) => bigint): ClusterConfig {
  const cluster = readFixtureConfig("defaults.json");
  const { quarkchain } = cluster;
  const shard = quarkchain.shards.get(SHARD)!;
  const accounts = Array.from({ length: count }, (_, n) => ({
    address: addressOf(n),
    fullShardKey: SHARD,
    code: undefined,
    storage: [],
    balances: [[quarkchain.genesisTokenId, balanceOf(n)] as const],
  }));
  const shards = new Map(quarkchain.shards);
  shards.set(SHARD, { ...shard, genesis: { ...shard.genesis, accounts, gasLimit: 12_000_000n } });
  return { ...cluster, quarkchain: { ...quarkchain, shards } };
}

async function liveShard(cluster: ClusterConfig): Promise<LiveShard> {
  moment.now = START * 1000;
  const shard = await LiveShard.open({ cluster, fullShardId: SHARD, clock: () => moment.now });
  open.push(shard);
  return shard;
}

function transferOf(cluster: ClusterConfig, n: number, change: Partial<UnsignedTransaction> = {}) {
  const { networkId, genesisTokenId } = cluster.quarkchain;
  const unsigned: UnsignedTransaction = {
    nonce: 0n,
    gasPrice: GWEI,
    startGas: 21_000n,
    to: asAddress(new Uint8Array(20).fill(9)),
    value: 1n,
    data: new Uint8Array(0),
    networkId: BigInt(networkId),
    fromFullShardKey: SHARD,
    toFullShardKey: SHARD,
    gasTokenId: genesisTokenId,
    transferTokenId: genesisTokenId,
    version: 0n,
  };
  return signTransaction({ ...unsigned, ...change }, keyOf(n));
}

test("a template is a block that the chain takes, with what the pool has and mining pays for", async () => {
  const cluster = clusterWith(3, () => 10n ** 24n);
  const shard = await liveShard({
    ...cluster,
    operation: { ...cluster.operation, pool: { transactions: 100, minGasPrice: 1n, minMiningGasPrice: 2n * GWEI } },
  });
  const [dear, cheap, next] = [
    transferOf(cluster, 0, { gasPrice: 3n * GWEI }),
    transferOf(cluster, 1),
    transferOf(cluster, 0, { nonce: 1n, gasPrice: 9n * GWEI }),
  ];
  for (const typed of [cheap, next, dear]) shard.pool.add(typed);
  const recipient = asAddress(new Uint8Array(20).fill(7));
  const { header: head } = shard.snapshot.headBlock;
  const block = await shard.templates.make({ recipient, fullShardKey: 0x12340000 });
  expect(block.transactions.map(({ hash }) => hash)).toEqual([dear.hash, next.hash]);
  expect(block.header).toMatchObject({
    height: 1,
    createTime: START,
    coinbaseAddress: { recipient, fullShardKey: SHARD },
    extraData: new Uint8Array(0),
    difficulty: nextDifficulty(cluster.quarkchain.shards.get(SHARD)!.difficulty, head, START),
  });
  expect(block.meta.xshardGasLimit).toBe(6_000_000n);
  expect(JSON.parse(Buffer.from(block.trackingData).toString())).toEqual({
    inception: START * 1000,
    cluster: "",
    creation_ms: 0,
  });
  // What is too cheap is gone for good; what is in the template stays until a block has it.
  expect(shard.pool.size).toBe(2);
  expect(await shard.add(block)).toMatchObject({ status: "added" });
  expect(shard.pool.size).toBe(0);
});

test("the time is a second behind the head's where the clock is not", async () => {
  const shard = await liveShard(clusterWith(1, () => 1n));
  await shard.add(await shard.templates.make(EMPTY_QKC_ADDRESS));
  moment.now -= 500_000;
  const block = await shard.templates.make(EMPTY_QKC_ADDRESS);
  expect(block.header).toMatchObject({ createTime: START + 1, coinbaseAddress: { fullShardKey: SHARD } });
});

test("a block goes ahead by at most a hundred root blocks", async () => {
  const cluster = clusterWith(1, () => 1n);
  const shard = await liveShard(cluster);
  const roots: RootBlock[] = [rootGenesisBlock(cluster.quarkchain)];
  for (let height = 1; height <= 130; height++) {
    const root = rootBlockOn(roots[height - 1].header, []);
    await shard.addRoot(root);
    roots.push(root);
  }
  for (const height of [100, 130]) {
    const block = await shard.templates.make(EMPTY_QKC_ADDRESS);
    expect(block.header.prevRootBlockHash).toEqual(rootHeaderHash(roots[height].header));
    expect(await shard.add(block)).toMatchObject({ status: "added" });
  }
});

test("where the head moves while an engine fills a block, the block is made anew and the pool is left alone", async () => {
  const cluster = clusterWith(2, () => 10n ** 24n);
  const shard = await liveShard(cluster);
  const other = await shard.templates.make(EMPTY_QKC_ADDRESS);
  shard.pool.add(transferOf(cluster, 0));
  let fills = 0;
  const settled: number[] = [];
  const templates = new TemplateMaker({
    config: cluster.quarkchain,
    chain: shard.chain,
    engine: {
      fillBlock: async (...args) => {
        const filled = shard.node.fillBlock(...args);
        if (++fills === 1) await shard.add(other);
        return filled;
      },
    },
    pool: {
      templateSource: () => shard.pool.templateSource(),
      settle: ({ taken }) => settled.push(taken.length),
    },
    minGasPrice: 1n,
    clusterId: "",
    clock: () => moment.now,
  });
  const block = await templates.make(EMPTY_QKC_ADDRESS);
  expect(block.header.prevMinorBlockHash).toEqual(minorHeaderHash(other.header));
  expect(fills).toBe(2);
  expect(settled).toEqual([1]);
});

test("10,000 pooled, half of them failing: a template in well under a second of work", async () => {
  const cluster = clusterWith(10_000, (n) => (n % 2 === 0 ? 10n ** 24n : 1n));
  const shard = await liveShard(cluster);
  // As a reorganisation puts them back: unchecked.
  shard.pool.blockLeft(Array.from({ length: 10_000 }, (_, n) => transferOf(cluster, n)));
  expect(shard.pool.size).toBe(10_000);
  const before = process.cpuUsage();
  const block = await shard.templates.make(EMPTY_QKC_ADDRESS);
  const { user, system } = process.cpuUsage(before);
  expect(block.transactions).toHaveLength(Math.floor(6_000_000 / 21_000));
  expect(shard.pool.size).toBeLessThan(10_000);
  expect((user + system) / 1e6).toBeLessThan(4);
}, 180_000);
