import type { BlockSource } from "../../archive/block-source.ts";
import { openArchive } from "../../archive/open-archive.ts";
import type { QuarkChainConfig } from "../../chain/config.ts";
import { rootGenesisBlock } from "../../chain/genesis.ts";
import { minorHeaderHash } from "../../chain/minor-block.ts";
import { rootHeaderHash } from "../../chain/root-block.ts";
import { genesisBlockOf } from "../../cl/genesis-block.ts";
import { bytesEqual, type Hash32 } from "../../codec/bytes.ts";
import { ConfigError } from "../../codec/errors.ts";
import { OldShard } from "./old-shard.ts";

/** One shard's part of an old database, which is only read. */
export interface OpenBase {
  readonly shard: OldShard;
  /** Client that wrote it. */
  readonly kind: string;
  /** The newest root block of its own chain that the shard has; undefined where it names no tip. */
  rootTip(): Hash32 | undefined;
  close(): void;
}

/**
 * Opens the folder of an old client's database as what lies below a shard's stores; undefined where it has nothing of the
 * shard. Throws ConfigError for another chain's, and as openArchive does.
 */
export function openBase(folder: string, config: QuarkChainConfig, fullShardId: number): OpenBase | undefined {
  const source = openArchive(folder);
  try {
    const shard = OldShard.of(source, config, fullShardId);
    if (shard !== undefined && isBegun(shard, config, folder)) {
      return { shard, kind: source.kind, rootTip: () => rootTipOf(source, shard), close: () => source.close() };
    }
    source.close();
    return undefined;
  } catch (error) {
    source.close();
    throw error;
  }
}

/** A master is ahead of its slaves' databases where they were ended between two of their writes. */
function rootTipOf(source: BlockSource, shard: OldShard): Hash32 | undefined {
  let hash = source.rootTipHash();
  while (hash !== undefined && !shard.hasRootBlock(hash)) {
    const { height, prevBlockHash } = source.rootBlocks().rootHeader(hash);
    hash = height === 0 ? undefined : prevBlockHash;
  }
  return hash;
}

/** Whether the shard has its genesis block; it has to be the one that the configuration makes. */
function isBegun(shard: OldShard, config: QuarkChainConfig, folder: string): boolean {
  const hash = shard.canonicalHash(0);
  if (hash === undefined) return false;
  const rootHeader = shard.rootHeader(shard.minorBlock(hash).header.prevRootBlockHash);
  const own = genesisBlockOf(config, shard.fullShardId, rootHeader);
  const rootGenesis = rootGenesisBlock(config).header;
  const isOurs =
    bytesEqual(minorHeaderHash(own.header), hash) &&
    (rootHeader.height > 0 || bytesEqual(rootHeaderHash(rootHeader), rootHeaderHash(rootGenesis)));
  if (isOurs) return true;
  throw new ConfigError(
    `${folder} holds another chain than the configuration's: its genesis block of shard ${shard.fullShardId} differs. ` +
      "Name the database of this network, or the configuration that made it",
  );
}
