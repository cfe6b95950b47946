import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { ClusterConfig } from "../chain/config.ts";
import { rootGenesisBlock } from "../chain/genesis.ts";
import { encodeMinorBlock, type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import { rootHeaderHash } from "../chain/root-block.ts";
import type { SharedEthashCaches } from "../cl/pow/ethash-cache-pool.ts";
import { QkcError, reasonOf } from "../codec/errors.ts";
import { QUARKCHAIN_RULES } from "../el/evm/rules.ts";
import { ExecutionNode, type Retention } from "../execution-node/execution-node.ts";
import { beginOnTip } from "../execution-node/mempool/tip-execution.ts";
import { TransactionPool } from "../execution-node/mempool/transaction-pool.ts";
import { type OpenBase, openBase } from "../shard/base/open-base.ts";
import { BlockPipeline } from "../shard/block-pipeline.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import { type RootChains, RootIndex } from "../shard/root-chains.ts";
import { ShardChain } from "../shard/shard-chain.ts";
import { ShardSeals } from "../shard/shard-seals.ts";
import { ClStore } from "../shard/store/cl-store.ts";
import type { BlockVerdict } from "../shard/verdict.ts";
import { type ExternalEngine, type ExternalEngineSpec, openExternalEngine } from "./external-engine.ts";
import { followHead } from "./follow-head.ts";
import { httpPost } from "./monitoring/http-post.ts";
import { KafkaSamples } from "./monitoring/kafka-samples.ts";
import type { RefusedBlock, SlaveApi } from "./shard-api.ts";
import { ShardMeter } from "./shard-gauges.ts";
import { ShardOutlets } from "./shard-outlets.ts";
import { SeenHeights } from "./shard-stats.ts";
import { ThreadedSealCheck } from "./threaded-seal-check.ts";
import { type ShardView, tipGround } from "./tip-ground.ts";

export interface ShardOptions {
  readonly cluster: ClusterConfig;
  readonly fullShardId: number;
  /** Data directory of the slave: `cl-<shard>` and `el-<shard>` in it are this shard's, as `qkc replay` leaves them. */
  readonly datadir: string;
  readonly retention: Retention;
  readonly durability: "disk" | "process";
  readonly cacheBytes: number;
  readonly version: string;
  readonly ethashCaches: SharedEthashCaches;
  /** Folder of an old client's database that lies below the stores: what they lack is read from it. */
  readonly base?: string;
  /** Tells the slave of each new block that is refused for what it declares; other threads of the process may open the stores. */
  readonly verifies?: boolean;
  /** Engines that execute blocks besides this slave, by full shard id. */
  readonly externalEngines?: ReadonlyMap<number, ExternalEngineSpec>;
}

/** One shard with everything that is opened for it. */
export interface OpenShard extends ShardView {
  readonly store: ClStore;
  readonly roots: RootChains;
  readonly seals: ShardSeals;
  readonly pool: TransactionPool;
  readonly pipeline: BlockPipeline;
  readonly outlets: ShardOutlets;
  readonly meter: ShardMeter;
  /** Throws QkcError before the shard's genesis. */
  snapshot(): ChainSnapshot;
  close(): Promise<void>;
}

/** Opens a shard's stores and puts on them what a live shard is. Nothing stays open where something of it cannot be opened. */
export async function openShard(options: ShardOptions, slave: SlaveApi): Promise<OpenShard> {
  const { cluster, fullShardId, datadir, durability, cacheBytes, retention, version, verifies = false } = options;
  const config = cluster.quarkchain;
  const rootGenesisHash = rootHeaderHash(rootGenesisBlock(config).header);
  if (cluster.operation.clean) await removeStores(datadir, fullShardId);
  const identity = { fullShardId, rootGenesisHash };
  const base = openBaseOf(options, slave);
  let store: ClStore | undefined;
  let external: ExternalEngine | undefined;
  try {
    const folder = consensusFolder(datadir, fullShardId);
    const sync = durability === "disk";
    store = await ClStore.open(folder, identity, { sync, base: base?.shard, isShared: verifies });
    external = await externalEngineOf(options, slave);
    const node = await ExecutionNode.open({
      folder: executionFolder(datadir, fullShardId),
      config,
      fullShardId,
      rules: QUARKCHAIN_RULES,
      durability,
      cacheBytes,
      retention,
      version,
      base: base?.shard,
      isShared: verifies,
    });
    node.store.onWriteFailure((error) => void slave.failed(error.message));
    const shard = assemble(options, slave, { store, node, external });
    const close = async () => {
      await shard.close();
      base?.close();
    };
    return { ...shard, close };
  } catch (error) {
    external?.close();
    await store?.close();
    base?.close();
    throw error;
  }
}

function openBaseOf({ base, cluster, fullShardId }: ShardOptions, slave: SlaveApi): OpenBase | undefined {
  if (base === undefined) return undefined;
  const opened = openBase(base, cluster.quarkchain, fullShardId);
  if (opened === undefined) return undefined;
  void slave.log(
    "info",
    `shard ${fullShardId}: stands on ${opened.shard.name} of the ${opened.kind} database in ${base}`,
  );
  if (opened.kind === "goquarkchain" && cluster.enableTransactionHistory) {
    void slave.log(
      "warn",
      `shard ${fullShardId}: the history of transactions in ${base} is goquarkchain's own and not served`,
    );
  }
  return opened;
}

/** What a shard is put on. */
export interface OpenParts {
  readonly store: ClStore;
  readonly node: ExecutionNode;
  readonly external: ExternalEngine | undefined;
}

async function externalEngineOf(
  { cluster: { quarkchain: config }, fullShardId, externalEngines }: ShardOptions,
  slave: SlaveApi,
): Promise<ExternalEngine | undefined> {
  const spec = externalEngines?.get(fullShardId);
  if (spec === undefined) return undefined;
  return await openExternalEngine({ spec, config, fullShardId, log: (level, line) => void slave.log(level, line) });
}

/** A shard on stores that are open. */
export function assemble(
  { cluster, ethashCaches, verifies = false }: ShardOptions,
  slave: SlaveApi,
  { store, node, external }: OpenParts,
): OpenShard {
  const config = cluster.quarkchain;
  const roots = new RootIndex(store);
  const chain: ShardChain = ShardChain.open({
    config,
    store,
    roots,
    engine: external?.mirrored(node, () => chain) ?? node,
    keepsHistory: cluster.enableTransactionHistory,
    clock: secondsNow,
    ...(verifies && { onInvalid: (block, verdict) => void slave.refused(refusedBlock(block, verdict)) }),
    onBroken: (error) => void slave.failed(reasonOf(error)),
  });
  const view: ShardView = { config, chain, node };
  const snapshot = () => snapshotOf(chain);
  const { transactions: capacity, minGasPrice: leastGasPrice } = cluster.operation.pool;
  const pool = new TransactionPool(
    {
      isInChain: (hash) => node.store.placeOf(hash) !== undefined,
      beginOnTip: () => beginOnTip(tipGround(view, snapshot())),
    },
    { capacity, leastGasPrice, now: Date.now },
  );
  const sealCheck = new ThreadedSealCheck(ethashCaches);
  const seals = new ShardSeals(config, chain, sealCheck);
  const seen = new SeenHeights();
  const meter = new ShardMeter();
  const { monitoring } = cluster.operation;
  const samples = new KafkaSamples({
    monitoring,
    clusterId: monitoring.clusterId ?? hostname(),
    post: httpPost,
    now: Date.now,
    log: (line) => void slave.log("warn", line),
  });
  const outlets = new ShardOutlets({
    slave,
    chain,
    store,
    seen,
    pending: () => pool.size,
    moved: (move) => followHead(pool, node, move),
    stored: ({ hash, block }, startedAt) => {
      samples.blockStored({ hash, block, startedAt });
      meter.blockStored({ block }, startedAt, Date.now());
    },
  });
  const pipeline = new BlockPipeline({
    chain,
    outlets,
    seals,
    clock: secondsNow,
  });
  const close = async () => {
    meter.stop();
    external?.close();
    await sealCheck.close();
    await chain.idle();
    await node.close();
    await store.close();
  };
  return { ...view, store, roots, seals, pool, pipeline, outlets, meter, snapshot, close };
}

function refusedBlock(block: MinorBlock, { differences, violations }: BlockVerdict): RefusedBlock {
  return {
    hash: minorHeaderHash(block.header),
    encoded: encodeMinorBlock(block),
    differences,
    violations: violations.map(({ code, message }) => ({ code, message })),
  };
}

export function consensusFolder(datadir: string, fullShardId: number): string {
  return join(datadir, `cl-${fullShardId}`);
}

export function executionFolder(datadir: string, fullShardId: number): string {
  return join(datadir, `el-${fullShardId}`);
}

/** CLEAN: pyquarkchain begins with an empty database for each shard (db.py PersistentDb). */
async function removeStores(datadir: string, fullShardId: number): Promise<void> {
  for (const folder of [consensusFolder(datadir, fullShardId), executionFolder(datadir, fullShardId)]) {
    await rm(folder, { recursive: true, force: true });
  }
}

function snapshotOf(chain: ShardChain): ChainSnapshot {
  if (chain.snapshot !== undefined) return chain.snapshot;
  throw new QkcError("INTERNAL", `shard ${chain.fullShardId} has no genesis block yet`);
}

export function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}
