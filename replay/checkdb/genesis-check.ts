import { type QuarkChainConfig, shardConfigOf } from "../../node/chain/config.ts";
import { minorGenesisBlock } from "../../node/chain/genesis.ts";
import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import type { RootBlockHeader } from "../../node/chain/root-block.ts";
import { bytesKey, type Hash32 } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import { buildGenesisState } from "../../node/el/genesis-state.ts";
import type { NodeStore } from "../../node/el/state/node-store.ts";

/** A shard's genesis block as the configuration makes it on a root block. */
export function genesisBlockOf(config: QuarkChainConfig, fullShardId: number, rootHeader: RootBlockHeader): MinorBlock {
  const stateRoot = buildGenesisState(memoryNodes(), shardConfigOf(config, fullShardId).genesis.accounts);
  return minorGenesisBlock(config, fullShardId, rootHeader, stateRoot);
}

export function genesisMinorHash(config: QuarkChainConfig, fullShardId: number, rootHeader: RootBlockHeader): Hash32 {
  return minorHeaderHash(genesisBlockOf(config, fullShardId, rootHeader).header);
}

function memoryNodes(): NodeStore {
  const nodes = new Map<string, Uint8Array>();
  return {
    get(hash) {
      const value = nodes.get(bytesKey(hash));
      if (value === undefined) throw new DatabaseDamagedError("a genesis state names a node it does not have");
      return value;
    },
    put: (hash, value) => void nodes.set(bytesKey(hash), value),
  };
}
