import { asAddress, asHash32 } from "../codec/bytes.ts";
import { tokenIdEncode } from "../codec/token-id.ts";
import type { ChainConfig, DifficultyConfig, PoswConfig, QuarkChainConfig, RootConfig, ShardConfig } from "./config.ts";
import { parseRootGenesis, parseShardGenesis } from "./config-genesis.ts";
import type { ConfigSection } from "./config-section.ts";
import { CONSENSUS_TYPES, type ConsensusType } from "./consensus-type.ts";
import { makeFullShardId } from "./shard-id.ts";

const QKC = 10n ** 18n;
const MAINNET = 1;
const DEFAULT_NETWORK_ID = 3;
/** config.py NetworkId.MAINNET's dates where the file gives none (quarkchain/env.py Env.cluster_config). */
const MAINNET_NATIVE_TOKEN_TIMESTAMP = 1588291200;
const MAINNET_POSW_STAKING_DECAY_TIMESTAMP = 1588291200;
const MAINNET_EIP155_SIGNER_TIMESTAMP = 1625097600;

const DEFAULT_GUARDIAN_PUBLIC_KEY =
  "ab856abd0983a82972021e454fcf66ed5940ed595b0898bcd75cbe2d0a51a00f5358b566df22395a2a8bf6c022c1d51a2c3defe654e91a8d244947783029694d";

/** A full shard id has 16 bits for the chain and 16 for shard size and shard. */
const MAX_CHAINS = 1 << 16;
const MAX_SHARD_SIZE = 1 << 15;

/** config.py QuarkChainConfig.from_dict and init_and_validate, then env.py's defaults for mainnet. */
export function parseQuarkChain(section: ConfigSection): QuarkChainConfig {
  const baseEthChainId = section.count("BASE_ETH_CHAIN_ID", 100000);
  const networkId = section.count("NETWORK_ID", DEFAULT_NETWORK_ID, 0xffffffff);
  const chains = parseChains(section, baseEthChainId);
  const whenOnMainnet = (name: string, timestamp: number) =>
    section.optionalCount(name) ?? (networkId === MAINNET ? timestamp : null);
  const genesisToken = section.text("GENESIS_TOKEN", "QKC");
  return {
    chainSize: chains.length,
    baseEthChainId,
    maxNeighbors: section.count("MAX_NEIGHBORS", 32),
    networkId,
    blockExtraDataSizeLimit: section.count("BLOCK_EXTRA_DATA_SIZE_LIMIT", 1024),
    guardianPublicKey: section.hex("GUARDIAN_PUBLIC_KEY", DEFAULT_GUARDIAN_PUBLIC_KEY, 64),
    skipRootDifficultyCheck: section.flag("SKIP_ROOT_DIFFICULTY_CHECK"),
    skipRootCoinbaseCheck: section.flag("SKIP_ROOT_COINBASE_CHECK"),
    skipMinorDifficultyCheck: section.flag("SKIP_MINOR_DIFFICULTY_CHECK"),
    disablePowCheck: section.flag("DISABLE_POW_CHECK"),
    genesisToken,
    genesisTokenId: tokenId(section, "GENESIS_TOKEN", genesisToken),
    rewardTaxRate: section.rate("REWARD_TAX_RATE", 0.5),
    blockRewardDecayFactor: section.rate("BLOCK_REWARD_DECAY_FACTOR", 0.5),
    enableTxTimestamp: section.optionalCount("ENABLE_TX_TIMESTAMP"),
    txWhitelistSenders: section.hexList("TX_WHITELIST_SENDERS", 20).map(asAddress),
    enableEvmTimestamp: section.optionalCount("ENABLE_EVM_TIMESTAMP"),
    enableQkchashXHeight: section.optionalCount("ENABLE_QKCHASHX_HEIGHT"),
    enableEip155SignerTimestamp: whenOnMainnet("ENABLE_EIP155_SIGNER_TIMESTAMP", MAINNET_EIP155_SIGNER_TIMESTAMP),
    enableNonReservedNativeTokenTimestamp: whenOnMainnet(
      "ENABLE_NON_RESERVED_NATIVE_TOKEN_TIMESTAMP",
      MAINNET_NATIVE_TOKEN_TIMESTAMP,
    ),
    enableGeneralNativeTokenTimestamp: whenOnMainnet(
      "ENABLE_GENERAL_NATIVE_TOKEN_TIMESTAMP",
      MAINNET_NATIVE_TOKEN_TIMESTAMP,
    ),
    enablePoswStakingDecayTimestamp: whenOnMainnet(
      "ENABLE_POSW_STAKING_DECAY_TIMESTAMP",
      MAINNET_POSW_STAKING_DECAY_TIMESTAMP,
    ),
    xshardGasDdosFixRootHeight: section.count("XSHARD_GAS_DDOS_FIX_ROOT_HEIGHT", 90000),
    rootChainPoswContractBytecodeHash: asHash32(
      section.hex("ROOT_CHAIN_POSW_CONTRACT_BYTECODE_HASH", "00".repeat(32), 32),
    ),
    root: parseRoot(section.section("ROOT")),
    chains,
    shards: shardsOf(chains),
  };
}

