import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runCli } from "../cli/run-cli.ts";
import { runFile } from "../statetest/run-file.ts";
import { reproducerAt, smallReproducer } from "../triage/reproducer/reproducer.testkit.ts";
import { reproducerText } from "../triage/reproducer/reproducer-file.ts";

const folder = mkdtempSync(join(tmpdir(), "reproduce-"));
afterAll(() => rmSync(folder, { recursive: true }));

const failing = join(folder, "failing.json");
const deposit = join(folder, "deposit.json");
writeFileSync(failing, reproducerText(await smallReproducer()));
writeFileSync(deposit, reproducerText(await reproducerAt({ fullShardId: 1, height: 40, rules: "quarkchain+2929" })));

let stdout = "";
let stderr = "";
beforeEach(() => {
  [stdout, stderr] = ["", ""];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

function reproduce(...args: string[]): Promise<number> {
  return runCli(["reproduce", ...args], () => Promise.reject(new Error("no engine is needed")));
}

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("qkc reproduce", () => {
  test("2 and what differs while a case fails", async () => {
    expect(await reproduce(failing)).toBe(2);
    expect(stdout).toMatch(/^FAILS {2}.*failing\.json\n {2}shard 1 block 17, expected by the rules of quarkchain/);
    expect(stdout).toMatch(/transaction 0 cumulativeGasUsed: expected \d+, got \d+/);
  });

  test("0 under rules by which every case passes", async () => {
    expect(await reproduce(failing, deposit, "--rules", "quarkchain")).toBe(0);
    expect(stdout.match(/^passes/gm)).toHaveLength(2);
  });

  test("JSON for scripts", async () => {
    expect(await reproduce(failing, deposit, "--json")).toBe(2);
    const { reproducers } = JSON.parse(stdout);
    expect(reproducers).toMatchObject([
      { file: failing, id: "1-17", rules: "quarkchain+berlin", fails: true },
      { file: deposit, id: "1-40", rules: "quarkchain+2929", fails: true },
    ]);
  });

  test("1 for what is no reproducer, a file that is not there and rules that do not exist", async () => {
    expect(await reproduce(written("bad.json", "{}"))).toBe(1);
    expect(await reproduce(join(folder, "missing.json"))).toBe(1);
    expect(await reproduce("/dev/zero")).toBe(1);
    expect(await reproduce(failing, "--rules", "frontier")).toBe(1);
    expect(await reproduce()).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/bad\.json is no reproducer/);
    expect(stderr).toMatch(/there is no file .*missing\.json/);
    expect(stderr).toMatch(/\/dev\/zero is a pipe or a device, not a file/);
  });

  test("3 for a later version", async () => {
    expect(await reproduce(written("later.json", '{"format":"qkc-reproducer/7"}'))).toBe(3);
  });

  test("3 for a loop that has gas for years", async () => {
    const endless = JSON.parse(readFileSync(deposit, "utf8"));
    const to = endless.deposits[0].deposit.to.recipient;
    endless.deposits[0].deposit.gasRemained = `${2 ** 40}`;
    endless.deposits[0].deposit.createContract = false;
    endless.pre[to] = { nonce: "1", balances: {}, code: "0x5b600056", storage: {}, fullShardKey: 0 };
    expect(await reproduce(written("endless.json", JSON.stringify(endless)))).toBe(3);
    expect(stderr).toMatch(/more than \d+ steps/);
  });
});

describe("qkc reproduce --export-state-test", () => {
  test("writes a test that the state test runner passes", async () => {
    const out = join(folder, "state-test.json");
    expect(await reproduce(failing, "--export-state-test", out)).toBe(2);
    expect(runFile(folder, "state-test.json")).toMatchObject([{ status: "passed" }]);
  });

  test("3 and the reason where a case cannot be expressed", async () => {
    expect(await reproduce(deposit, "--export-state-test", join(folder, "none.json"))).toBe(3);
    expect(stderr).toMatch(/cannot be expressed as an Ethereum state test: it has deposits/);
  });

  test("1 for several cases", async () => {
    expect(await reproduce(failing, deposit, "--export-state-test", join(folder, "none.json"))).toBe(1);
  });
});
