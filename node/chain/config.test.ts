import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toHex } from "../codec/bytes.ts";
import { ConfigError } from "../codec/errors.ts";
import {
  fullShardIdOf,
  initializedFullShardIdsBefore,
  maxBlocksPerShardInOneRootBlock,
  shardConfigOf,
  shardSizeOfChain,
  xshardGasLimitOf,
} from "./config.ts";
import { parseClusterConfig, readClusterConfig } from "./config-file.ts";
import { canonicalConfig, configHash } from "./config-hash.ts";
import {
  CONFIG_FILES,
  type ConfigChange,
  canonicalOperation,
  changedDefaults,
  EXPECTED,
  readFixtureConfig,
} from "./expected-configs.testkit.ts";

const parse = (...changes: ConfigChange[]) => parseClusterConfig(changedDefaults(...changes), "c.json");

describe.each(CONFIG_FILES)("%s", (name) => {
  const { quarkchain, operation, ...cluster } = readFixtureConfig(name);
  const expected = EXPECTED.configs[name];

  it("is read as pyquarkchain reads it", () => {
    expect(canonicalConfig(quarkchain)).toEqual(expected.quarkchain);
    expect(cluster).toEqual({
      dbPathRoot: expected.dbPathRoot,
      enableTransactionHistory: expected.enableTransactionHistory,
      genesisDir: "",
      slaves: expected.slaves,
    });
    expect(canonicalOperation(operation)).toEqual(expected.operation);
  });

  it("has pyquarkchain's shards, each with its own genesis accounts", () => {
    const shards = [...quarkchain.shards].map(([id, shard]) => ({
      fullShardId: id,
      shardId: shard.shardId,
      accounts: shard.genesis.accounts.map(({ address }) => toHex(address)),
      maxBlocksInOneRootBlock: maxBlocksPerShardInOneRootBlock(quarkchain.root, shard),
      xshardGasLimit: String(xshardGasLimitOf(shard)),
    }));
    expect(shards).toEqual(expected.shards.map(({ rewards: _, genesis: __, ...shard }) => shard));
  });

  it("tells which shards live below a root height", () => {
    for (const [height, ids] of Object.entries(expected.initializedBefore)) {
      expect(initializedFullShardIdsBefore(quarkchain, Number(height))).toEqual(ids);
    }
  });
});