function parseRoot(section: ConfigSection): RootConfig {
  const genesis = parseRootGenesis(section.section("GENESIS"));
  return {
    maxStaleRootBlockHeightDiff: section.count("MAX_STALE_ROOT_BLOCK_HEIGHT_DIFF", 22500),
    consensusType: consensusTypeOf(section),
    targetBlockTime: section.section("CONSENSUS_CONFIG").positiveNumber("TARGET_BLOCK_TIME", 10),
    genesis,
    coinbaseAmount: section.integer("COINBASE_AMOUNT", 120n * QKC),
    epochInterval: section.positiveCount("EPOCH_INTERVAL", 210000 * 10),
    difficulty: parseDifficulty(section, 40, 1024n, genesis.difficulty),
    posw: parsePosw(section.section("POSW_CONFIG")),
  };
}

function parseChains(section: ConfigSection, baseEthChainId: number): readonly ChainConfig[] {
  const chainSize = section.count("CHAIN_SIZE", 3, MAX_CHAINS);
  const sections = section.sections("CHAINS");
  if (sections.length !== chainSize) {
    throw section.refused("CHAIN_SIZE", `must be the number of CHAINS, which is ${sections.length}`);
  }
  const chains: ChainConfig[] = [];
  for (const chainSection of sections) {
    const chain = parseChain(chainSection, baseEthChainId, chainSize);
    if (chains.some(({ chainId }) => chainId === chain.chainId)) {
      throw chainSection.refused("CHAIN_ID", `must differ from every other chain's: ${chain.chainId} is defined twice`);
    }
    chains.push(chain);
  }
  return chains;
}

function parseChain(section: ConfigSection, baseEthChainId: number, chainSize: number): ChainConfig {
  const chainId = section.count("CHAIN_ID", 0);
  if (chainId >= chainSize) throw section.refused("CHAIN_ID", `must be below CHAIN_SIZE, which is ${chainSize}`);
  const shardSize = section.count("SHARD_SIZE", 2);
  if (shardSize < 1 || shardSize > MAX_SHARD_SIZE || (shardSize & (shardSize - 1)) !== 0) {
    throw section.refused("SHARD_SIZE", `must be a power of two from 1 to ${MAX_SHARD_SIZE}`);
  }
  const consensusType = consensusTypeOf(section);
  const defaultChainToken = section.text("DEFAULT_CHAIN_TOKEN", "QKC");
  const genesis = parseShardGenesis(section.section("GENESIS"), chainId);
  return {
    chainId,
    ethChainId: baseEthChainId + chainId + 1,
    shardSize,
    defaultChainToken,
    defaultChainTokenId: tokenId(section, "DEFAULT_CHAIN_TOKEN", defaultChainToken),
    consensusType,
    targetBlockTime: section.section("CONSENSUS_CONFIG").positiveNumber("TARGET_BLOCK_TIME", 10),
    genesis,
    coinbaseAmount: section.integer("COINBASE_AMOUNT", 5n * QKC),
    epochInterval: section.positiveCount("EPOCH_INTERVAL", 210000 * 60),
    difficulty: parseDifficulty(section, 7, 512n, genesis.difficulty),
    extraShardBlocksInRootBlock: section.count("EXTRA_SHARD_BLOCKS_IN_ROOT_BLOCK", 3),
    posw: parsePosw(section.section("POSW_CONFIG")),
  };
}

