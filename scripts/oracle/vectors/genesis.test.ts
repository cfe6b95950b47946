import { describe, expect, test } from "vitest";
import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import { minorGenesisBlock, rootGenesisBlock } from "../../../node/chain/genesis.ts";
import { type MinorBlock, minorHeaderHash, minorMetaHash } from "../../../node/chain/minor-block.ts";
import { rootHeaderHash } from "../../../node/chain/root-block.ts";
import { toHex } from "../../../node/codec/bytes.ts";
import { buildGenesisState } from "../../../node/el/genesis-state.ts";
import { amountsRow } from "../../../node/el/transactions/vectors.testkit.ts";
import { MemoryNodeStore } from "../../../node/el/trie/trie.testkit.ts";
import { networkConfiguration, readVectorFile, VECTORS } from "./vectors.testkit.ts";

interface GenesisGolden {
  readonly name: string;
  readonly full_shard_id: number;
  readonly root_genesis_hash: string;
  readonly coinbase_address: string;
  readonly coinbase_token_id: number;
  readonly coinbase_amount: string;
  readonly gas_limit: number;
  readonly xshard_gas_limit: number;
  readonly xshard_cursor: readonly number[];
  readonly state_root: string;
  readonly meta_hash: string;
  readonly header_hash: string;
}

interface NetworkPins {
  readonly root: string;
  readonly shards: Readonly<Record<string, ShardPin>>;
}

interface ShardPin {
  readonly header: string;
  readonly meta: string;
  readonly state: string;
  readonly coinbase: Readonly<Record<string, string>>;
}

function genesisOf(config: QuarkChainConfig, fullShardId: number): MinorBlock {
  const shard = config.shards.get(fullShardId);
  if (shard === undefined) throw new Error(`no shard ${fullShardId}`);
  const root = { ...rootGenesisBlock(config).header, height: shard.genesis.rootHeight };
  const stateRoot = buildGenesisState(new MemoryNodeStore(), shard.genesis.accounts);
  return minorGenesisBlock(config, fullShardId, root, stateRoot);
}

describe.skipIf(VECTORS === undefined)("genesis", () => {
  test("exec_golden/minor_genesis_golden.json", () => {
    const { networks } = readVectorFile<{ networks: GenesisGolden[] }>("exec_golden/minor_genesis_golden.json");
    for (const golden of networks) {
      const config = networkConfiguration(golden.name);
      const { header, meta } = genesisOf(config, golden.full_shard_id);
      const { recipient, fullShardKey } = header.coinbaseAddress;
      const { rootBlockHeight, minorBlockIndex, xshardDepositIndex } = meta.xshardCursor;
      expect({
        root_genesis_hash: `0x${toHex(rootHeaderHash(rootGenesisBlock(config).header))}`,
        coinbase_address: `0x${toHex(recipient)}${fullShardKey.toString(16).padStart(8, "0")}`,
        coinbase: amountsRow(header.coinbaseAmounts),
        gas_limit: Number(header.gasLimit),
        xshard_gas_limit: Number(meta.xshardGasLimit),
        xshard_cursor: [rootBlockHeight, minorBlockIndex, xshardDepositIndex],
        state_root: `0x${toHex(meta.stateRoot)}`,
        meta_hash: `0x${toHex(minorMetaHash(meta))}`,
        header_hash: `0x${toHex(minorHeaderHash(header))}`,
      }).toEqual({
        root_genesis_hash: golden.root_genesis_hash,
        coinbase_address: golden.coinbase_address,
        coinbase: { [golden.coinbase_token_id]: golden.coinbase_amount },
        gas_limit: golden.gas_limit,
        xshard_gas_limit: golden.xshard_gas_limit,
        xshard_cursor: golden.xshard_cursor,
        state_root: golden.state_root,
        meta_hash: golden.meta_hash,
        header_hash: golden.header_hash,
      });
    }
    console.info(`exec_golden/minor_genesis_golden.json: ${networks.length} networks`);
  });

  test.each(["mainnet", "devnet"])("configs/genesis_pins.json, %s", (network) => {
    const pins = readVectorFile<Record<string, NetworkPins>>("configs/genesis_pins.json")[network];
    const config = networkConfiguration(network);
    expect(toHex(rootHeaderHash(rootGenesisBlock(config).header))).toBe(pins.root);
    expect([...config.shards.keys()].sort()).toEqual(Object.keys(pins.shards).map(Number).sort());
    for (const [fullShardId, pin] of Object.entries(pins.shards)) {
      const { header, meta } = genesisOf(config, Number(fullShardId));
      const computed = {
        header: toHex(minorHeaderHash(header)),
        meta: toHex(minorMetaHash(meta)),
        state: toHex(meta.stateRoot),
        coinbase: amountsRow(header.coinbaseAmounts),
      };
      expect.soft({ fullShardId, ...computed }).toEqual({ fullShardId, ...pin });
    }
    console.info(`configs/genesis_pins.json, ${network}: ${Object.keys(pins.shards).length} shards`);
  });
});
