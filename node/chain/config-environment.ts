import { ConfigError } from "../codec/errors.ts";
import type { JsonObject, JsonValue } from "./config-json.ts";
import { parsePythonLiteral } from "./python-literal.ts";

/** Variables of the process, as process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The objects of a configuration and the fields each has in pyquarkchain, whether a file names them or not. */
interface KnownSection {
  readonly fields: readonly string[];
  readonly sections?: Readonly<Record<string, KnownSection>>;
  /** Fields that pyquarkchain has read by the time it looks at the variables: setting them would do nothing, or half. */
  readonly settled?: readonly string[];
}

const words = (text: string) => text.trim().split(/\s+/);

const POW: KnownSection = { fields: words("TARGET_BLOCK_TIME REMOTE_MINE") };
const POSW: KnownSection = {
  fields: words(`ENABLED ENABLE_TIMESTAMP DIFF_DIVIDER WINDOW_SIZE TOTAL_STAKE_PER_BLOCK BOOST_TIMESTAMP
    BOOST_MULTIPLIER_PER_STEP BOOST_STEPS BOOST_STEP_INTERVAL`),
};
const ROOT: KnownSection = {
  fields: words(`MAX_STALE_ROOT_BLOCK_HEIGHT_DIFF MAX_ROOT_BLOCKS_IN_MEMORY COINBASE_ADDRESS COINBASE_AMOUNT
    EPOCH_INTERVAL DIFFICULTY_ADJUSTMENT_CUTOFF_TIME DIFFICULTY_ADJUSTMENT_FACTOR`),
  sections: {
    CONSENSUS_CONFIG: POW,
    GENESIS: { fields: words("VERSION HEIGHT HASH_PREV_BLOCK HASH_MERKLE_ROOT TIMESTAMP DIFFICULTY NONCE") },
    POSW_CONFIG: POSW,
  },
  settled: ["CONSENSUS_TYPE"],
};
const QUARKCHAIN: KnownSection = {
  fields: words(`MAX_NEIGHBORS NETWORK_ID TRANSACTION_QUEUE_SIZE_LIMIT_PER_SHARD BLOCK_EXTRA_DATA_SIZE_LIMIT
    GUARDIAN_PUBLIC_KEY ROOT_SIGNER_PRIVATE_KEY P2P_PROTOCOL_VERSION P2P_COMMAND_SIZE_LIMIT SKIP_ROOT_DIFFICULTY_CHECK
    SKIP_ROOT_COINBASE_CHECK SKIP_MINOR_DIFFICULTY_CHECK GENESIS_TOKEN REWARD_TAX_RATE BLOCK_REWARD_DECAY_FACTOR
    ENABLE_TX_TIMESTAMP TX_WHITELIST_SENDERS ENABLE_EVM_TIMESTAMP ENABLE_QKCHASHX_HEIGHT ENABLE_EIP155_SIGNER_TIMESTAMP
    ENABLE_NON_RESERVED_NATIVE_TOKEN_TIMESTAMP ENABLE_GENERAL_NATIVE_TOKEN_TIMESTAMP
    ENABLE_POSW_STAKING_DECAY_TIMESTAMP MIN_TX_POOL_GAS_PRICE MIN_MINING_GAS_PRICE XSHARD_GAS_DDOS_FIX_ROOT_HEIGHT
    DISABLE_POW_CHECK ROOT_CHAIN_POSW_CONTRACT_BYTECODE_HASH`),
  sections: { ROOT },
  settled: words("CHAIN_SIZE BASE_ETH_CHAIN_ID CHAINS SHARDS"),
};
const CLUSTER: KnownSection = {
  fields: words(`P2P_PORT JSON_RPC_PORT PRIVATE_JSON_RPC_PORT JSON_RPC_HOST PRIVATE_JSON_RPC_HOST
    ENABLE_PUBLIC_JSON_RPC ENABLE_PRIVATE_JSON_RPC ENABLE_TRANSACTION_HISTORY DB_PATH_ROOT LOG_LEVEL
    START_SIMULATED_MINING CLEAN GENESIS_DIR`),
  sections: {
    QUARKCHAIN,
    MASTER: { fields: ["MASTER_TO_SLAVE_CONNECT_RETRY_DELAY"] },
    SIMPLE_NETWORK: { fields: words("BOOTSTRAP_HOST BOOTSTRAP_PORT") },
    P2P: {
      fields: words(`BOOT_NODES PRIV_KEY MAX_PEERS UPNP ALLOW_DIAL_IN_RATIO PREFERRED_NODES DISCOVERY_ONLY
        CRAWLING_ROUTING_TABLE_FILE_PATH`),
    },
    PROMETHEUS: { fields: words("INTERVAL TOKENS MONITOR_XSHARD_DEPOSIT PORT") },
    MONITORING: {
      fields: words("NETWORK_NAME CLUSTER_ID KAFKA_REST_ADDRESS MINER_TOPIC PROPAGATION_TOPIC ERRORS"),
    },
  },
  settled: ["SLAVE_LIST"],
};

/**
 * A configuration file's value with what variables QKC__SECTION__FIELD say instead, each a Python literal
 * (cluster_config.py ClusterConfig.apply_env). Throws ConfigError naming the variable: for a field that does not exist,
 * a value that is no literal, and a field that such a variable cannot change.
 */
export function withEnvironment(file: JsonValue, environment: Environment): JsonValue {
  let changed = file;
  for (const [variable, text] of Object.entries(environment)) {
    const [prefix, ...path] = variable.split("__");
    if (prefix !== "QKC" || text === undefined) continue;
    changed = withValue(changed, CLUSTER, path, parsePythonLiteral(text, `the variable ${variable}`), variable);
  }
  return changed;
}

function withValue(
  object: JsonValue,
  known: KnownSection,
  [name, ...rest]: readonly string[],
  value: JsonValue,
  variable: string,
): JsonObject {
  if (name === undefined) throw new ConfigError(`the variable ${variable} names no field, as in QKC__LOG_LEVEL`);
  // What stands in place of an object is refused where the file is read.
  const entries = object instanceof Map ? object : new Map<string, JsonValue>();
  if (known.settled?.includes(name)) {
    throw new ConfigError(`the variable ${variable} cannot change ${name}: change the configuration file`);
  }
  const section = known.sections?.[name];
  if (rest.length === 0) {
    checkField(known, name, value, entries, variable);
    return new Map([...entries, [name, value]]);
  }
  if (section === undefined) throw new ConfigError(`the variable ${variable} names no section: ${name} is none`);
  if (entries.get(name) === null) {
    throw new ConfigError(`the variable ${variable} names a field of ${name}, which is null in the configuration file`);
  }
  const inner = withValue(entries.get(name) ?? new Map(), section, rest, value, variable);
  return new Map([...entries, [name, inner]]);
}

/** A section may become null as a whole; with anything else in its place pyquarkchain would fail later. */
function checkField(known: KnownSection, name: string, value: JsonValue, entries: JsonObject, variable: string): void {
  if (known.sections?.[name] !== undefined) {
    if (value === null) return;
    throw new ConfigError(`the variable ${variable} must name a field of ${name}, as in ${variable}__FIELD`);
  }
  if (known.fields.includes(name) || entries.has(name)) return;
  throw new ConfigError(`the variable ${variable} names the field ${name}, which does not exist`);
}
