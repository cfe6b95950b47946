import type { ClusterConfig, QuarkChainConfig, SlaveConfig } from "./config.ts";
import { parseOperation } from "./config-operation.ts";
import { parseQuarkChain } from "./config-quarkchain.ts";
import type { ConfigSection } from "./config-section.ts";

/** The whole file. What only the master, the network or logging reads is left alone. */
export function parseClusterSections(file: ConfigSection): ClusterConfig {
  const slaves = file.has("SLAVE_LIST") ? file.sections("SLAVE_LIST") : [];
  const quarkchain = parseQuarkChain(file.section("QUARKCHAIN"));
  return {
    dbPathRoot: file.text("DB_PATH_ROOT", "./db"),
    enableTransactionHistory: file.flag("ENABLE_TRANSACTION_HISTORY"),
    genesisDir: file.text("GENESIS_DIR", ""),
    slaves: parseSlaves(slaves, quarkchain),
    operation: parseOperation(file, quarkchain),
    quarkchain,
  };
}

function parseSlaves(sections: readonly ConfigSection[], config: QuarkChainConfig): readonly SlaveConfig[] {
  return sections.map((section) => {
    const fullShardIds = shardsOf(section, config);
    for (const [i, id] of fullShardIds.entries()) {
      if (!config.shards.has(id)) throw section.refused("FULL_SHARD_ID_LIST", `names ${id}, which no chain has`);
      // Another slave may have it too: they are replicas then (cluster/master.py branch_to_slaves).
      if (fullShardIds.indexOf(id) !== i) throw section.refused("FULL_SHARD_ID_LIST", `names ${id} twice`);
    }
    return {
      id: section.text("ID", ""),
      host: section.text("HOST", "127.0.0.1"),
      port: section.count("PORT", 38392, 65535),
      websocketPort: section.has("WEBSOCKET_JSON_RPC_PORT") ? section.count("WEBSOCKET_JSON_RPC_PORT", 0, 65535) : null,
      fullShardIds,
    };
  });
}

/** A slave names its shards, or in configurations of old its chains by masks (cluster_config.py SlaveConfig.from_dict). */
function shardsOf(section: ConfigSection, config: QuarkChainConfig): readonly number[] {
  const masks = section.has("CHAIN_MASK_LIST") ? section.counts("CHAIN_MASK_LIST") : [];
  const isNamed = masks.length === 0 || section.has("FULL_SHARD_ID_LIST");
  const named = isNamed ? section.texts("FULL_SHARD_ID_LIST") : [];
  if (named.length > 0 && masks.length > 0) {
    throw section.refused("CHAIN_MASK_LIST", "cannot stand beside FULL_SHARD_ID_LIST: remove one of the two");
  }
  if (named.length > 0) return named.map((text) => parseFullShardId(section, text));
  if (masks.length === 0) throw section.refused("FULL_SHARD_ID_LIST", "must name at least one shard");
  return shardsOfMasks(section, masks, config);
}

/** The last mask decides alone: from_dict begins the list anew for each. It works for chains of one shard only. */
function shardsOfMasks(
  section: ConfigSection,
  masks: readonly number[],
  { chains }: QuarkChainConfig,
): readonly number[] {
  if (chains.some(({ shardSize }) => shardSize !== 1)) {
    throw section.refused(
      "CHAIN_MASK_LIST",
      "needs chains of one shard each: name the shards in FULL_SHARD_ID_LIST instead",
    );
  }
  const mask = masks[masks.length - 1];
  if (mask === 0) throw section.refused("CHAIN_MASK_LIST", "must hold numbers above 0");
  const bits = 2 ** Math.floor(Math.log2(mask)) - 1;
  const ids = chains.map((_, chainId) => chainId).filter((chainId) => (chainId & bits) === (mask & bits));
  return ids.map((chainId) => chainId * 0x10000 + 1);
}

/** Python's int(text, 16) for the spellings that occur: with or without 0x. */
function parseFullShardId(section: ConfigSection, text: string): number {
  if (!/^(?:0x)?[0-9a-f]{1,8}$/i.test(text)) {
    throw section.refused(
      "FULL_SHARD_ID_LIST",
      `must hold hex numbers such as "0x00010001", not ${JSON.stringify(text.slice(0, 40))}`,
    );
  }
  return Number.parseInt(text, 16);
}
