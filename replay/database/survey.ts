import type { BlockSource, RootBlockSource } from "../../node/archive/block-source.ts";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { configHash } from "../../node/chain/config-hash.ts";
import { rootGenesisBlock } from "../../node/chain/genesis.ts";
import { rootHeaderHash } from "../../node/chain/root-block.ts";
import { type ConsensusRules, QUARKCHAIN_CONSENSUS } from "../../node/cl/consensus-rules.ts";
import { genesisMinorHash, genesisRulesOf, otherGenesisText } from "../../node/cl/genesis-block.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { ConfigError, DatabaseDamagedError } from "../../node/codec/errors.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { shardName } from "../text/block-name.ts";
import type { DatabaseSurvey, SurveyRequest } from "../work/range-job.ts";
import { type Excerpt, excerptIn } from "./excerpt.ts";
import { sampleGas } from "./gas-sample.ts";
import { hintedSpan } from "./hinted-span.ts";
import { type OpenDatabase, openDatabase } from "./open-database.ts";
import { countMinorBlocks, proveSpan } from "./root-span.ts";
import { tornLogText } from "./torn-log.ts";

/** Looks at a database before any block is checked: what it is, whether it fits its configuration, what can be checked. */
export async function surveyDatabase(request: SurveyRequest): Promise<DatabaseSurvey> {
  const database = openDatabase(request);
  try {
    return surveyOf(database, request);
  } catch (error) {
    database.source.close();
    throw error;
  }
}

/** As surveyDatabase, of a database that is open, which is closed with it. */
export function surveyOf(
  { source, config, configPath, rootTip }: OpenDatabase,
  request: SurveyRequest,
): DatabaseSurvey {
  const { quarkchain } = config;
  const rootBlocks = source.rootBlocks();
  const rootChain = new RootChain(rootBlocks, rootTip);
  const genesisHash = rootHeaderHash(rootGenesisBlock(quarkchain).header);
  const altered = assertSameRootGenesis(source, rootBlocks, genesisHash, configPath);
  const excerpt = excerptIn(request.db);
  const shards = shardsToCheck(source, quarkchain, rootChain.tipHeight, request.shards);
  const warnings = source.hasRootDatabase
    ? []
    : [`there is no ${source.rootFolderName}: root blocks are followed, their rules not checked`];
  if (altered !== undefined) warnings.push(altered);
  if (excerpt !== undefined) warnings.push(excerptText(excerpt));
  for (const fullShardId of shards) {
    const text = otherGenesisText(fullShardId, sameShardGenesis(source, quarkchain, fullShardId, configPath));
    if (text !== undefined) warnings.push(text);
  }
  warnings.push(...source.tornLogs().map(tornLogText), ...source.openingNotes());
  return {
    identity: {
      kind: source.kind,
      genesisHash: toHex(genesisHash),
      tipHash: toHex(rootTip),
      tipHeight: rootChain.tipHeight,
    },
    configPath,
    configHash: toHex(configHash(quarkchain)),
    ruleSet: QUARKCHAIN_RULES.name,
    shards,
    excerpt,
    checksRootBlocks: source.hasRootDatabase,
    warnings,
    isPowDisabled: quarkchain.disablePowCheck,
    highestBlock: highestBlock(quarkchain, rootChain),
    costs: (from, to, wanted) => ({
      ...countMinorBlocks(rootBlocks, rootChain, from, to, wanted),
      gas: sampleGas(source, (height) => rootChain.blockAt(height), from, to, wanted),
    }),
    rootHashAt: (height) => toHex(rootChain.hashAt(height)),
    // The index follows the branch that the client calls its own, which need not be that of a named tip.
    hinted: (from, to, wanted) =>
      request.rootTip === undefined ? hintedSpan(source, { rootTip, from, to, shards: wanted }) : undefined,
    prove: (span, isNeeded) => proveSpan(rootBlocks, { rootTip, ...span }, isNeeded),
    close: () => source.close(),
  };
}

function excerptText({ program, rootFrom, shards }: Excerpt): string {
  const part = `of shard ${shards.map(shardName).join(", ")} from root block ${rootFrom} on`;
  return `an excerpt of a database, made by ${program}: it has what a check ${part} reads, and nothing else`;
}

/**
 * The genesis block that the configuration makes must be in the database; the index only serves to say what is there
 * instead. Answers with a warning where the block is there and the index names another.
 */
function assertSameRootGenesis(
  source: BlockSource,
  rootBlocks: RootBlockSource,
  genesisHash: Hash32,
  configPath: string,
): string | undefined {
  const expected = toHex(genesisHash);
  const stored = source.rootGenesisHash();
  if (stored !== undefined && toHex(stored) === expected) return undefined;
  if (rootBlocks.hasRootBlock(genesisHash)) {
    if (stored === undefined) return undefined;
    return `the height index of the root chain names ${toHex(stored)} at height 0, where ${expected} is: the row is altered`;
  }
  throw new ConfigError(
    `${configPath} is not this database's configuration: its root genesis block is ${expected}, the database's is ${
      stored === undefined ? "another" : toHex(stored)
    }`,
  );
}

/** The rules by which the configuration makes the genesis block that the database has. */
function sameShardGenesis(
  source: BlockSource,
  config: QuarkChainConfig,
  fullShardId: number,
  configPath: string,
): ConsensusRules {
  const shard = source.shard(fullShardId);
  const stored = shard.canonicalHashAt(0);
  if (stored === undefined) return QUARKCHAIN_CONSENSUS;
  const rootHeader = shard.rootHeader(shard.minorBlock(stored).header.prevRootBlockHash);
  const rules = genesisRulesOf(config, fullShardId, rootHeader, stored);
  if (rules !== undefined) return rules;
  const expected = toHex(genesisMinorHash(config, fullShardId, rootHeader));
  throw new ConfigError(
    `${configPath} is not this database's configuration: its genesis block of shard ${fullShardId} is ${expected}, ` +
      `the database's is ${toHex(stored)}`,
  );
}

/** All that the root chain can have confirmed, unless the user names shards: an absent one must not go unnoticed. */
function shardsToCheck(
  source: BlockSource,
  config: QuarkChainConfig,
  tipHeight: number,
  wanted: readonly number[] | undefined,
): readonly number[] {
  const unknown = source.fullShardIds.find((id) => !config.shards.has(id));
  if (unknown !== undefined) {
    throw new ConfigError(`the database holds shard ${unknown}, which the configuration does not define`);
  }
  if (source.hasRootDatabase && wanted === undefined) {
    for (const [id, { genesis }] of config.shards) {
      if (genesis.rootHeight >= tipHeight || source.fullShardIds.includes(id)) continue;
      throw new DatabaseDamagedError(
        `missing shard database: the configuration has shard ${id}, ${source.shardFolderName(id)} is not there; ` +
          `to check the others only, name them with --shard`,
      );
    }
  }
  return source.fullShardIds;
}

function highestBlock(config: QuarkChainConfig, rootChain: RootChain): number {
  const { tipHeight } = rootChain;
  const tips = [...config.shards].map(([id, { genesis }]) =>
    rootChain.lastConfirmed(id, tipHeight, genesis.rootHeight),
  );
  return Math.max(tipHeight, ...tips.map((tip) => tip?.header.height ?? 0));
}
