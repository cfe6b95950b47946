import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { readClusterConfig } from "../../node/chain/config-file.ts";
import { rootGenesisBlock } from "../../node/chain/genesis.ts";
import { minorHeaderHash } from "../../node/chain/minor-block.ts";
import { rootHeaderHash } from "../../node/chain/root-block.ts";
import { genesisBlockOf } from "../../node/cl/genesis-block.ts";
import { toHex } from "../../node/codec/bytes.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print } from "../terminal/print.ts";

/** A checked command line of `qkc genesis`. */
export interface GenesisRequest {
  readonly configPath: string;
  readonly json: boolean;
}

/** What `--json` prints. Hashes are 64 hex digits, amounts decimal. */
export interface GenesisAnswer {
  /** Hash of the root chain's block 0. */
  readonly root: string;
  /** By full shard id, ascending. */
  readonly shards: readonly ShardGenesisAnswer[];
}

interface ShardGenesisAnswer {
  /** Full shard id, 0x and eight hex digits. */
  readonly shard: string;
  /** Root height of the block that the shard starts on. */
  readonly rootHeight: number;
  /** Hash of the shard's block 0; null where it rests on a later root block than the configuration defines. */
  readonly block: string | null;
  readonly meta: string;
  readonly stateRoot: string;
  /** Reward of block 0 by token id; nobody is paid it. */
  readonly coinbase: Readonly<Record<string, string>>;
}

/** `qkc genesis`: prints the genesis blocks that follow from a configuration alone. Throws ConfigError. */
export function runGenesis({ configPath, json }: GenesisRequest): ExitCode {
  const answer = genesisAnswer(readClusterConfig(configPath).quarkchain);
  print(json ? `${JSON.stringify(answer, undefined, 2)}\n` : genesisTable(answer));
  return EXIT.clean;
}

function genesisAnswer(config: QuarkChainConfig): GenesisAnswer {
  const { header } = rootGenesisBlock(config);
  const shards = [...config.shards.values()].sort((a, b) => a.fullShardId - b.fullShardId);
  return {
    root: toHex(rootHeaderHash(header)),
    shards: shards.map(({ fullShardId, genesis: { rootHeight } }) => {
      // Of the root block that the shard starts on, the meta holds the height and the header the hash.
      const block = genesisBlockOf(config, fullShardId, { ...header, height: rootHeight });
      return {
        shard: `0x${fullShardId.toString(16).padStart(8, "0")}`,
        rootHeight,
        block: rootHeight === header.height ? toHex(minorHeaderHash(block.header)) : null,
        meta: toHex(block.header.metaHash),
        stateRoot: toHex(block.meta.stateRoot),
        coinbase: Object.fromEntries([...block.header.coinbaseAmounts].map(([id, amount]) => [id, String(amount)])),
      };
    }),
  };
}

function genesisTable({ root, shards }: GenesisAnswer): string {
  const lines = [`${"root".padEnd(10)}  block  ${root}`];
  for (const { shard, rootHeight, block, meta, stateRoot } of shards) {
    lines.push(`${shard}  block  ${block ?? `depends on the root block of height ${rootHeight}`}`);
    lines.push(`${"".padEnd(10)}  meta   ${meta}`);
    lines.push(`${"".padEnd(10)}  state  ${stateRoot}`);
  }
  return `${lines.join("\n")}\n`;
}
