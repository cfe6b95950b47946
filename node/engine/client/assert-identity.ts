import { type QuarkChainConfig, shardConfigOf } from "../../chain/config.ts";
import { toHex } from "../../codec/bytes.ts";
import { ConfigError } from "../../codec/errors.ts";
import { buildGenesisState } from "../../el/genesis-state.ts";
import { MemoryNodes } from "../../el/store/memory-nodes.ts";
import type { ChainIdentity } from "../engine-api.ts";

/** Throws ConfigError for an engine of another network, shard or genesis. */
export function assertIdentity(
  identity: ChainIdentity,
  config: QuarkChainConfig,
  fullShardId: number,
  where: string,
): void {
  const stateRoot = buildGenesisState(new MemoryNodes(), shardConfigOf(config, fullShardId).genesis.accounts);
  const compared = [
    ["network", `${identity.networkId}`, `${config.networkId}`],
    ["shard", `${identity.fullShardId}`, `${fullShardId}`],
    ["genesis state", toHex(identity.genesisStateRoot), toHex(stateRoot)],
  ];
  const wrong = compared.filter(([, has, wanted]) => has !== wanted);
  if (wrong.length === 0) return;
  const differences = wrong.map(([name, has, wanted]) => `${name} ${has} instead of ${wanted}`);
  throw new ConfigError(`the engine at ${where} is another chain's: ${differences.join("; ")}`);
}
