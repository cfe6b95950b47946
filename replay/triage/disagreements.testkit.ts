import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { RootBlockRows, ShardBlockRows } from "../../node/archive/block-rows.ts";
import { MemoryReader } from "../../node/archive/memory-reader.testkit.ts";
import { BLOCK_KEYS, describeKey } from "../../node/archive/pyquarkchain/keys.ts";
import { type QuarkChainConfig, shardConfigOf } from "../../node/chain/config.ts";
import { readClusterConfig } from "../../node/chain/config-file.ts";
import { encodeDepositList } from "../../node/chain/deposit.ts";
import { decodeMinorBlock } from "../../node/chain/minor-block.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { ShardCl } from "../../node/cl/shard-cl.ts";
import { fromHex, hashFromHex } from "../../node/codec/bytes.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { executionConfig } from "../../node/el/execution-config.ts";
import { ExecutionLayer } from "../../node/el/execution-layer.ts";
import { buildGenesisState } from "../../node/el/genesis-state.ts";
import { MemoryNodeStore } from "../../node/el/trie/trie.testkit.ts";
import type { BlockTrial } from "../execution/trial.ts";

const FOLDER = fileURLToPath(new URL("../../fixtures/goqkc-disagreements/", import.meta.url));

export type Disagreement = "gaslimit-opcode" | "selfdestruct-same-block" | "zero-token-balance";

interface ImportedBlock {
  readonly kind: "root" | "minor";
  readonly height: number;
  readonly hash: string;
  readonly hex: string;
}

/** The last block of one of fixtures/goqkc-disagreements, on the state that the blocks before it made. */
export function disagreementTrial(name: Disagreement): { trial: BlockTrial; config: QuarkChainConfig; cl: ShardCl } {
  const { quarkchain: config } = readClusterConfig(`${FOLDER}cluster_config.json`);
  const lines = gunzipSync(readFileSync(`${FOLDER}${name}.jsonl.gz`))
    .toString("utf8")
    .trim()
    .split("\n");
  const blocks = lines.map((line) => JSON.parse(line) as ImportedBlock);
  const shards = new ShardsInMemory(config, blocks);
  const minorBlocks = blocks.filter(({ kind, height }) => kind === "minor" && height > 0);
  for (const { hash, hex } of minorBlocks.slice(0, -1)) shards.execute(hash, hex);
  const last = minorBlocks.at(-1) as ImportedBlock;
  return { ...shards.trial(last.hash, last.hex), config };
}

class ShardsInMemory {
  readonly #rows: Map<number, MemoryReader>;
  readonly #shards: Map<number, { cl: ShardCl; nodes: MemoryNodeStore; layer: ExecutionLayer }>;

  constructor(config: QuarkChainConfig, blocks: readonly ImportedBlock[]) {
    this.#rows = new Map([...config.shards.keys()].map((id) => [id, new MemoryReader()]));
    for (const { kind, hash, hex } of blocks) {
      const key = BLOCK_KEYS[kind === "root" ? "rootBlock" : "minorBlock"](hashFromHex(hash));
      for (const shard of this.#rows.values()) shard.put(key, fromHex(hex));
    }
    const database = { name: "memory", describeKey };
    const tip = blocks.findLast(({ kind }) => kind === "root") as ImportedBlock;
    const rootRows = new RootBlockRows([...this.#rows.values()][0], database, BLOCK_KEYS);
    const rootChain = new RootChain(rootRows, hashFromHex(tip.hash));
    this.#shards = new Map(
      [...this.#rows].map(([id, rows]) => {
        const nodes = new MemoryNodeStore();
        buildGenesisState(nodes, shardConfigOf(config, id).genesis.accounts);
        const source = new ShardBlockRows(rows, database, BLOCK_KEYS, id);
        const cl = new ShardCl({ config, source, rootChain, rootTipHeight: rootChain.tipHeight });
        const layer = new ExecutionLayer(executionConfig(config, id, QUARKCHAIN_RULES), nodes);
        return [id, { cl, nodes, layer }];
      }),
    );
  }

  /** Leaves the block's state, and what it sends, where the next blocks find them. */
  execute(hash: string, hex: string): void {
    const { cl, layer, block, payload } = this.#prepared(hex);
    const { xshardSends } = layer.execute(payload);
    for (const [id, deposits] of cl.sendsOf(block, xshardSends)) {
      this.#rows.get(id)?.put(BLOCK_KEYS.receivedDeposits(hashFromHex(hash)), encodeDepositList(deposits));
    }
  }

  trial(hash: string, hex: string): { trial: BlockTrial; cl: ShardCl } {
    const { cl, nodes, block, payload } = this.#prepared(hex);
    const trial = {
      fullShardId: block.header.branch,
      height: block.header.height,
      hash: hashFromHex(hash),
      block,
      payload: { ...payload, deposits: [...payload.deposits] },
      nodes,
      hasDeclaredState: false,
    };
    return { trial, cl };
  }

  #prepared(hex: string) {
    const block = decodeMinorBlock(fromHex(hex));
    const shard = this.#shards.get(block.header.branch);
    if (shard === undefined) throw new Error(`no shard ${block.header.branch}`);
    const parent = shard.cl.chain.get(block.header.prevMinorBlockHash);
    return { ...shard, block, payload: shard.cl.payloadOf(block, parent.meta.stateRoot) };
  }
}
