import { describe, expect, it } from "vitest";
import { hashFromHex, toHex } from "../codec/bytes.ts";
import { CONFIG_FILES, EXPECTED, readFixtureConfig } from "./expected-configs.testkit.ts";
import { minorGenesisBlock, rootGenesisBlock } from "./genesis.ts";
import { encodeMinorBlock, minorHeaderHash } from "./minor-block.ts";
import { encodeRootBlock, rootHeaderHash } from "./root-block.ts";

/** Published hash of mainnet's block 0; the varied configuration has its root genesis. */
const MAINNET_ROOT_GENESIS = "4036783e441eb5057bf2be96bf1fd4585ac49824de15c0d92a4c14a97886ca51";

describe("rootGenesisBlock", () => {
  it.each(CONFIG_FILES)("of %s is pyquarkchain's, byte for byte", (name) => {
    const block = rootGenesisBlock(readFixtureConfig(name).quarkchain);
    expect(toHex(encodeRootBlock(block))).toBe(EXPECTED.configs[name].rootGenesis.encoded);
    expect(toHex(rootHeaderHash(block.header))).toBe(EXPECTED.configs[name].rootGenesis.hash);
  });

  it("is mainnet's for mainnet's parameters", () => {
    const { header } = rootGenesisBlock(readFixtureConfig("varied.json").quarkchain);
    expect(toHex(rootHeaderHash(header))).toBe(MAINNET_ROOT_GENESIS);
  });
});

describe("minorGenesisBlock", () => {
  const cases = CONFIG_FILES.flatMap((name) =>
    EXPECTED.configs[name].shards.map((shard) => ({ name, id: shard.fullShardId, expected: shard.genesis })),
  );

  it.each(cases)("of shard $id of $name is pyquarkchain's, byte for byte", ({ name, id, expected }) => {
    const config = readFixtureConfig(name).quarkchain;
    const root = { ...rootGenesisBlock(config).header, height: expected.rootHeight };
    const block = minorGenesisBlock(config, id, root, hashFromHex(expected.stateRoot));
    expect(toHex(encodeMinorBlock(block))).toBe(expected.encoded);
    expect(toHex(block.header.metaHash)).toBe(expected.metaHash);
    expect(toHex(minorHeaderHash(block.header))).toBe(expected.hash);
  });

  it("refuses a shard that is not configured", () => {
    const config = readFixtureConfig("defaults.json").quarkchain;
    const { header } = rootGenesisBlock(config);
    expect(() => minorGenesisBlock(config, 1, header, header.stateRoot)).toThrow("no shard 0x00000001");
  });
});
