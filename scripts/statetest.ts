/*
 * Ethereum's GeneralStateTests, and QuarkChainStateTests in their format, from a folder such as pyquarkchain's fixtures/.
 * Exit codes: 0 every test passed, 2 some failed, 3 skipped for want of tests, 1 anything else.
 */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../node/codec/errors.ts";
import { forkNames, QUARKCHAIN_FORK } from "../replay/statetest/forks.ts";
import { describeReport, makeReport } from "../replay/statetest/report.ts";
import { runFolder } from "../replay/statetest/run-folder.ts";

const USAGE =
  "usage: npm run statetest -- DIR [--fork NAME,…|all] [--jobs N] [--json]     (DIR may come from STATE_TESTS)";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      fork: { type: "string", default: QUARKCHAIN_FORK.name },
      jobs: { type: "string", default: String(availableParallelism()) },
      json: { type: "boolean" },
    },
  });
  if (positionals.length > 1) throw new UsageError(`one folder was expected, got ${positionals.join(" ")}`);
  const folder = positionals[0] ?? process.env.STATE_TESTS;
  if (folder === undefined) {
    console.info("statetest: skipped. Name the folder that holds GeneralStateTests, or set STATE_TESTS to it.");
    return 3;
  }
  const outcomes = await runFolder(resolve(folder), threadCount(values.jobs), forkNames(values.fork));
  const report = makeReport(resolve(folder), outcomes);
  if (report.passed + report.failed.length === 0) throw new UsageError(`no test below ${report.folder} could be run`);
  console.info(values.json ? JSON.stringify(report, null, 2) : describeReport(report));
  return report.failed.length === 0 ? 0 : 2;
}

function threadCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new UsageError(`--jobs ${text} is not a number of threads`);
  return count;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exitCode = 1;
}
