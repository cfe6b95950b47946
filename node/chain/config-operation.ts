import { type Address, asAddress } from "../codec/bytes.ts";
import type { QkcAddress } from "../codec/wire.ts";
import type { QuarkChainConfig } from "./config.ts";
import type { ConfigSection } from "./config-section.ts";

const GWEI = 10n ** 9n;
const LOG_LEVELS = ["debug", "info", "warning", "error", "critical"] as const;

type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * What a running slave reads beside the rules of consensus. None of it decides which blocks are valid, and none of it
 * is part of configHash.
 */
export interface OperationConfig {
  /** CLEAN: the databases of the slave's shards are begun anew. */
  readonly clean: boolean;
  readonly logLevel: LogLevel;
  readonly pool: PoolLimits;
  /** By full shard id. */
  readonly mining: ReadonlyMap<number, MiningConfig>;
  readonly monitoring: MonitoringConfig;
  readonly prometheus: PrometheusConfig;
  /** loadtest.json of GENESIS_DIR: who sends what GEN_TX asks for. */
  readonly loadTestAccounts: readonly LoadTestAccount[];
}

/** quarkchain/config.py QuarkChainConfig; prices in the genesis token. */
interface PoolLimits {
  /** TRANSACTION_QUEUE_SIZE_LIMIT_PER_SHARD */
  readonly transactions: number;
  /** MIN_TX_POOL_GAS_PRICE: the least that is admitted. */
  readonly minGasPrice: bigint;
  /** MIN_MINING_GAS_PRICE: the least that enters a block. */
  readonly minMiningGasPrice: bigint;
}

export interface MiningConfig {
  /** CONSENSUS_CONFIG.REMOTE_MINE: work is handed out (GET_WORK), nothing is mined by the slave itself. */
  readonly remoteMine: boolean;
  /** COINBASE_ADDRESS moved into the shard: whose work it is where the asker names nobody. */
  readonly coinbase: QkcAddress;
}

/** cluster_config.py MonitoringConfig. */
export interface MonitoringConfig {
  readonly networkName: string;
  /** Null: the machine's own address. */
  readonly clusterId: string | null;
  /** host[:port] of a Kafka REST proxy; empty for none. */
  readonly kafkaRestAddress: string;
  readonly minerTopic: string;
  readonly propagationTopic: string;
  readonly errorTopic: string;
}

/** cluster_config.py PrometheusConfig, as far as a slave reads it; the exporter is another program. */
interface PrometheusConfig {
  /** The first page of a total balance counts the deposits that are under way. */
  readonly monitorXshardDeposit: boolean;
}

export interface LoadTestAccount {
  readonly recipient: Address;
  /** 32 bytes */
  readonly privateKey: Uint8Array;
}

/** The accounts for load tests come from files (genesis-files.ts). */
export function parseOperation(file: ConfigSection, quarkchain: QuarkChainConfig): OperationConfig {
  const section = file.section("QUARKCHAIN");
  return {
    clean: file.flag("CLEAN"),
    logLevel: logLevelOf(file),
    pool: {
      transactions: section.count("TRANSACTION_QUEUE_SIZE_LIMIT_PER_SHARD", 10000),
      minGasPrice: section.integer("MIN_TX_POOL_GAS_PRICE", GWEI),
      minMiningGasPrice: section.integer("MIN_MINING_GAS_PRICE", GWEI),
    },
    mining: miningOf(section, quarkchain),
    monitoring: monitoringOf(file),
    prometheus: {
      // Null means defaults here; pyquarkchain takes it and then fails on each total balance that it is asked for.
      monitorXshardDeposit: file.has("PROMETHEUS") && file.section("PROMETHEUS").flag("MONITOR_XSHARD_DEPOSIT"),
    },
    loadTestAccounts: [],
  };
}

/** Any mixture of cases, as quarkchain/utils.py Logger.set_logging_level. */
function logLevelOf(file: ConfigSection): LogLevel {
  const name = file.text("LOG_LEVEL", "info").toLowerCase();
  const level = LOG_LEVELS.find((known) => known === name);
  if (level !== undefined) return level;
  throw file.refused("LOG_LEVEL", `must be one of ${LOG_LEVELS.join(", ")}`);
}

/** Every shard of a chain has its chain's settings (config.py QuarkChainConfig.from_dict). */
function miningOf(section: ConfigSection, { chains, shards }: QuarkChainConfig): ReadonlyMap<number, MiningConfig> {
  const ofChain = new Map<number, MiningConfig>();
  for (const [i, chain] of section.sections("CHAINS").entries()) {
    const address = chain.hex("COINBASE_ADDRESS", "00".repeat(24), 24);
    ofChain.set(chains[i].chainId, {
      remoteMine: chain.section("CONSENSUS_CONFIG").flag("REMOTE_MINE"),
      coinbase: { recipient: asAddress(address.subarray(0, 20)), fullShardKey: 0 },
    });
  }
  const mining = new Map<number, MiningConfig>();
  for (const [id, { chainId }] of shards) {
    const { remoteMine, coinbase } = ofChain.get(chainId) as MiningConfig;
    mining.set(id, { remoteMine, coinbase: { ...coinbase, fullShardKey: id } });
  }
  return mining;
}

/** Absent means defaults; null is refused, as pyquarkchain cannot start on it. */
function monitoringOf(file: ConfigSection): MonitoringConfig {
  const section = file.names().includes("MONITORING") ? file.section("MONITORING") : undefined;
  return {
    networkName: section?.text("NETWORK_NAME", "") ?? "",
    clusterId: section?.has("CLUSTER_ID") ? section.requiredText("CLUSTER_ID") : null,
    kafkaRestAddress: section?.text("KAFKA_REST_ADDRESS", "") ?? "",
    minerTopic: section?.text("MINER_TOPIC", "qkc_miner") ?? "qkc_miner",
    propagationTopic: section?.text("PROPAGATION_TOPIC", "block_propagation") ?? "block_propagation",
    errorTopic: section?.text("ERRORS", "error") ?? "error",
  };
}
