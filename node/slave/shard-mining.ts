import { hostname } from "node:os";
import type { ClusterConfig } from "../chain/config.ts";
import { shardConfigOf } from "../chain/config.ts";
import { WALL_CLOCK } from "../codec/clock.ts";
import { WorldState } from "../el/state/world-state.ts";
import { LocalMiner } from "../miner/local-miner.ts";
import { MinedBlocks } from "../miner/mined-blocks.ts";
import { RemoteMining } from "../miner/remote-mining.ts";
import type { SealSearch } from "../miner/seal-search.ts";
import { TemplateMaker } from "../miner/template-maker.ts";
import { TransactionGenerator } from "../miner/transaction-generator.ts";
import type { OpenShard } from "./open-shard.ts";
import type { MiningOrder } from "./shard-api.ts";
import type { ShardPeers } from "./shard-peers.ts";

export interface ShardMiningParts {
  readonly cluster: ClusterConfig;
  readonly shard: OpenShard;
  readonly peers: ShardPeers;
  readonly seals: SealSearch;
}

/** Everything that makes blocks and transactions of one shard. */
export class ShardMining {
  readonly templates: TemplateMaker;
  readonly remote: RemoteMining;
  readonly generator: TransactionGenerator;
  readonly #local: LocalMiner | undefined;

  constructor({ cluster, shard, peers, seals }: ShardMiningParts) {
    const { quarkchain, operation } = cluster;
    const { chain, node, pool, outlets } = shard;
    const { fullShardId } = chain;
    const mining = operation.mining.get(fullShardId);
    if (mining === undefined) throw new TypeError(`nothing is said of mining on shard ${fullShardId}`);
    const isSyncing = () => peers.synchronizer.isSyncing;
    this.templates = new TemplateMaker({
      config: quarkchain,
      chain,
      engine: node,
      pool,
      minGasPrice: operation.pool.minMiningGasPrice,
      clusterId: operation.monitoring.clusterId ?? hostname(),
      clock: Date.now,
    });
    const mined = new MinedBlocks({ chain, isSyncing, push: (block) => peers.pushed.push(block, undefined) });
    const { templates } = this;
    this.remote = new RemoteMining({ mining, chain, templates, mined, clock: Date.now });
    this.generator = new TransactionGenerator({
      config: quarkchain,
      fullShardId,
      accounts: operation.loadTestAccounts,
      nonceOf: (sender) =>
        new WorldState(node.store.nodes.layer(), shard.snapshot().tipState.stateRoot).getNonce(sender),
      send: (transactions) => void peers.relay(transactions),
      clock: WALL_CLOCK,
      random: Math.random,
      log: (level, line) => outlets.log(level, line),
    });
    if (mining.remoteMine) return;
    const local = new LocalMiner({
      consensusType: shardConfigOf(quarkchain, fullShardId).consensusType,
      qkchashXFrom: quarkchain.enableQkchashXHeight,
      ...{ templates, mined, seals, isSyncing, clock: WALL_CLOCK, random: Math.random },
      log: (level, line) => outlets.log(level, line),
    });
    this.#local = local;
    outlets.onMove(() => local.headMoved());
    outlets.onTimes(({ targetMinorBlockTime }) => local.setTargetBlockTime(targetMinorBlockTime));
  }

  /** Does nothing where blocks are made by others. */
  order({ mining, targetMinorBlockTime }: MiningOrder): void {
    if (mining) this.#local?.start(targetMinorBlockTime);
    else this.#local?.stop();
  }

  async close(): Promise<void> {
    this.generator.close();
    await this.#local?.close();
  }
}
