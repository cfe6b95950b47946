/*
 * Reproducers exported as state tests pass and fail in go-ethereum's runner as they do in ours:
 * npx vitest run --config vitest.oracle.config.ts scripts/oracle/geth/state-tests
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { UnsupportedError } from "../../../node/codec/errors.ts";
import { runFile } from "../../../replay/statetest/run-file.ts";
import { exportedStateTest } from "../../../replay/triage/reproducer/export-state-test.ts";
import { reproducerAt } from "../../../replay/triage/reproducer/reproducer.testkit.ts";
import { findGoEthereum } from "./go-ethereum.testkit.ts";

const evm = await findGoEthereum("evm");
if (evm === undefined)
  console.info("scripts/oracle/geth: skipped, set EVM_BIN to an evm or ORACLE_GO to the go command");

const RULES = ["quarkchain+2028", "quarkchain+2929", "quarkchain+2200", "quarkchain+1884", "quarkchain+berlin"];
const SHARD = 1;
const HEIGHTS = Array.from({ length: 53 }, (_, i) => i + 1);

const run = promisify(execFile);

interface Exported {
  readonly _info: { readonly results: Record<string, { readonly hash: string; readonly logs: string }> };
  readonly post: Record<string, object[]>;
}

describe.skipIf(evm === undefined)("exported state tests", () => {
  const folder = mkdtempSync(join(tmpdir(), "qkc-state-tests-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(RULES)("%s: pass as QuarkChain's, fail with what the rules come to", async (rules) => {
    let exported = 0;
    for (const height of HEIGHTS) {
      const tests = await exportOf(height, rules);
      if (tests === undefined) continue;
      exported++;
      expect(await verdicts(tests), `block ${height}`).toEqual({ theirs: true, ours: true });
      expect(await verdicts(otherwise(tests, rules)), `block ${height}`).toEqual({ theirs: false, ours: false });
    }
    expect(exported).toBeGreaterThan(0);
  });

  /** Undefined where nothing differs, or what does is none of Ethereum's. */
  async function exportOf(height: number, rules: string): Promise<Record<string, Exported> | undefined> {
    try {
      const reproducer = await reproducerAt({ fullShardId: SHARD, height, rules });
      return exportedStateTest(reproducer) as unknown as Record<string, Exported>;
    } catch (error) {
      if (error instanceof UnsupportedError || /is the same under/.test(String(error))) return undefined;
      throw error;
    }
  }

  function otherwise(tests: Record<string, Exported>, rules: string): Record<string, Exported> {
    const swapped = Object.entries(tests).map(([name, one]) => {
      const { hash, logs } = one._info.results[rules];
      const post = Object.entries(one.post).map(([fork, [result]]) => [fork, [{ ...result, hash, logs }]]);
      return [name, { ...one, post: Object.fromEntries(post) }];
    });
    return Object.fromEntries(swapped);
  }

  async function verdicts(tests: Record<string, Exported>): Promise<{ theirs: boolean; ours: boolean }> {
    const file = join(folder, "test.json");
    writeFileSync(file, JSON.stringify(tests));
    const { stdout } = await run(evm ?? "", ["statetest", file]);
    const theirs = (JSON.parse(stdout) as { pass: boolean }[]).map(({ pass }) => pass);
    const ours = runFile(folder, "test.json").map(({ status }) => status === "passed");
    expect([theirs.length, ours.length]).toEqual([1, 1]);
    return { theirs: theirs[0], ours: ours[0] };
  }
});
