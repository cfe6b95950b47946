import { checkedText } from "../report/checked-text.ts";
import type { Report } from "../report/schema.ts";
import { showAgain } from "../report/show-again.ts";
import { shardHex } from "../text/block-name.ts";
import { divergenceTitle, placeOf, runTitle } from "./places.ts";
import type { Reporter } from "./reporter.ts";
import { xmlAttributes, xmlText } from "./xml.ts";

/**
 * For test dashboards: a suite for each shard and one for the root chain. Names of suites and cases stay the same from
 * one run to the next, whatever range it checks; what that is, properties tell.
 */
export const junitReporter: Reporter = {
  fileName: "junit.xml",
  render: (report) => {
    const suites = suitesOf(report);
    const sum = (outcome: Outcome) => suites.reduce((count, suite) => count + counted(suite, outcome), 0);
    const tests = suites.reduce((count, suite) => count + suite.cases.length, 0);
    const attributes = xmlAttributes({
      name: `qkc ${report.command}`,
      tests,
      failures: sum("failure"),
      errors: sum("error"),
      skipped: sum("skipped"),
      time: report.timing.seconds,
    });
    const texts = suites.map((suite) => suiteText(suite, report)).join("");
    return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes}>\n${texts}</testsuites>\n`;
  },
};

type Outcome = "passed" | "failure" | "error" | "skipped";

interface TestCase {
  readonly name: string;
  readonly outcome: Outcome;
  /** First line and the rest. */
  readonly message: string;
  readonly body: string;
}

interface Suite {
  readonly name: string;
  readonly cases: readonly TestCase[];
}

function suitesOf(report: Report): Suite[] {
  const { range, error } = report;
  const run: Suite[] = error === null ? [] : [{ name: "run", cases: [caseOf("error", error.code, error.message)] }];
  if (range === null) return [...run, ...elsewhere(report)];
  const hasRoots = report.totals.rootBlocks > 0 || report.divergences.some(({ fullShardId }) => fullShardId === null);
  const chains: (number | null)[] = hasRoots ? [null, ...range.shards] : [...range.shards];
  return [...run, ...chains.map((chain) => suiteOf(report, chain)), ...elsewhere(report)];
}

function suiteOf(report: Report, chain: number | null): Suite {
  const isHere = ({ fullShardId, height }: { fullShardId: number | null; height: number | null }) =>
    fullShardId === chain && height !== null;
  const divergences = report.divergences.filter((item) => item.allowed === null && isHere(item));
  const found = (outcome: Outcome, name: string, lines: readonly string[]): TestCase => {
    if (lines.length > 0) return { name, outcome, message: lines[0].split("\n")[0], body: lines.join("\n") };
    const skipped = "the run ended before its last root block";
    return { name, outcome: isWhole(report) ? "passed" : "skipped", message: skipped, body: skipped };
  };
  return {
    name: chain === null ? "root chain" : `shard ${shardHex(chain)}`,
    cases: [
      found(
        "failure",
        "blocks are as declared",
        divergences.map((item) => `${placeOf(item)}: ${divergenceTitle(item)}\n  ${showAgain(report, item)}`),
      ),
      found(
        "error",
        "rows are whole",
        report.damage.filter(isHere).map((item) => `${placeOf(item)}: damaged: ${item.message}`),
      ),
      found(
        "skipped",
        "everything is understood",
        report.unsupported.filter(isHere).map((item) => `${placeOf(item)}: unsupported: ${item.message}`),
      ),
    ],
  };
}

/** What was not reached has not passed. */
function isWhole(report: Report): boolean {
  const { error, verdict, stopped } = report;
  return error === null && verdict !== "interrupted" && stopped === null && elsewhere(report).length === 0;
}

function caseOf(outcome: Outcome, name: string, message: string): TestCase {
  return { name, outcome, message, body: message };
}

/** Findings that belong to no block: they have ended the run. */
function elsewhere({ damage, unsupported }: Report): Suite[] {
  const isNowhere = ({ height }: { height: number | null }) => height === null;
  const cases = [
    ...damage.filter(isNowhere).map((item) => caseOf("error", placeOf(item), item.message)),
    ...unsupported.filter(isNowhere).map((item) => caseOf("skipped", placeOf(item), item.message)),
  ];
  return cases.length === 0 ? [] : [{ name: "database", cases }];
}

function counted({ cases }: Suite, wanted: Outcome): number {
  return cases.filter(({ outcome }) => outcome === wanted).length;
}

function suiteText(suite: Suite, report: Report): string {
  const attributes = xmlAttributes({
    name: suite.name,
    tests: suite.cases.length,
    failures: counted(suite, "failure"),
    errors: counted(suite, "error"),
    skipped: counted(suite, "skipped"),
  });
  const cases = suite.cases.map((test) => caseText(suite.name, test)).join("");
  return `  <testsuite${attributes}>\n${propertiesText(report)}${cases}  </testsuite>\n`;
}

function propertiesText(report: Report): string {
  const values = { run: runTitle(report), checked: checkedText(report), version: report.provenance.version };
  const lines = Object.entries(values).map(([name, value]) => `      <property${xmlAttributes({ name, value })}/>\n`);
  return `    <properties>\n${lines.join("")}    </properties>\n`;
}

function caseText(suite: string, { name, outcome, message, body }: TestCase): string {
  const open = `    <testcase${xmlAttributes({ classname: suite, name })}`;
  if (outcome === "passed") return `${open}/>\n`;
  return `${open}><${outcome}${xmlAttributes({ message })}>${xmlText(body)}</${outcome}></testcase>\n`;
}
