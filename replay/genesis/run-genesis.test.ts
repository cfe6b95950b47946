import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runCli } from "../cli/run-cli.ts";
import { networkConfigText } from "./run-genesis.testkit.ts";
import type { GenesisAnswer } from "./run-genesis.ts";

interface Pins {
  readonly root: string;
  readonly shards: Readonly<Record<string, ShardPins>>;
}

interface ShardPins {
  readonly header: string;
  readonly meta: string;
  readonly state: string;
  readonly coinbase: Readonly<Record<string, string>>;
}

const fixture = (path: string) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const PINS: Readonly<Record<string, Pins>> = JSON.parse(readFileSync(fixture("genesis/pins.json"), "utf8"));

let folder: string;
let out: string;
let err: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qkc-genesis-"));
  out = "";
  err = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    err += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const qkc = (...args: string[]) => runCli(["genesis", ...args], () => Promise.reject(new Error("no engine is needed")));

async function answerFor(config: string): Promise<GenesisAnswer> {
  expect(await qkc("--config", config, "--json")).toBe(0);
  expect(err).toBe("");
  return JSON.parse(out);
}

/** The answer in the form of the pins. */
function pinsOf({ root, shards }: GenesisAnswer): unknown {
  const rows = shards.map(({ shard, block, meta, stateRoot, coinbase }) => [
    shard,
    { header: block, meta, state: stateRoot, coinbase },
  ]);
  return { root, shards: Object.fromEntries(rows) };
}

describe("qkc genesis", () => {
  it.each(["mainnet", "devnet"])("prints the genesis of %s that pyquarkchain computes", async (name) => {
    const config = join(folder, "config.json");
    writeFileSync(config, networkConfigText(name));
    expect(pinsOf(await answerFor(config))).toEqual(PINS[name]);
  });

  const published = process.env.QKC_NETWORK_CONFIGS ?? "";
  it.skipIf(published === "").each(["mainnet", "devnet"])(
    "does so from the published configuration of %s (QKC_NETWORK_CONFIGS)",
    async (name) => {
      expect(pinsOf(await answerFor(join(published, `${name}.json`)))).toEqual(PINS[name]);
    },
  );

  it("prints a table for people", async () => {
    const config = join(folder, "config.json");
    writeFileSync(config, networkConfigText("mainnet"));
    expect(await qkc("--config", config)).toBe(0);
    const lines = out.split("\n");
    expect(lines).toHaveLength(1 + 8 * 3 + 1);
    expect(lines[0]).toBe(`root        block  ${PINS.mainnet.root}`);
    const last = PINS.mainnet.shards["0x00070001"];
    expect(lines.slice(-4)).toEqual([
      `0x00070001  block  ${last.header}`,
      `            meta   ${last.meta}`,
      `            state  ${last.state}`,
      "",
    ]);
  });

  it("names no block of a shard that starts on a later root block than genesis", async () => {
    const { root, shards } = await answerFor(fixture("configs/varied.json"));
    expect(root).toBe(PINS.mainnet.root);
    expect(shards.map(({ shard, rootHeight, block }) => [shard, rootHeight, block === null])).toEqual([
      ["0x00000001", 0, false],
      ["0x00010002", 4, true],
      ["0x00010003", 4, true],
    ]);
    out = "";
    await qkc("--config", fixture("configs/varied.json"));
    expect(out).toContain("0x00010002  block  depends on the root block of height 4\n");
  });

  it("names what is wrong with a configuration", async () => {
    expect(await qkc("--config", join(folder, "none.json"))).toBe(1);
    expect(err).toMatch(/^error: cannot read the configuration /);
    expect(out).toBe("");
  });
});
