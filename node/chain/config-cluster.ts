import type { ClusterConfig, QuarkChainConfig, SlaveConfig } from "./config.ts";
import { parseQuarkChain } from "./config-quarkchain.ts";
import type { ConfigSection } from "./config-section.ts";

/** The whole file. What only the master, the network or logging reads is left alone. */
export function parseClusterSections(file: ConfigSection): ClusterConfig {
  const slaves = file.has("SLAVE_LIST") ? file.sections("SLAVE_LIST") : [];
  refuseChainMasks(slaves);
  const quarkchain = parseQuarkChain(file.section("QUARKCHAIN"));
  return {
    dbPathRoot: file.text("DB_PATH_ROOT", "./db"),
    enableTransactionHistory: file.flag("ENABLE_TRANSACTION_HISTORY"),
    genesisDir: file.text("GENESIS_DIR", ""),
    slaves: parseSlaves(slaves, quarkchain),
    quarkchain,
  };
}

function refuseChainMasks(slaves: readonly ConfigSection[]): void {
  for (const slave of slaves) {
    if (!slave.has("CHAIN_MASK_LIST")) continue;
    throw slave.refused(
      "CHAIN_MASK_LIST",
      "legacy config not supported: name the shards in FULL_SHARD_ID_LIST instead",
    );
  }
}

function parseSlaves(sections: readonly ConfigSection[], config: QuarkChainConfig): readonly SlaveConfig[] {
  const owners = new Map<number, string>();
  return sections.map((section) => {
    const fullShardIds = section.texts("FULL_SHARD_ID_LIST").map((text) => parseFullShardId(section, text));
    if (fullShardIds.length === 0) throw section.refused("FULL_SHARD_ID_LIST", "must name at least one shard");
    for (const id of fullShardIds) {
      if (!config.shards.has(id)) throw section.refused("FULL_SHARD_ID_LIST", `names ${id}, which no chain has`);
      const owner = owners.get(id);
      if (owner !== undefined) throw section.refused("FULL_SHARD_ID_LIST", `names ${id}, which ${owner} has too`);
      owners.set(id, section.path);
    }
    return {
      id: section.text("ID", ""),
      host: section.text("HOST", "127.0.0.1"),
      port: section.count("PORT", 38392, 65535),
      fullShardIds,
    };
  });
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
