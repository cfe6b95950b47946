import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { exclusionReason } from "./exclusions.ts";
import { describeReport, makeReport } from "./report.ts";
import { type CaseOutcome, runFile } from "./run-file.ts";

const FIXTURES = fileURLToPath(new URL("../../fixtures/statetest", import.meta.url));
const ACCOUNTS = "GeneralStateTests/accounts.json";
const TOKENS = "QuarkChainStateTests/tokens.json";

const folder = mkdtempSync(join(tmpdir(), "statetest-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Outcomes of a copy of a fixture, its text changed. */
function runCopy(path: string, change: (text: string) => string): CaseOutcome[] {
  writeFileSync(join(folder, "copy.json"), change(readFileSync(join(FIXTURES, path), "utf8")));
  return runFile(folder, "copy.json");
}

function failures(outcomes: readonly CaseOutcome[]): CaseOutcome[] {
  return outcomes.filter(({ status }) => status === "failed");
}

describe("runFile", () => {
  test("passes where the state roots are pyquarkchain's", () => {
    const outcomes = [...runFile(FIXTURES, ACCOUNTS), ...runFile(FIXTURES, TOKENS)];
    expect(failures(outcomes)).toEqual([]);
    expect(outcomes.filter(({ status }) => status === "passed").map(({ id }) => id)).toEqual([
      ...[0, 1, 2, 3].map((index) => `${ACCOUNTS}/blankAccount/ConstantinopleFix/${index}`),
      ...[0, 1, 2].map((index) => `${ACCOUNTS}/creation/ConstantinopleFix/${index}`),
      `${ACCOUNTS}/selfDestruct/ConstantinopleFix/0`,
      `${ACCOUNTS}/ancestorHash/ConstantinopleFix/0`,
      ...[0, 1, 2].map((index) => `${TOKENS}/transfer/ConstantinopleFix/${index}`),
      `${TOKENS}/creation/ConstantinopleFix/0`,
      `${TOKENS}/mintTooEarly/ConstantinopleFix/0`,
      `${TOKENS}/mint/ConstantinopleFix/0`,
    ]);
  });

  test.each(["GeneralStateTests", "QuarkChainStateTests"])("counts gas above 2^52 exactly: %s", (suite) => {
    const outcomes = runFile(FIXTURES, `${suite}/muchGas.json`);
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter(({ status }) => status !== "passed")).toEqual([]);
  });

  test("leaves out what has no result for the fork, and what is no state test", () => {
    expect(runFile(FIXTURES, ACCOUNTS).at(-1)).toEqual({
      id: `${ACCOUNTS}/otherFork`,
      status: "excluded",
      detail: "no results for ConstantinopleFix",
    });
    expect(runFile(FIXTURES, "GeneralStateTests/trie.json")).toEqual([
      { id: "GeneralStateTests/trie.json/notATest", status: "excluded", detail: "no state test" },
    ]);
  });

  test.each([
    ["newer than gasPrice", (transaction: Record<string, unknown>) => delete transaction.gasPrice],
    ["without a key", (transaction: Record<string, unknown>) => delete transaction.secretKey],
  ])("asks nothing of a test %s that has no result for the fork", (_, remove) => {
    const outcomes = runCopy(ACCOUNTS, (text) => {
      const { blankAccount } = JSON.parse(text);
      remove(blankAccount.transaction);
      delete blankAccount.env.currentDifficulty;
      blankAccount.post = { Frontier: blankAccount.post.ConstantinopleFix };
      return JSON.stringify({ blankAccount });
    });
    expect(outcomes).toEqual([
      { id: "copy.json/blankAccount", status: "excluded", detail: "no results for ConstantinopleFix" },
    ]);
  });

  test("names another state root and the expected one", () => {
    const root = "36663f3db39531aa3ed517b952bd9543bb4ca6fa680ac4c6e1ff36f7d93caf92";
    const other = "11".repeat(32);
    expect(failures(runCopy(ACCOUNTS, (text) => text.replace(root, other)))).toEqual([
      {
        id: "copy.json/ancestorHash/ConstantinopleFix/0",
        fork: "ConstantinopleFix",
        status: "failed",
        detail: `state root ${root}, expected ${other}`,
      },
    ]);
  });

  test("takes leaves for Ethereum's unless the path says QuarkChainStateTests", () => {
    expect(failures(runCopy(TOKENS, (text) => text))).toHaveLength(6);
  });

  test.each([
    ["is no JSON", "{", "", "copy.json: SyntaxError"],
    [
      "does not follow the format",
      "currentCoinbase",
      "coinbase",
      "copy.json/transfer: UsageError: transfer does not follow the format",
    ],
    ["moves the time of a precompile that cannot be moved", "514b430004", "514b430001", "514b430001 cannot be"],
    ["takes an alternative that is not there", '"data": 0', '"data": 9', "transfer/ConstantinopleFix/0: RangeError"],
  ])("names the failure where a file %s", (_, from, to, message) => {
    const failed = failures(runCopy(TOKENS, (text) => text.replaceAll(from, to)));
    expect(failed.map(({ id, detail }) => `${id}: ${detail}`).join("\n")).toContain(message);
  });

  test("leaves out what pyquarkchain leaves out and cannot pass", () => {
    const [outcome] = runCopy(ACCOUNTS, (text) => text.replace("blankAccount", "failed_tx_xcf416c53"));
    expect(outcome).toMatchObject({ status: "excluded", detail: expect.stringContaining("precompile 3") });
  });

  test("and of a test those cases alone that need what pyquarkchain has not", () => {
    const id = "stRevertTest/RevertPrecompiledTouch.json/RevertPrecompiledTouch";
    const reasons = [0, 1, 2, 3].map((index) =>
      exclusionReason(`${id}/ConstantinopleFix/${index}`, "ConstantinopleFix"),
    );
    expect(reasons.map((reason) => reason?.slice(0, 25))).toEqual([
      "needs precompile 3 delete",
      undefined,
      undefined,
      "needs precompile 3 delete",
    ]);
    expect(exclusionReason(`${id}/Istanbul/0`, "Istanbul")).toBeUndefined();
    expect(exclusionReason("InitCollision.json/InitCollision/ConstantinopleFix/2", "ConstantinopleFix")).toContain(
      "7610",
    );
  });
});

test("a report counts, names every failure and counts exclusions by their reason", () => {
  const report = makeReport("/tests", [
    { id: "a/0", status: "passed" },
    { id: "a/1", status: "failed", detail: "state root 1, expected 2" },
    { id: "b", status: "excluded", detail: "no state test" },
    { id: "c", status: "excluded", detail: "no state test" },
  ]);
  expect(report).toMatchObject({ passed: 1, failed: [{ id: "a/1", reason: "state root 1, expected 2" }] });
  expect(describeReport(report).split("\n")).toEqual([
    "FAILED a/1: state root 1, expected 2",
    "excluded 2: no state test",
    "1 passed / 1 failed / 2 excluded",
  ]);
});
