import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

function statetest(...args: readonly string[]) {
  const { STATE_TESTS: _, ...env } = process.env;
  const command = ["--import", "tsx", "scripts/statetest.ts", ...args];
  return spawnSync(process.execPath, command, { cwd: PROJECT, env, encoding: "utf8" });
}

test("runs a folder in several processes, in the order of the paths", () => {
  const { status, stdout } = statetest("fixtures/statetest", "--jobs", "2", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    forks: { ConstantinopleFix: { passed: 39, failed: 0 } },
    passed: 39,
    failed: [],
    excluded: [{ id: "GeneralStateTests/accounts.json/otherFork" }, { id: "GeneralStateTests/trie.json/notATest" }],
  });
});

test("exits with 2 when a state root differs, naming the test", () => {
  const folder = mkdtempSync(join(tmpdir(), "statetest-"));
  const text = readFileSync(join(PROJECT, "fixtures/statetest/GeneralStateTests/accounts.json"), "utf8");
  writeFileSync(
    join(folder, "accounts.json"),
    text.replace(/"hash": "0x[0-9a-f]{64}"/, `"hash": "0x${"0".repeat(64)}"`),
  );
  const { status, stdout } = statetest(folder);
  rmSync(folder, { recursive: true });
  expect(status).toBe(2);
  expect(stdout).toContain("FAILED accounts.json/blankAccount/ConstantinopleFix/0: state root 1e9ff01b");
  expect(stdout).toContain("8 passed / 1 failed / 1 excluded");
});

test.each([
  ["skips without a folder", [], 3, "skipped"],
  ["refuses a folder that is not there", ["no-such-folder"], 1, "cannot be read"],
  ["refuses a folder without a test", ["docs"], 1, "no JSON file"],
  ["refuses a number of processes that is none", ["fixtures/statetest", "--jobs", "0"], 1, "--jobs 0"],
])("%s", (_, args, expected, word) => {
  const { status, stdout, stderr } = statetest(...args);
  expect(status).toBe(expected);
  expect(stdout + stderr).toContain(word);
});
