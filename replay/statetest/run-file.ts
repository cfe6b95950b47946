import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual, toHex } from "../../node/codec/bytes.ts";
import { MemoryNodes } from "../../node/el/store/memory-nodes.ts";
import { writeAccounts } from "./accounts.ts";
import { exclusionReason } from "./exclusions.ts";
import { forkOf, QUARKCHAIN_FORK, type TestFork } from "./forks.ts";
import { type ExpectedResult, readTestFile, type StateTest, type UnreadTest } from "./format.ts";
import { type Ledger, runStateTest } from "./run-test.ts";

/** How one expected state root fared. */
export interface CaseOutcome {
  /** path/name/fork/index, the path below the folder that was asked for; without index when nothing was run. */
  readonly id: string;
  /** As the tests call it; undefined when nothing was run. */
  readonly fork?: string;
  readonly status: "passed" | "failed" | "excluded";
  /** Why it failed or was excluded. */
  readonly detail?: string;
}

/**
 * Runs every test of the file at `path` below `folder`, an absolute one, that has results for one of `forks`. A file that
 * cannot be read as tests is a failure of its own.
 */
export function runFile(
  folder: string,
  path: string,
  forks: readonly string[] = [QUARKCHAIN_FORK.name],
): CaseOutcome[] {
  const file = join(folder, path);
  try {
    const tests = readTestFile(readFileSync(file, "utf8"));
    const ledger: Ledger = file.includes("QuarkChainStateTests") ? "quarkchain" : "ethereum";
    return [...tests].flatMap(([name, test]) => runTest(`${path}/${name}`, test, ledger, forks));
  } catch (error) {
    return [{ id: path, status: "failed", detail: messageOf(error) }];
  }
}

function runTest(id: string, unread: UnreadTest, ledger: Ledger, forks: readonly string[]): CaseOutcome[] {
  const available = unread.forks;
  if (available === undefined) return [{ id, status: "excluded", detail: "no state test" }];
  const wanted = forks.filter((fork) => available.includes(fork));
  if (wanted.length === 0) return [{ id, status: "excluded", detail: `no results for ${forks.join(", ")}` }];
  try {
    const test = unread.read();
    return wanted.flatMap((fork) => runFork(`${id}/${fork}`, test, ledger, fork));
  } catch (error) {
    return [{ id, status: "failed", detail: messageOf(error) }];
  }
}

function runFork(id: string, test: StateTest, ledger: Ledger, name: string): CaseOutcome[] {
  const fork = forkOf(name);
  if (fork === undefined) return [{ id, status: "excluded", detail: `no rules stand for ${name}` }];
  return test.post[name].map((result, index) => {
    const of = { id: `${id}/${index}`, fork: name };
    const reason = exclusionReason(of.id, name);
    if (reason !== undefined) return { ...of, status: "excluded", detail: reason };
    const failure = failureOf(test, result, ledger, fork);
    return failure === undefined ? { ...of, status: "passed" } : { ...of, status: "failed", detail: failure };
  });
}

function failureOf(
  test: StateTest,
  expected: ExpectedResult,
  ledger: Ledger,
  { rules, forms }: TestFork,
): string | undefined {
  try {
    const store = new MemoryNodes();
    const preRoot = writeAccounts(store, test.pre);
    const { stateRoot: root } = runStateTest(test, expected, { store, preRoot, ledger, rules, forms });
    return bytesEqual(root, expected.hash) ? undefined : `state root ${toHex(root)}, expected ${toHex(expected.hash)}`;
  } catch (error) {
    return messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
