import type { BlockSource } from "../../node/archive/block-source.ts";
import { openPyquarkchainDatabase } from "../../node/archive/pyquarkchain/database.ts";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { readClusterConfig } from "../../node/chain/config-file.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { ShardCl } from "../../node/cl/shard-cl.ts";
import { type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import type { QkcPayload } from "../../node/engine/engine-api.ts";
import type { ExecutionNodeOptions } from "../../node/execution-node/execution-node.ts";
import { type BlockExport, exportedManifest, exportedRows } from "../checkdb/twin-exports.testkit.ts";

const FIXTURE = "fixtures/pyqkc-small";

/** A block of the fixture as a payload, and what pyquarkchain said of it. */
export interface SmallPayload {
  readonly payload: QkcPayload;
  readonly exported: BlockExport;
}

/** The blocks of pyqkc-small as payloads, with what consensus says of each. */
export class SmallChain {
  readonly config: QuarkChainConfig = readClusterConfig(`${FIXTURE}/cluster_config.json`).quarkchain;
  readonly fullShardIds: readonly number[];
  readonly #source: BlockSource = openPyquarkchainDatabase(FIXTURE);
  readonly #rootTipHeight = Math.max(...exportedRows<{ height: number }>("roots").map(({ height }) => height));

  constructor() {
    this.fullShardIds = this.#source.fullShardIds;
  }

  /** All blocks of a shard, parents first; side blocks among them. Their deposits can be walked once. */
  *payloads(fullShardId: number): Generator<SmallPayload> {
    const shard = this.#source.shard(fullShardId);
    const views = new Map<string, ShardCl>();
    const rows = exportedRows<BlockExport>("blocks").filter(({ branch }) => branch === fullShardId);
    for (const exported of rows.sort((a, b) => a.height - b.height)) {
      const blockHash = hashFromHex(exported.hash);
      const block = shard.minorBlock(blockHash);
      const root = toHex(block.header.prevRootBlockHash);
      const cl = views.get(root) ?? this.#viewFrom(fullShardId, block.header.prevRootBlockHash);
      views.set(root, cl);
      const inputs = block.header.height === 0 ? NO_INPUTS : cl.inputsOf(block);
      yield { payload: { blockHash, block, inputs }, exported };
    }
  }

  /** Those that pyquarkchain's tip follows from. */
  *canonicalPayloads(fullShardId: number): Generator<SmallPayload> {
    for (const item of this.payloads(fullShardId)) if (item.exported.canonical) yield item;
  }

  tipHeight(fullShardId: number): number {
    return exportedManifest().shardTips[`${fullShardId}`].height;
  }

  options(folder: string, fullShardId: number): ExecutionNodeOptions {
    return {
      folder,
      config: this.config,
      fullShardId,
      rules: QUARKCHAIN_RULES,
      durability: "process",
      retention: "archive",
      cacheBytes: 8 * 1024 * 1024,
      version: "0",
    };
  }

  close(): void {
    this.#source.close();
  }

  /** Consensus as it looks from a root block, be it on an abandoned fork. */
  #viewFrom(fullShardId: number, root: Hash32): ShardCl {
    const rootChain = new RootChain(this.#source.shard(fullShardId), root);
    const source = this.#source.shard(fullShardId);
    return new ShardCl({ config: this.config, source, rootChain, rootTipHeight: this.#rootTipHeight });
  }
}

const NO_INPUTS: QkcPayload["inputs"] = {
  deposits: [],
  exhaustedCursor: { rootBlockHeight: 0, minorBlockIndex: 0, xshardDepositIndex: 0 },
  senderDisallowMap: new Map(),
  reachableShards: new Set(),
  blockReward: new Map(),
};