describe("parseClusterConfig", () => {
  it("takes mainnet's dates on network 1 only, and a date of 0 as a date (env.py Env.cluster_config)", () => {
    const dates = (...changes: ConfigChange[]) => {
      const { quarkchain } = parse(...changes);
      return [
        quarkchain.enableEip155SignerTimestamp,
        quarkchain.enableNonReservedNativeTokenTimestamp,
        quarkchain.enableGeneralNativeTokenTimestamp,
        quarkchain.enablePoswStakingDecayTimestamp,
        quarkchain.enableEvmTimestamp,
      ];
    };
    const mainnet: ConfigChange = ["QUARKCHAIN.NETWORK_ID", 1];
    expect(dates(mainnet)).toEqual([1625097600, 1588291200, 1588291200, 1588291200, null]);
    expect(dates(["QUARKCHAIN.NETWORK_ID", 2])).toEqual([null, null, null, null, null]);
    expect(
      dates(mainnet, ["QUARKCHAIN.ENABLE_EIP155_SIGNER_TIMESTAMP", 0], ["QUARKCHAIN.ENABLE_EVM_TIMESTAMP", 5]),
    ).toEqual([0, 1588291200, 1588291200, 1588291200, 5]);
    expect(dates(mainnet, ["QUARKCHAIN.ENABLE_EIP155_SIGNER_TIMESTAMP", null])[0]).toBe(1625097600);
  });

  it("gives the root's staking the plain defaults, not RootConfig's own (config.py RootConfig.from_dict)", () => {
    const { posw } = parse().quarkchain.root;
    expect([posw.windowSize, posw.diffDivider]).toEqual([256, 20n]);
  });

  it("takes null for absent and ignores unknown fields", () => {
    const other = parse(
      ["GENESIS_DIR", null],
      ["P2P", null],
      ["PROMETHEUS", null],
      ["MONITORING", undefined],
      ["NEW", { A: [1] }],
      ["QUARKCHAIN.NETWORK_ID", null],
      ["QUARKCHAIN.TX_WHITELIST_SENDERS", null],
      ["QUARKCHAIN.SHARDS", null],
      ["QUARKCHAIN.LATER", 1.5],
      ["QUARKCHAIN.ROOT.COINBASE_AMOUNT", null],
    );
    expect(other).toEqual(parse());
  });

  it("makes exact fractions of rates", () => {
    const { quarkchain } = parse(["QUARKCHAIN.BLOCK_REWARD_DECAY_FACTOR", 0.88]);
    expect(quarkchain.blockRewardDecayFactor).toEqual({ numerator: 22n, denominator: 25n });
  });

  describe("legacy chain masks", () => {
    const twoChains = readFileSync(new URL("../../fixtures/goqkc-small/cluster_config.json", import.meta.url), "utf8");
    const masks = (...list: number[]) => {
      const lists = /"FULL_SHARD_ID_LIST": \[[^\]]*\]/g;
      return parseClusterConfig(twoChains.replace(lists, `"CHAIN_MASK_LIST": [${list}]`), "c.json");
    };

    // As pyquarkchain's SlaveConfig.from_dict answers for the same file.
    it.each([
      [[1], [1, 65537]],
      [[2], [1]],
      [[3], [65537]],
      [[3, 2], [1]],
      [[4], [1]],
    ])("%j name chains by their low bits, the last one alone", (list, ids) => {
      expect(masks(...list).slaves[0].fullShardIds).toEqual(ids);
    });

    it("stand for nothing beside named shards, where a chain has several, or at 0", () => {
      const change: ConfigChange[] = [
        ["SLAVE_LIST.0.CHAIN_MASK_LIST", [4]],
        ["SLAVE_LIST.0.FULL_SHARD_ID_LIST", undefined],
      ];
      expect(() => parse(...change)).toThrow(/CHAIN_MASK_LIST needs chains of one shard each/);
      expect(() => parse(["SLAVE_LIST.0.CHAIN_MASK_LIST", [4]])).toThrow(
        /^c\.json: SLAVE_LIST\[0\]\.CHAIN_MASK_LIST cannot stand beside FULL_SHARD_ID_LIST/,
      );
      expect(() => masks(0)).toThrow(/CHAIN_MASK_LIST must hold numbers above 0/);
    });
  });

  const q = "QUARKCHAIN";
  const chain = "QUARKCHAIN.CHAINS.0";
  const alloc = `${chain}.GENESIS.ALLOC`;
  const account = `${"11".repeat(20)}00000000`;
  it.each<[string, ...ConfigChange]>([
    ["QUARKCHAIN is missing", q, undefined],
    ["QUARKCHAIN must be an object, found a list", q, []],
    ["QUARKCHAIN.ROOT is missing", `${q}.ROOT`, undefined],
    ["QUARKCHAIN.ROOT.GENESIS is missing", `${q}.ROOT.GENESIS`, undefined],
    ["QUARKCHAIN.ROOT.POSW_CONFIG is missing", `${q}.ROOT.POSW_CONFIG`, null],
    ["QUARKCHAIN.CHAINS is missing", `${q}.CHAINS`, undefined],
    ["QUARKCHAIN.CHAINS[0].CONSENSUS_TYPE is missing", `${chain}.CONSENSUS_TYPE`, undefined],
    ["QUARKCHAIN.CHAINS[0].CONSENSUS_TYPE must be one of POW_ETHASH", `${chain}.CONSENSUS_TYPE`, "NONE"],
    ["QUARKCHAIN.CHAINS[0].CONSENSUS_CONFIG is missing", `${chain}.CONSENSUS_CONFIG`, undefined],
    ["QUARKCHAIN.CHAIN_SIZE must be the number of CHAINS, which is 1, found 2", `${q}.CHAIN_SIZE`, 2],
    ["QUARKCHAIN.CHAINS[0].CHAIN_ID must be below CHAIN_SIZE, which is 1, found 1", `${chain}.CHAIN_ID`, 1],
    ["QUARKCHAIN.CHAINS[0].SHARD_SIZE must be a power of two from 1 to 32768, found 3", `${chain}.SHARD_SIZE`, 3],
    ["QUARKCHAIN.CHAINS[0].SHARD_SIZE must be a power of two", `${chain}.SHARD_SIZE`, 0],
    ["QUARKCHAIN.CHAINS[0].SHARD_SIZE must be a power of two", `${chain}.SHARD_SIZE`, 65536],
    ['QUARKCHAIN.NETWORK_ID must be a whole number written in digits only, found "1"', `${q}.NETWORK_ID`, "1"],
    ["QUARKCHAIN.NETWORK_ID must be a whole number", `${q}.NETWORK_ID`, 1.5],
    ["QUARKCHAIN.ENABLE_EVM_TIMESTAMP must not be negative, found -1", `${q}.ENABLE_EVM_TIMESTAMP`, -1],
    ["QUARKCHAIN.ENABLE_EVM_TIMESTAMP must be at most 9007199254740991", `${q}.ENABLE_EVM_TIMESTAMP`, 2 ** 54],
    ["QUARKCHAIN.GUARDIAN_PUBLIC_KEY must be 64 bytes (128 hex digits), has 1", `${q}.GUARDIAN_PUBLIC_KEY`, "00"],
    ["QUARKCHAIN.GUARDIAN_PUBLIC_KEY must be pairs of hex digits", `${q}.GUARDIAN_PUBLIC_KEY`, "zz".repeat(64)],
    ["QUARKCHAIN.TX_WHITELIST_SENDERS[1] must be 20 bytes", `${q}.TX_WHITELIST_SENDERS`, ["00".repeat(20), "00"]],
    ["QUARKCHAIN.TX_WHITELIST_SENDERS[0] must be a text, found 5", `${q}.TX_WHITELIST_SENDERS`, [5]],
    ["QUARKCHAIN.TX_WHITELIST_SENDERS must be a list", `${q}.TX_WHITELIST_SENDERS`, "00"],
    ["QUARKCHAIN.REWARD_TAX_RATE must be from 0 to 1", `${q}.REWARD_TAX_RATE`, 1.5],
    ["QUARKCHAIN.REWARD_TAX_RATE must be from 0 to 1 with a denominator", `${q}.REWARD_TAX_RATE`, 0.123],
    ["QUARKCHAIN.REWARD_TAX_RATE must be a number", `${q}.REWARD_TAX_RATE`, "0.5"],
    ["QUARKCHAIN.DISABLE_POW_CHECK must be true or false", `${q}.DISABLE_POW_CHECK`, "no"],
    ["QUARKCHAIN.GENESIS_TOKEN must be 1 to 12 of 0-9 and A-Z", `${q}.GENESIS_TOKEN`, "qkc"],
    ["QUARKCHAIN.ROOT.EPOCH_INTERVAL must be greater than 0", `${q}.ROOT.EPOCH_INTERVAL`, 0],
    ["QUARKCHAIN.ROOT.GENESIS.DIFFICULTY must be greater than 0", `${q}.ROOT.GENESIS.DIFFICULTY`, 0],
    ["DIFFICULTY_ADJUSTMENT_FACTOR must be greater than 0", `${q}.ROOT.DIFFICULTY_ADJUSTMENT_FACTOR`, 0],
    ["TARGET_BLOCK_TIME must be greater than 0", `${q}.ROOT.CONSENSUS_CONFIG.TARGET_BLOCK_TIME`, -1],
    ["POSW_CONFIG.WINDOW_SIZE must be greater than 0", `${chain}.POSW_CONFIG`, { ENABLED: true, WINDOW_SIZE: 0 }],
    [
      "POSW_CONFIG.TOTAL_STAKE_PER_BLOCK must be greater than 0",
      `${chain}.POSW_CONFIG`,
      { ENABLED: true, TOTAL_STAKE_PER_BLOCK: 0 },
    ],
    [
      "POSW_CONFIG.BOOST_STEP_INTERVAL must be greater than 0",
      `${chain}.POSW_CONFIG`,
      { ENABLED: true, BOOST_TIMESTAMP: 1, BOOST_STEP_INTERVAL: 0 },
    ],
    ["QUARKCHAIN.CHAINS[0].GENESIS.HASH_MERKLE_ROOT must be 32 bytes", `${chain}.GENESIS.HASH_MERKLE_ROOT`, ""],
    ["QUARKCHAIN.CHAINS[0].GENESIS.ALLOC.00 must be 24 bytes", alloc, { "00": {} }],
    ["must be an account of chain 0, its key is of chain 1", alloc, { [`${"11".repeat(20)}00010000`]: {} }],
    [".QKC must be a whole number", alloc, { [account]: { QKC: 1.5 } }],
    [".QKC must not be negative", alloc, { [account]: { QKC: -1 } }],
    [".qkc is not a token name", alloc, { [account]: { qkc: 1 } }],
    [".code must be pairs of hex digits", alloc, { [account]: { code: "0x1" } }],
    [
      ".storage.0x01 slot and value must have at most 32 bytes",
      alloc,
      { [account]: { storage: { "0x01": `0x${"00".repeat(33)}` } } },
    ],
    ["FULL_SHARD_ID_LIST must hold hex numbers", "SLAVE_LIST.0.FULL_SHARD_ID_LIST", ["x"]],
    ["FULL_SHARD_ID_LIST must name at least one shard", "SLAVE_LIST.0.FULL_SHARD_ID_LIST", []],
    ["SLAVE_LIST[0].FULL_SHARD_ID_LIST is missing", "SLAVE_LIST.0.FULL_SHARD_ID_LIST", undefined],
    ["SLAVE_LIST[0].FULL_SHARD_ID_LIST names 1, which no chain has", "SLAVE_LIST.0.FULL_SHARD_ID_LIST", ["1"]],
    ['LOG_LEVEL must be one of debug, info, warning, error, critical, found "loud"', "LOG_LEVEL", "loud"],
    ["MONITORING is missing", "MONITORING", null],
    ["COINBASE_ADDRESS must be 24 bytes", `${chain}.COINBASE_ADDRESS`, "00".repeat(20)],
    ["SLAVE_LIST[0].WEBSOCKET_JSON_RPC_PORT must be at most 65535", "SLAVE_LIST.0.WEBSOCKET_JSON_RPC_PORT", 65536],
    ["names 2 twice", "SLAVE_LIST.1", { FULL_SHARD_ID_LIST: ["2", "0x2"] }],
  ])("refuses with: %s", (message, path, value) => {
    const read = () => parse([path, value]);
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^c\.json: /);
  });

  it("takes a shard that two slaves have: they are replicas", () => {
    const { slaves } = parse(["SLAVE_LIST.1", { FULL_SHARD_ID_LIST: ["2"] }]);
    expect(slaves.filter(({ fullShardIds }) => fullShardIds.includes(2)).length).toBe(2);
  });

  it("refuses a chain that is defined twice", () => {
    const twin = JSON.parse(changedDefaults()).QUARKCHAIN.CHAINS[0];
    expect(() => parse(["QUARKCHAIN.CHAIN_SIZE", 2], ["QUARKCHAIN.CHAINS.1", twin])).toThrow(
      "QUARKCHAIN.CHAINS[1].CHAIN_ID must differ from every other chain's: 0 is defined twice",
    );
  });
});

