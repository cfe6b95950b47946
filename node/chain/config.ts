import type { Address, Hash32 } from "../codec/bytes.ts";
import { ConfigError } from "../codec/errors.ts";
import type { OperationConfig } from "./config-operation.ts";
import type { ConsensusType } from "./consensus-type.ts";
import type { Fraction } from "./fraction.ts";
import { fullShardIdOfKey } from "./shard-id.ts";

/** What a cluster_config.json says, as pyquarkchain reads it. Plain immutable data: it may cross to other threads. */
export interface ClusterConfig {
  /** DB_PATH_ROOT, empty for a database in memory. */
  readonly dbPathRoot: string;
  readonly enableTransactionHistory: boolean;
  /** GENESIS_DIR, empty for none. */
  readonly genesisDir: string;
  readonly slaves: readonly SlaveConfig[];
  readonly operation: OperationConfig;
  readonly quarkchain: QuarkChainConfig;
}

export interface SlaveConfig {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** WEBSOCKET_JSON_RPC_PORT; null for no websocket. */
  readonly websocketPort: number | null;
  readonly fullShardIds: readonly number[];
}

/** QUARKCHAIN: everything that decides which blocks are valid (pyquarkchain quarkchain/config.py QuarkChainConfig). */
export interface QuarkChainConfig {
  readonly chainSize: number;
  readonly baseEthChainId: number;
  readonly maxNeighbors: number;
  readonly networkId: number;
  readonly blockExtraDataSizeLimit: number;
  /** 64 bytes x ‖ y. */
  readonly guardianPublicKey: Uint8Array;
  readonly skipRootDifficultyCheck: boolean;
  readonly skipRootCoinbaseCheck: boolean;
  readonly skipMinorDifficultyCheck: boolean;
  readonly disablePowCheck: boolean;
  readonly genesisToken: string;
  readonly genesisTokenId: bigint;
  /** Part of the minor blocks' rewards and fees that goes to the root block's miner. */
  readonly rewardTaxRate: Fraction;
  /** Factor on block rewards for each epoch gone by. */
  readonly blockRewardDecayFactor: Fraction;
  /** Seconds since 1970 from which anybody may send; null: always. */
  readonly enableTxTimestamp: number | null;
  /** Who may send before that. */
  readonly txWhitelistSenders: readonly Address[];
  /** Seconds since 1970 from which contracts run; null: always. */
  readonly enableEvmTimestamp: number | null;
  /** Minor block height from which POW_QKCHASH seals carry rotation statistics; null: never. */
  readonly enableQkchashXHeight: number | null;
  /** null: never. */
  readonly enableEip155SignerTimestamp: number | null;
  /** Start of the non-reserved token contract and of the mint and balance precompiles; null: never. */
  readonly enableNonReservedNativeTokenTimestamp: number | null;
  /** Start of gas payment in native tokens; null: never. */
  readonly enableGeneralNativeTokenTimestamp: number | null;
  /** null: never. */
  readonly enablePoswStakingDecayTimestamp: number | null;
  /** Deposits of older root blocks are charged gas only where they carry a gas price. */
  readonly xshardGasDdosFixRootHeight: number;
  readonly rootChainPoswContractBytecodeHash: Hash32;
  readonly root: RootConfig;
  readonly chains: readonly ChainConfig[];
  /** By full shard id, in the order of the file. */
  readonly shards: ReadonlyMap<number, ShardConfig>;
}

/** Parameters of the difficulty formula (quarkchain/diff.py); the minimum is the genesis block's difficulty. */
export interface DifficultyConfig {
  /** Seconds. */
  readonly cutoffTime: number;
  readonly adjustmentFactor: bigint;
  readonly minimum: bigint;
}

export interface RootConfig {
  /** Older root blocks are dropped instead of added. */
  readonly maxStaleRootBlockHeightDiff: number;
  readonly consensusType: ConsensusType;
  /** Seconds. */
  readonly targetBlockTime: number;
  readonly genesis: RootGenesis;
  readonly coinbaseAmount: bigint;
  /** Root blocks until the reward decays. */
  readonly epochInterval: number;
  readonly difficulty: DifficultyConfig;
  readonly posw: PoswConfig;
}

export interface RootGenesis {
  readonly version: number;
  readonly height: number;
  readonly prevBlockHash: Hash32;
  readonly merkleRoot: Hash32;
  readonly timestamp: number;
  readonly difficulty: bigint;
  readonly nonce: bigint;
}

