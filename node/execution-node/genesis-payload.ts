import { type QuarkChainConfig, shardConfigOf } from "../chain/config.ts";
import { minorGenesisBlock, rootGenesisBlock } from "../chain/genesis.ts";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import { rootHeaderHash } from "../chain/root-block.ts";
import type { Hash32 } from "../codec/bytes.ts";
import { compareBytes } from "../engine/compare-block.ts";
import type { FieldMismatch } from "../engine/engine-api.ts";

/**
 * What a genesis block has otherwise than the configuration makes it. Which root block it stands on is consensus'
 * matter, unless that is the root chain's own genesis block, which follows from the configuration as well.
 */
export function genesisMismatches(
  config: QuarkChainConfig,
  fullShardId: number,
  { header, meta }: MinorBlock,
  stateRoot: Hash32,
): FieldMismatch[] {
  const rootGenesis = rootGenesisBlock(config).header;
  const { rootHeight } = shardConfigOf(config, fullShardId).genesis;
  const expected = minorGenesisBlock(config, fullShardId, { ...rootGenesis, height: rootHeight }, stateRoot);
  const prevRootBlockHash = rootHeight === 0 ? rootHeaderHash(rootGenesis) : header.prevRootBlockHash;
  return [
    ...compareBytes("stateRoot", meta.stateRoot, stateRoot),
    ...compareBytes("metaHash", header.metaHash, expected.header.metaHash),
    ...compareBytes("blockHash", minorHeaderHash(header), minorHeaderHash({ ...expected.header, prevRootBlockHash })),
  ];
}
