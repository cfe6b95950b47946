import type { BlockSource } from "../../node/archive/block-source.ts";
import { MemoryReader } from "../../node/archive/memory-reader.testkit.ts";
import { heightKey, PREFIX, prefixedKey, ROOT_TIP_KEY } from "../../node/archive/pyquarkchain/keys.ts";
import { RootArchive } from "../../node/archive/pyquarkchain/root-archive.ts";
import { ShardArchive } from "../../node/archive/pyquarkchain/shard-archive.ts";
import type { CrossShardDeposit } from "../../node/chain/deposit.ts";
import { encodeRootBlock, rootHeaderHash } from "../../node/chain/root-block.ts";
import { bytesFromKey, bytesKey, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { decodeAccount } from "../../node/el/state/account.ts";
import { listTokens } from "../../node/el/state/token-list.ts";
import { ROW } from "../../node/el/store/store-keys.ts";
import type { ShardChain } from "../../node/shard/shard-chain.ts";
import type { SimCluster } from "../../node/slave/sim-cluster.testkit.ts";
import { ExecutingSimEngine } from "../../node/slave/sim-engine.testkit.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { visitTrie } from "../database/visit-trie.ts";
import { rangeRunnerOver } from "../execution/range-runner.ts";
import type { RangeResult } from "../report/schema.ts";
import { findCauses } from "../triage/divergence-causes.ts";

/** Blocks that checks of simulated clusters have executed. */
export interface Checked {
  confirmed: number;
  unconfirmed: number;
}

/**
 * What the shards of a cluster have come to is what the check behind `qkc checkdb` comes to, from genesis to the heads: their rows
 * are laid out as a pyquarkchain database and checked as one. Throws where anything differs.
 */
export async function checkStates(sim: SimCluster): Promise<Checked> {
  const database = databaseOf(sim);
  const { rootTipHeight } = database;
  const plan = {
    ...{
      db: "",
      configPath: "",
      rootFrom: 1,
      rootTo: rootTipHeight,
      rootTipHeight,
      maxFindings: 100,
      ethashCaches: null,
    },
    ...{ shards: database.source.fullShardIds, cacheBytesPerWorker: 1024 * 1024 },
    anchors: [toHex(database.rootTip), toHex(database.rootTip)],
    flags: {
      ...{ verifyPow: false, checkArchive: false, verifyChecksums: "default" as const },
      ...{ unconfirmed: true, rootTip: null, maxDivergences: null },
    },
  };
  const runner = rangeRunnerOver(plan, database, findCauses);
  const range = { firstRootHeight: 1, lastRootHeight: rootTipHeight, weight: 1 };
  const confirmed = expectClean(
    rootTipHeight > 0
      ? await runner.run({ ...range, index: 0, unconfirmed: false }, UNWATCHED, () => false)
      : undefined,
  );
  const unconfirmed = expectClean(await runner.run({ ...range, index: 1, unconfirmed: true }, UNWATCHED, () => false));
  return { confirmed, unconfirmed };
}

/**
 * All money of a shard's head is what its genesis has, what its canonical blocks were rewarded with and received, less what they
 * sent, for each token.
 */
export function checkMoney(sim: SimCluster): void {
  for (const { chain } of sim.open.values()) {
    const head = chain.snapshot?.headBlock;
    if (head === undefined) continue;
    const due = moneyDue(sim, chain);
    const there = moneyIn(stateRows(engineOf(sim, chain.fullShardId)), head.meta.stateRoot);
    for (const token of new Set([...due.keys(), ...there.keys()])) {
      const [wanted, found] = [due.get(token) ?? 0n, there.get(token) ?? 0n];
      if (wanted !== found) throw new Error(`shard ${chain.fullShardId}: ${found} of token ${token}, not ${wanted}`);
    }
  }
}

function moneyDue(sim: SimCluster, { fullShardId, snapshot, blocks }: ShardChain): Map<bigint, bigint> {
  const engine = engineOf(sim, fullShardId);
  const due = new Map<bigint, bigint>();
  const add = (token: bigint, amount: bigint) => due.set(token, (due.get(token) ?? 0n) + amount);
  const addAll = (deposits: readonly CrossShardDeposit[], sign: bigint) => {
    for (const { transferTokenId, value } of deposits) add(transferTokenId, sign * value);
  };
  for (const { balances } of sim.history.lab.config.shards.get(fullShardId)?.genesis.accounts ?? []) {
    for (const [token, amount] of balances) add(token, amount);
  }
  if (snapshot === undefined) return due;
  for (let at = snapshot.head; at.height > 0; at = blocks.ref(at.prevMinorBlockHash)) {
    for (const [token, amount] of sim.history.blockOf(at.hash).header.coinbaseAmounts) add(token, amount);
    const key = bytesKey(at.hash);
    addAll(engine.consumed.get(key) ?? [], 1n);
    addAll(engine.rewards.get(key) ?? [], 1n);
    addAll(sim.history.sentBy(at.hash), -1n);
  }
  return due;
}

function moneyIn(rows: MemoryReader, stateRoot: Hash32): Map<bigint, bigint> {
  const sums = new Map<bigint, bigint>();
  visitTrie(rows, stateRoot, "", {
    node: () => {},
    leaf: (_key, leaf) => {
      const nodes = { get: (hash: Hash32) => rows.get(hash) as Uint8Array, put: () => {} };
      for (const [token, amount] of listTokens(nodes, decodeAccount(leaf).tokenBalances)) {
        sums.set(token, (sums.get(token) ?? 0n) + amount);
      }
    },
    fault: (kind) => {
      throw new Error(`a state with a ${kind} node`);
    },
  });
  return sums;
}

function databaseOf(sim: SimCluster): OpenDatabase & { readonly rootTipHeight: number } {
  const tip = sim.history.bestRoot;
  const root = new MemoryReader();
  for (const block of sim.history.rootChain(tip)) {
    const hash = rootHeaderHash(block.header);
    root.put(prefixedKey(PREFIX.rootBlock, hash), encodeRootBlock(block));
    root.put(heightKey(PREFIX.rootHeightIndex, block.header.height), hash);
  }
  const rootTip = rootHeaderHash(tip.header);
  root.put(ROOT_TIP_KEY, rootTip);
  const born = [...sim.open.values()].filter(({ chain }) => chain.snapshot !== undefined);
  const shards = new Map(
    born.map(({ chain: { fullShardId: id } }) => [id, new ShardArchive(shardRows(sim, id), `shard ${id}`, id)]),
  );
  return {
    source: sourceOf(new RootArchive(root, "root"), shards),
    config: sim.cluster,
    configPath: "",
    rootTip,
    rootTipHeight: tip.header.height,
  };
}

/** A shard's database as pyquarkchain would have it: the consensus rows are that already. */
function shardRows(sim: SimCluster, fullShardId: number): MemoryReader {
  const engine = engineOf(sim, fullShardId);
  const rows = stateRows(engine);
  for (const [key, value] of sim.disks.get(fullShardId)?.rows ?? []) rows.putByKey(key, value);
  for (const [hash, value] of rowsOf(engine, ROW.block)) rows.put(prefixedKey(PREFIX.minorBlock, hash), value);
  return rows;
}

function stateRows(engine: ExecutingSimEngine): MemoryReader {
  const rows = new MemoryReader();
  for (const [hash, value] of rowsOf(engine, ROW.node)) rows.put(hash, value);
  return rows;
}

function* rowsOf({ rows }: ExecutingSimEngine, kind: number): Generator<[Uint8Array, Uint8Array]> {
  for (const [key, value] of rows) if (key.charCodeAt(0) === kind) yield [bytesFromKey(key).subarray(1), value];
}

function engineOf(sim: SimCluster, fullShardId: number): ExecutingSimEngine {
  const engine = sim.disks.get(fullShardId)?.engine;
  if (engine instanceof ExecutingSimEngine) return engine;
  throw new Error("the cluster's engines execute nothing");
}

function sourceOf(root: RootArchive, shards: ReadonlyMap<number, ShardArchive>): BlockSource {
  return {
    kind: "pyquarkchain",
    fullShardIds: [...shards.keys()].sort((a, b) => a - b),
    hasRootDatabase: true,
    rootFolderName: "root",
    shardFolderName: (id) => `shard ${id}`,
    rootTipHash: () => root.tipHash(),
    rootGenesisHash: () => root.canonicalHashAt(0),
    rootHashHint: (height) => root.canonicalHashAt(height),
    rootBlocks: () => root,
    shard: (id) => shards.get(id) as ShardArchive,
    tornLogs: () => [],
    openingNotes: () => [],
    close: () => {},
  };
}

function expectClean(result: RangeResult | "stopped" | undefined): number {
  if (result === undefined || result === "stopped") return 0;
  const { divergences, damage, unsupported, shards } = result;
  if (divergences.length + damage.length + unsupported.length > 0) {
    throw new Error(`the check does not agree: ${JSON.stringify([divergences, damage, unsupported]).slice(0, 2000)}`);
  }
  return shards.reduce((sum, { minorBlocks }) => sum + minorBlocks, 0);
}

const UNWATCHED = { startBlock: () => {}, finishBlock: () => {}, countDivergence: () => {} };