function shardsOf(chains: readonly ChainConfig[]): ReadonlyMap<number, ShardConfig> {
  const shards = new Map<number, ShardConfig>();
  for (const chain of chains) {
    for (let shardId = 0; shardId < chain.shardSize; shardId++) {
      const fullShardId = makeFullShardId(chain.chainId, chain.shardSize, shardId);
      const accounts = chain.genesis.accounts.filter(
        ({ fullShardKey }) => (fullShardKey & (chain.shardSize - 1)) === shardId,
      );
      shards.set(fullShardId, { ...chain, genesis: { ...chain.genesis, accounts }, fullShardId, shardId });
    }
  }
  return shards;
}

/** Chains of type NONE load in pyquarkchain but cannot take part in a root block: they have no block time. */
function consensusTypeOf(section: ConfigSection): ConsensusType {
  const name = section.requiredText("CONSENSUS_TYPE");
  const known = CONSENSUS_TYPES.find((type) => type === name && type !== "NONE");
  if (known !== undefined) return known;
  throw section.refused("CONSENSUS_TYPE", `must be one of ${CONSENSUS_TYPES.slice(1).join(", ")}`);
}

/** RootState and ShardState refuse a zero cutoff, factor or genesis difficulty when they start. */
function parseDifficulty(
  section: ConfigSection,
  cutoffTime: number,
  adjustmentFactor: bigint,
  minimum: bigint,
): DifficultyConfig {
  return {
    cutoffTime: section.positiveCount("DIFFICULTY_ADJUSTMENT_CUTOFF_TIME", cutoffTime),
    adjustmentFactor: section.positiveInteger("DIFFICULTY_ADJUSTMENT_FACTOR", adjustmentFactor),
    minimum,
  };
}

/** The root's POSW_CONFIG has the shards' defaults: config.py RootConfig.from_dict starts from a plain POSWConfig. */
function parsePosw(section: ConfigSection): PoswConfig {
  const posw = {
    enabled: section.flag("ENABLED"),
    enableTimestamp: section.count("ENABLE_TIMESTAMP", 0),
    diffDivider: section.integer("DIFF_DIVIDER", 20n),
    windowSize: section.count("WINDOW_SIZE", 256),
    totalStakePerBlock: section.integer("TOTAL_STAKE_PER_BLOCK", 10n ** 9n * QKC),
    boostTimestamp: section.count("BOOST_TIMESTAMP", 0),
    boostMultiplierPerStep: section.integer("BOOST_MULTIPLIER_PER_STEP", 2n),
    boostSteps: section.count("BOOST_STEPS", 10),
    boostStepInterval: section.count("BOOST_STEP_INTERVAL", 43200),
  };
  if (posw.enabled) {
    section.positiveInteger("DIFF_DIVIDER", 20n);
    section.positiveCount("WINDOW_SIZE", 256);
    section.positiveInteger("TOTAL_STAKE_PER_BLOCK", 10n ** 9n * QKC);
    if (posw.boostTimestamp > 0) {
      section.positiveInteger("BOOST_MULTIPLIER_PER_STEP", 2n);
      section.positiveCount("BOOST_STEP_INTERVAL", 43200);
    }
  }
  return posw;
}

function tokenId(section: ConfigSection, name: string, token: string): bigint {
  try {
    return tokenIdEncode(token);
  } catch {
    throw section.refused(name, "must be 1 to 12 of 0-9 and A-Z");
  }
}
