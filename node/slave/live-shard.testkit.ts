import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterConfig } from "../chain/config.ts";
import { encodeDepositList } from "../chain/deposit.ts";
import { rootGenesisBlock } from "../chain/genesis.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../chain/root-block.ts";
import { QUARKCHAIN_RULES } from "../el/evm/rules.ts";
import type { EngineApi } from "../engine/engine-api.ts";
import { ExecutionNode } from "../execution-node/execution-node.ts";
import { beginOnTip } from "../execution-node/mempool/tip-execution.ts";
import { TransactionPool } from "../execution-node/mempool/transaction-pool.ts";
import { TemplateMaker } from "../miner/template-maker.ts";
import type { BlockOutcome, ChainSnapshot } from "../shard/chain-types.ts";
import { RootIndex } from "../shard/root-chains.ts";
import { ShardChain } from "../shard/shard-chain.ts";
import { ClStore } from "../shard/store/cl-store.ts";
import { followHead } from "./follow-head.ts";
import { tipGround } from "./tip-ground.ts";

export interface LiveShardOptions {
  readonly cluster: ClusterConfig;
  readonly fullShardId: number;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** What stands between the chain and its engine. */
  readonly engineOver?: (node: ExecutionNode, chain: () => ShardChain) => EngineApi;
}

/** One shard over real stores and a real engine, with its pool and what makes its blocks; nobody is told of anything. */
export class LiveShard {
  readonly chain: ShardChain;
  readonly node: ExecutionNode;
  readonly pool: TransactionPool;
  readonly templates: TemplateMaker;
  readonly #store: ClStore;
  readonly #folder: string;
  readonly #seconds: () => number;

  private constructor(options: LiveShardOptions, folder: string, store: ClStore, node: ExecutionNode) {
    const { cluster, clock, engineOver = (node) => node } = options;
    const { quarkchain: config, operation } = cluster;
    this.#folder = folder;
    this.#store = store;
    this.#seconds = () => Math.floor(clock() / 1000);
    this.node = node;
    const roots = new RootIndex(store);
    this.chain = ShardChain.open({
      config,
      store,
      roots,
      engine: engineOver(node, () => this.chain),
      keepsHistory: false,
      clock: this.#seconds,
    });
    const { transactions: capacity, minGasPrice: leastGasPrice, minMiningGasPrice } = operation.pool;
    this.pool = new TransactionPool(
      {
        isInChain: (hash) => node.store.placeOf(hash) !== undefined,
        beginOnTip: () => beginOnTip(tipGround({ config, chain: this.chain, node }, this.snapshot)),
      },
      { capacity, leastGasPrice, now: clock },
    );
    this.templates = new TemplateMaker({
      config,
      chain: this.chain,
      engine: node,
      pool: this.pool,
      minGasPrice: minMiningGasPrice,
      clusterId: operation.monitoring.clusterId ?? "",
      clock,
    });
  }

  /** A new shard in a folder of its own, on the genesis root block. */
  static async open(options: LiveShardOptions): Promise<LiveShard> {
    const { cluster, fullShardId } = options;
    const config = cluster.quarkchain;
    const genesis = rootGenesisBlock(config);
    const folder = mkdtempSync(join(tmpdir(), "qkc-mining-"));
    const rootGenesisHash = rootHeaderHash(genesis.header);
    const store = await ClStore.open(join(folder, "cl"), { fullShardId, rootGenesisHash });
    const node = await ExecutionNode.open({
      folder: join(folder, "el"),
      config,
      fullShardId,
      rules: QUARKCHAIN_RULES,
      durability: "process",
      cacheBytes: 32 * 1024 * 1024,
      retention: "archive",
      version: "test",
    });
    const shard = new LiveShard(options, folder, store, node);
    await shard.addRoot(genesis);
    return shard;
  }

  get snapshot(): ChainSnapshot {
    if (this.chain.snapshot === undefined) throw new Error("the shard has no genesis block");
    return this.chain.snapshot;
  }

  async addRoot(block: RootBlock): Promise<void> {
    const outcome = await this.chain.addRootBlock(block);
    if (outcome.status === "refused") throw new Error(`root block ${block.header.height} refused: ${outcome.reason}`);
    if (outcome.status === "added" && outcome.move !== undefined) followHead(this.pool, this.node, outcome.move);
  }

  async add(block: MinorBlock): Promise<BlockOutcome> {
    const [outcome] = await this.chain.addBlocks([block], { now: this.#seconds() });
    if (outcome.status === "added" && outcome.move !== undefined) followHead(this.pool, this.node, outcome.move);
    return outcome;
  }

  /** Stores what a block of another shard sends to this one. */
  async receive(outcome: BlockOutcome): Promise<void> {
    if (outcome.status !== "added") return;
    const { hash: sourceMinorHash, sends } = outcome.executed;
    const deposits = sends.get(this.chain.fullShardId);
    if (deposits !== undefined) await this.chain.receive([{ sourceMinorHash, encoded: encodeDepositList(deposits) }]);
  }

  async close(): Promise<void> {
    await this.node.close();
    await this.#store.close();
    rmSync(this.#folder, { recursive: true });
  }
}
