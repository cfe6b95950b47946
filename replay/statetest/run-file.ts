import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual, toHex } from "../../node/codec/bytes.ts";
import { writeAccounts } from "./accounts.ts";
import { exclusionReason } from "./exclusions.ts";
import { type ExpectedResult, readTestFile, type StateTest } from "./format.ts";
import { NodeMemory } from "./node-memory.ts";
import { type Ledger, runStateTest } from "./run-test.ts";

/** The fork whose results QuarkChain's rules are held against (new_statetest_utils.py network_to_test). */
export const FORK = "ConstantinopleFix";

/** How one expected state root fared. */
export interface CaseOutcome {
  /** path/name/fork/index, the path below the folder that was asked for; without index when nothing was run. */
  readonly id: string;
  readonly status: "passed" | "failed" | "excluded";
  /** Why it failed or was excluded. */
  readonly detail?: string;
}

/**
 * Runs every test of the file at `path` below `folder`, an absolute one. A file that cannot be read as tests is a
 * failure of its own.
 */
export function runFile(folder: string, path: string): CaseOutcome[] {
  const file = join(folder, path);
  try {
    const tests = readTestFile(readFileSync(file, "utf8"));
    const ledger: Ledger = file.includes("QuarkChainStateTests") ? "quarkchain" : "ethereum";
    return [...tests].flatMap(([name, test]) => runTest(`${path}/${name}`, test, ledger));
  } catch (error) {
    return [{ id: path, status: "failed", detail: messageOf(error) }];
  }
}

function runTest(id: string, test: StateTest | undefined, ledger: Ledger): CaseOutcome[] {
  if (test === undefined) return [{ id, status: "excluded", detail: "no state test" }];
  const expected = test.post[FORK];
  if (expected === undefined) return [{ id, status: "excluded", detail: `no results for ${FORK}` }];
  const reason = exclusionReason(id);
  return expected.map((result, index) => {
    const caseId = `${id}/${FORK}/${index}`;
    if (reason !== undefined) return { id: caseId, status: "excluded", detail: reason };
    const failure = failureOf(test, result, ledger);
    return failure === undefined ? { id: caseId, status: "passed" } : { id: caseId, status: "failed", detail: failure };
  });
}

function failureOf(test: StateTest, expected: ExpectedResult, ledger: Ledger): string | undefined {
  try {
    const store = new NodeMemory();
    const preRoot = writeAccounts(store, test.pre);
    const { stateRoot: root } = runStateTest(test, expected, { store, preRoot, ledger });
    return bytesEqual(root, expected.hash) ? undefined : `state root ${toHex(root)}, expected ${toHex(expected.hash)}`;
  } catch (error) {
    return messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