export interface ChainConfig {
  readonly chainId: number;
  /** Always BASE_ETH_CHAIN_ID + chain id + 1, whatever the file says (config.py QuarkChainConfig.from_dict). */
  readonly ethChainId: number;
  readonly shardSize: number;
  readonly defaultChainToken: string;
  readonly defaultChainTokenId: bigint;
  readonly consensusType: ConsensusType;
  /** Seconds. */
  readonly targetBlockTime: number;
  readonly genesis: ShardGenesis;
  readonly coinbaseAmount: bigint;
  /** Minor blocks until the reward decays. */
  readonly epochInterval: number;
  readonly difficulty: DifficultyConfig;
  readonly extraShardBlocksInRootBlock: number;
  readonly posw: PoswConfig;
}

/** One shard of a chain: the chain's parameters with only this shard's genesis accounts. */
export interface ShardConfig extends ChainConfig {
  readonly fullShardId: number;
  readonly shardId: number;
}

export interface ShardGenesis {
  /** Root block height at which the shard comes to life. */
  readonly rootHeight: number;
  readonly version: number;
  readonly height: number;
  readonly prevMinorBlockHash: Hash32;
  readonly merkleRoot: Hash32;
  readonly extraData: Uint8Array;
  readonly timestamp: number;
  readonly difficulty: bigint;
  /** Gas limit of every block of the shard, not only of its first. */
  readonly gasLimit: bigint;
  /** In the order of the file: an address may occur twice, spelled differently. */
  readonly accounts: readonly GenesisAccount[];
}

export interface GenesisAccount {
  readonly address: Address;
  readonly fullShardKey: number;
  /** Undefined where the account is not a contract; a contract starts with nonce 1. */
  readonly code: Uint8Array | undefined;
  /** Slot and value, in the order of the file. */
  readonly storage: readonly (readonly [bigint, bigint])[];
  /** Token id and amount, in the order of the file. */
  readonly balances: readonly (readonly [bigint, bigint])[];
}

/** quarkchain/config.py POSWConfig. */
export interface PoswConfig {
  readonly enabled: boolean;
  readonly enableTimestamp: number;
  readonly diffDivider: bigint;
  /** Blocks. */
  readonly windowSize: number;
  readonly totalStakePerBlock: bigint;
  /** 0: no boost. */
  readonly boostTimestamp: number;
  readonly boostMultiplierPerStep: bigint;
  readonly boostSteps: number;
  /** Seconds. */
  readonly boostStepInterval: number;
}

/** Throws ConfigError for a shard that the configuration does not define. */
export function shardConfigOf(config: QuarkChainConfig, fullShardId: number): ShardConfig {
  const shard = config.shards.get(fullShardId);
  if (shard !== undefined) return shard;
  throw new ConfigError(
    `no shard ${hexId(fullShardId)} (the configuration defines ${[...config.shards.keys()].map(hexId).join(", ")})`,
  );
}

/** Shards of a chain; throws ConfigError for a chain that the configuration does not define. */
export function shardSizeOfChain(config: QuarkChainConfig, chainId: number): number {
  const chain = config.chains.find((candidate) => candidate.chainId === chainId);
  if (chain !== undefined) return chain.shardSize;
  throw new ConfigError(`no chain ${chainId} (the configuration defines 0 to ${config.chainSize - 1})`);
}

/** Full shard id an address with this key belongs to. Throws ConfigError for an unknown chain. */
export function fullShardIdOf(config: QuarkChainConfig, fullShardKey: number): number {
  return fullShardIdOfKey(fullShardKey, shardSizeOfChain(config, fullShardKey >>> 16));
}

/** Ids of the shards whose genesis lies below a root height, ascending. */
export function initializedFullShardIdsBefore(config: QuarkChainConfig, rootHeight: number): readonly number[] {
  const ids: number[] = [];
  for (const [id, shard] of config.shards) if (shard.genesis.rootHeight < rootHeight) ids.push(id);
  return ids.sort((a, b) => a - b);
}

/** Gas limit of the cross-shard part of a block (shard_state.py get_xshard_gas_limit). */
export function xshardGasLimitOf(shard: ShardConfig): bigint {
  return shard.genesis.gasLimit / 2n;
}

/** How many headers of one shard a root block may hold (config.py max_blocks_per_shard_in_one_root_block). */
export function maxBlocksPerShardInOneRootBlock(root: RootConfig, shard: ShardConfig): number {
  return Math.trunc(root.targetBlockTime / shard.targetBlockTime) + shard.extraShardBlocksInRootBlock;
}

/** How far below its shard's head a block may lie and still be added (config.py max_stale_minor_block_height_diff). */
export function maxStaleMinorBlockHeightDiff(root: RootConfig, shard: ShardConfig): number {
  return Math.trunc((root.maxStaleRootBlockHeightDiff * root.targetBlockTime) / shard.targetBlockTime);
}

function hexId(fullShardId: number): string {
  return `0x${fullShardId.toString(16).padStart(8, "0")}`;
}
