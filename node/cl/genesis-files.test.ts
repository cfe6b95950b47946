import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readClusterConfig } from "../chain/config-file.ts";
import { rootGenesisBlock } from "../chain/genesis.ts";
import { toHex } from "../codec/bytes.ts";
import { genesisMinorHash } from "./genesis-block.ts";

const SMALL = fileURLToPath(new URL("../../fixtures/pyqkc-small/cluster_config.json", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qkc-genesis-"));
  mkdirSync(join(folder, "alloc"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Genesis blocks, by full shard id, of pyqkc-small's configuration with these files in its GENESIS_DIR. */
function genesisBlocks(files: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const path = join(folder, "cluster_config.json");
  const text = readFileSync(SMALL, "utf8");
  writeFileSync(path, text.replace('"GENESIS_DIR": null', `"GENESIS_DIR": ${JSON.stringify(folder)}`));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  const { quarkchain } = readClusterConfig(path);
  const { header } = rootGenesisBlock(quarkchain);
  return Object.fromEntries(
    [...quarkchain.shards.keys()].map((id) => [id.toString(16), toHex(genesisMinorHash(quarkchain, id, header))]),
  );
}

const ALLOC = {
  // The second one is in the configuration already, with other balances.
  "alloc/0.json": [
    { address: `${"31".repeat(20)}00000007` },
    { address: "850012ab4db11e7eb64dde9306e1b7cc1615a3b90000fd2b" },
  ],
  "alloc/1.json": [{ address: `${"32".repeat(20)}00010007` }],
  "alloc/2.json": [{ address: `${"33".repeat(20)}00020007` }],
};
const LOADTEST = { "loadtest.json": [{ address: `${"77".repeat(20)}00000000`, key: "00" }] };

/** Computed by pyquarkchain: update_genesis_alloc on the same files, then GenesisManager.create_minor_block. */
const WITH_BOTH = {
  1: "4a99471cd6f6271601bb24e0f3bb5716a207000712c339447c0ea0760bd010d8",
  10002: "294277472b1d42b8a5cc37abfdaca841877faff31855decb969014f2298036e4",
  10003: "cfe679b10ca264e30c98238e12abcfb82597378660709a604062a23864b0f585",
  20001: "a5153964e62cdc9c1d85e2a67146e52d4b1bcf30816d5ce70dd07b3cead5a441",
};
const WITH_ALLOC = {
  1: "0eb8931e48ac1e8bc2046b200a57255e62c9c9659ed64e8ff57df93fa90c0590",
  10002: "1dea48864e709f2d5c0739474b7394a0683cab7dd4b71b46ee702c74bc8eb0dd",
  10003: "7a2f059479e94caf389bda6cf2f45a8edb1fbf36030526010a191ed472edf479",
  20001: "68240fbc7212283b53c034a72937fad6412dcec86d73ab882948c2d5e77629bd",
};

describe("genesis accounts in GENESIS_DIR", () => {
  it("are pyquarkchain's: of chains in their shard, for load tests in every one", () => {
    expect(genesisBlocks({ ...ALLOC, ...LOADTEST })).toEqual(WITH_BOTH);
    expect(genesisBlocks({ "loadtest.json": [] })).toEqual(WITH_ALLOC);
  });

  it("for load tests count up to the first that is none: here an address with 0x", () => {
    const bad = { address: `0x${"78".repeat(20)}00000000` };
    expect(genesisBlocks({ ...ALLOC, "loadtest.json": [bad, ...LOADTEST["loadtest.json"]] })).toEqual(WITH_ALLOC);
    expect(genesisBlocks({ "loadtest.json": [...LOADTEST["loadtest.json"], bad] })).toEqual(WITH_BOTH);
  });

  it("of chains are dropped altogether where one file is missing or bad", () => {
    const without = genesisBlocks({});
    expect(genesisBlocks({ ...ALLOC, "alloc/1.json": { no: "list" } })).toEqual(without);
    expect(without[1]).not.toBe(WITH_ALLOC[1]);
  });
});
