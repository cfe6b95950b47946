import { EMPTY_BYTES, type Hash32, ZERO_ADDRESS, ZERO_HASH } from "../codec/bytes.ts";
import { EMPTY_QKC_ADDRESS } from "../codec/wire.ts";
import { type QuarkChainConfig, shardConfigOf } from "./config.ts";
import { multiplyFloor, oneMinus } from "./fraction.ts";
import { type MinorBlock, type MinorBlockMeta, minorMetaHash } from "./minor-block.ts";
import { type RootBlock, type RootBlockHeader, rootHeaderHash } from "./root-block.ts";
import { NO_BALANCES } from "./token-balances.ts";

/** core.py MinorBlockMeta's default: a genesis block has it whatever the shard's gas limit is. */
const GENESIS_XSHARD_GAS_LIMIT = 30000n * 200n;

/** The root chain's block 0 (quarkchain/genesis.py create_root_block). */
export function rootGenesisBlock(config: QuarkChainConfig): RootBlock {
  const { genesis } = config.root;
  const header: RootBlockHeader = {
    version: genesis.version,
    height: genesis.height,
    prevBlockHash: genesis.prevBlockHash,
    merkleRoot: genesis.merkleRoot,
    stateRoot: ZERO_HASH,
    coinbaseAddress: EMPTY_QKC_ADDRESS,
    coinbaseAmounts: NO_BALANCES,
    createTime: genesis.timestamp,
    difficulty: genesis.difficulty,
    totalDifficulty: genesis.difficulty,
    nonce: genesis.nonce,
    extraData: EMPTY_BYTES,
    mixhash: ZERO_HASH,
    signature: new Uint8Array(65),
  };
  return { header, minorHeaders: [], trackingData: EMPTY_BYTES };
}

/**
 * A shard's block 0 on the root block at its genesis height (quarkchain/genesis.py create_minor_block). `stateRoot` is
 * the root of the state with the shard's genesis accounts. The reward is neither decayed nor paid to anybody.
 */
export function minorGenesisBlock(
  config: QuarkChainConfig,
  fullShardId: number,
  rootHeader: RootBlockHeader,
  stateRoot: Hash32,
): MinorBlock {
  const shard = shardConfigOf(config, fullShardId);
  const { genesis } = shard;
  const meta: MinorBlockMeta = {
    merkleRoot: genesis.merkleRoot,
    stateRoot,
    receiptRoot: ZERO_HASH,
    gasUsed: 0n,
    xshardReceiveGasUsed: 0n,
    xshardCursor: { rootBlockHeight: rootHeader.height, minorBlockIndex: 0, xshardDepositIndex: 0 },
    xshardGasLimit: GENESIS_XSHARD_GAS_LIMIT,
  };
  const reward = multiplyFloor(shard.coinbaseAmount, oneMinus(config.rewardTaxRate));
  return {
    header: {
      version: genesis.version,
      branch: fullShardId,
      height: genesis.height,
      coinbaseAddress: { recipient: ZERO_ADDRESS, fullShardKey: fullShardId },
      coinbaseAmounts: new Map([[config.genesisTokenId, reward]]),
      prevMinorBlockHash: genesis.prevMinorBlockHash,
      prevRootBlockHash: rootHeaderHash(rootHeader),
      gasLimit: genesis.gasLimit,
      metaHash: minorMetaHash(meta),
      createTime: genesis.timestamp,
      difficulty: genesis.difficulty,
      nonce: 0n,
      bloom: new Uint8Array(256),
      extraData: genesis.extraData,
      mixhash: ZERO_HASH,
    },
    meta,
    transactions: [],
    trackingData: EMPTY_BYTES,
  };
}
