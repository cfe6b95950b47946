import { configHash } from "../../node/chain/config-hash.ts";
import { rootGenesisBlock } from "../../node/chain/genesis.ts";
import { rootHeaderHash } from "../../node/chain/root-block.ts";
import { genesisRulesOf, otherGenesisText } from "../../node/cl/genesis-block.ts";
import { bytesEqual, toHex } from "../../node/codec/bytes.ts";
import { ConfigError } from "../../node/codec/errors.ts";
import { type FoundConfig, findOptionalConfig } from "../database/optional-config.ts";
import { shardName } from "../text/block-name.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { Examined } from "./examined.ts";

export interface ConfigFacts {
  readonly path: string;
  readonly hash: string;
  readonly networkId: number;
  readonly fullShardIds: readonly number[];
  readonly genesisHash: string;
  /** Whether the database's genesis blocks are the ones that the configuration makes. */
  readonly matches: boolean;
}

const WHOLE = { fullShardId: null };

/** Throws ConfigError for a file that the user names and that cannot be used. */
export function lookForConfig(db: string, named: string | undefined, diagnosis: Diagnosis): FoundConfig | undefined {
  const found = tolerant(named, diagnosis, () => findOptionalConfig(db, named));
  if (found === undefined) {
    const message =
      "no cluster_config.json was found in or beside the database: without it no block can be checked; name it with --config";
    diagnosis.add("limit", "NO_CONFIG", WHOLE, message);
  }
  return found;
}

function tolerant<T>(named: string | undefined, diagnosis: Diagnosis, find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof ConfigError) || named !== undefined) throw error;
    diagnosis.add("limit", "OTHER_CONFIG", WHOLE, error.message);
    return undefined;
  }
}

/** Compares genesis blocks and shards; a configuration of another network is no use afterwards. */
export function examineConfig({ path, config }: FoundConfig, examined: Omit<Examined, "config">): ConfigFacts {
  const { source, fullShardIds, diagnosis } = examined;
  const { quarkchain } = config;
  const genesisHash = rootHeaderHash(rootGenesisBlock(quarkchain).header);
  const stored = diagnosis.try("ROOT_INDEX", { ...WHOLE, height: 0 }, () => source.rootGenesisHash());
  const rootMatches = stored === undefined ? undefined : bytesEqual(stored, genesisHash);
  let matches = rootMatches ?? true;
  if (!matches) {
    const message = `${path} is another network's: its root genesis block is ${toHex(genesisHash)}, the database's is ${toHex(stored ?? genesisHash)}`;
    diagnosis.add("limit", "OTHER_CONFIG", WHOLE, message);
  }
  for (const id of fullShardIds) {
    if (!quarkchain.shards.has(id)) {
      diagnosis.add("limit", "UNKNOWN_SHARD", { fullShardId: id }, `${path} does not define shard ${shardName(id)}`);
      matches = false;
    } else if (matches && !shardGenesisMatches(id, quarkchain, examined)) {
      const message = `${path} makes another genesis block for shard ${shardName(id)} than the database has`;
      diagnosis.add("limit", "OTHER_CONFIG", { fullShardId: id }, message);
      matches = false;
    }
  }
  return {
    path,
    hash: toHex(configHash(quarkchain)),
    networkId: quarkchain.networkId,
    fullShardIds: [...quarkchain.shards.keys()],
    genesisHash: toHex(genesisHash),
    matches,
  };
}

/** True also where the block cannot be read: that is found by who looks at the shard. */
function shardGenesisMatches(
  fullShardId: number,
  config: FoundConfig["config"]["quarkchain"],
  { source, diagnosis }: Omit<Examined, "config">,
): boolean {
  return (
    diagnosis.try("MINOR_BLOCK", { fullShardId, height: 0 }, () => {
      const shard = source.shard(fullShardId);
      const hash = shard.canonicalHashAt(0);
      if (hash === undefined) return true;
      const rootHeader = shard.rootHeader(shard.minorBlock(hash).header.prevRootBlockHash);
      const rules = genesisRulesOf(config, fullShardId, rootHeader, hash);
      const text = rules && otherGenesisText(fullShardId, rules);
      if (text !== undefined) diagnosis.add("limit", "OTHER_CONFIG", { fullShardId, height: 0 }, text);
      return rules !== undefined;
    }) ?? true
  );
}