describe("look-ups", () => {
  const { quarkchain } = readFixtureConfig("varied.json");

  it("find shards by id and by key", () => {
    expect(shardConfigOf(quarkchain, 0x10002).chainId).toBe(1);
    expect(shardSizeOfChain(quarkchain, 1)).toBe(2);
    expect(fullShardIdOf(quarkchain, 0x0001fffd)).toBe(0x10003);
    expect(fullShardIdOf(quarkchain, 0x0000fffd)).toBe(1);
  });

  it("refuse what the configuration does not define, naming what it does", () => {
    expect(() => shardConfigOf(quarkchain, 2)).toThrow(
      new ConfigError("no shard 0x00000002 (the configuration defines 0x00000001, 0x00010002, 0x00010003)"),
    );
    expect(() => fullShardIdOf(quarkchain, 0x00020000)).toThrow("no chain 2 (the configuration defines 0 to 1)");
  });
});

describe("configHash", () => {
  const hash = (...changes: ConfigChange[]) => toHex(configHash(parse(...changes).quarkchain));

  it("does not change with spelling, defaults, ports or secrets", () => {
    expect(
      hash(
        ["P2P_PORT", 5],
        ["DB_PATH_ROOT", "/elsewhere"],
        ["QUARKCHAIN.ROOT.COINBASE_AMOUNT", null],
        ["QUARKCHAIN.ROOT_SIGNER_PRIVATE_KEY", "11".repeat(32)],
        ["QUARKCHAIN.REWARD_TAX_RATE", 0.5],
      ),
    ).toBe(hash());
  });

  it.each<[string, ...ConfigChange]>([
    ["a reward", "QUARKCHAIN.CHAINS.0.COINBASE_AMOUNT", 1],
    ["a genesis account", "QUARKCHAIN.CHAINS.0.GENESIS.ALLOC", { [`${"11".repeat(20)}00000000`]: { QKC: 1 } }],
    ["a date of 0 instead of none", "QUARKCHAIN.ENABLE_EVM_TIMESTAMP", 0],
  ])("changes with %s", (_, path, value) => {
    expect(hash([path, value])).not.toBe(hash());
  });
});

describe("readClusterConfig", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qkc-config-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("names a file that cannot be read", () => {
    const file = join(folder, "none.json");
    expect(() => readClusterConfig(file)).toThrow(`cannot read the configuration ${file}`);
  });

  it("ends at a hexadecimal text of any length", () => {
    const file = join(folder, "cluster_config.json");
    writeFileSync(file, changedDefaults(["QUARKCHAIN.CHAINS.0.GENESIS.EXTRA_DATA", "ab".repeat(3_000_000)]));
    expect(() => readClusterConfig(file)).toThrow(/EXTRA_DATA has 3000000 bytes, at most 65535 fit a header/);
  });
});
