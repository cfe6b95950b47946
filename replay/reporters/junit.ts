import type { Report } from "../report/schema.ts";
import { showAgain } from "../report/show-again.ts";
import { escapeMarkup } from "./escape.ts";
import { divergenceTitle, placeOf, type RootSpan, rootSpans, runTitle, shardHex } from "./places.ts";
import type { Reporter } from "./reporter.ts";

const CASES_PER_SHARD = 100;

/** For test dashboards: a suite for each shard and one for the root chain, a case for each span of root blocks. */
export const junitReporter: Reporter = {
  fileName: "junit.xml",
  render: (report) => {
    const suites = suitesOf(report);
    const sum = (outcome: Outcome) => suites.reduce((count, suite) => count + counted(suite, outcome), 0);
    const tests = suites.reduce((count, suite) => count + suite.cases.length, 0);
    const attributes = xmlAttributes({
      name: runTitle(report),
      tests,
      failures: sum("failure"),
      errors: sum("error"),
      skipped: sum("skipped"),
      time: report.timing.seconds,
    });
    return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes}>\n${suites.map(suiteText).join("")}</testsuites>\n`;
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
  const spans = rootSpans(range, CASES_PER_SHARD);
  const hasRoots = report.totals.rootBlocks > 0 || report.divergences.some(({ fullShardId }) => fullShardId === null);
  const chains: (number | null)[] = hasRoots ? [null, ...range.shards] : [...range.shards];
  const hasUnconfirmed = report.provenance.flags.unconfirmed || report.replay?.withForks === true;
  return [
    ...run,
    ...chains.map((chain) => ({
      name: chain === null ? "root chain" : `shard ${shardHex(chain)}`,
      cases: [
        ...spans.map((span) => spanCase(report, chain, span)),
        ...(hasUnconfirmed && chain !== null ? [spanCase(report, chain, undefined)] : []),
      ],
    })),
    ...elsewhere(report),
  ];
}

function caseOf(outcome: Outcome, name: string, message: string): TestCase {
  return { name, outcome, message, body: message };
}

/** The blocks of one chain that the root blocks of a span confirm; without a span those that none does yet. */
function spanCase(report: Report, chain: number | null, span: RootSpan | undefined): TestCase {
  const name = span === undefined ? "unconfirmed" : `root blocks ${span.from}..${span.to}`;
  const isHere = ({ fullShardId, rootHeight }: { fullShardId: number | null; rootHeight: number | null }) => {
    if (fullShardId !== chain) return false;
    if (span === undefined || rootHeight === null) return span === undefined && rootHeight === null;
    return rootHeight >= span.from && rootHeight <= span.to;
  };
  const divergences = report.divergences.filter((item) => item.allowed === null && isHere(item));
  const damage = report.damage.filter(isHere);
  const unsupported = report.unsupported.filter(isHere);
  const lines = [
    ...divergences.map((item) => `${placeOf(item)}: ${divergenceTitle(item)}\n  ${showAgain(report, item)}`),
    ...damage.map((item) => `${placeOf(item)}: damaged: ${item.message}`),
    ...unsupported.map((item) => `${placeOf(item)}: unsupported: ${item.message}`),
  ];
  const outcome = outcomeOf(report, span, divergences.length, damage.length, unsupported.length);
  const skipped = "the run ended before these root blocks";
  return { name, outcome, message: lines[0]?.split("\n")[0] ?? skipped, body: lines.join("\n") };
}

function outcomeOf(
  report: Report,
  span: RootSpan | undefined,
  divergences: number,
  damage: number,
  unsupported: number,
): Outcome {
  if (divergences > 0) return "failure";
  if (damage > 0) return "error";
  if (unsupported > 0) return "skipped";
  const isComplete = report.error === null && report.verdict !== "interrupted" && elsewhere(report).length === 0;
  const reached = report.stopped?.rootHeight ?? (isComplete ? Number.POSITIVE_INFINITY : -1);
  return (span?.to ?? report.range?.rootTo ?? 0) <= reached ? "passed" : "skipped";
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

function suiteText(suite: Suite): string {
  const attributes = xmlAttributes({
    name: suite.name,
    tests: suite.cases.length,
    failures: counted(suite, "failure"),
    errors: counted(suite, "error"),
    skipped: counted(suite, "skipped"),
  });
  return `  <testsuite${attributes}>\n${suite.cases.map((test) => caseText(suite.name, test)).join("")}  </testsuite>\n`;
}

function caseText(suite: string, { name, outcome, message, body }: TestCase): string {
  const open = `    <testcase${xmlAttributes({ classname: suite, name })}`;
  if (outcome === "passed") return `${open}/>\n`;
  return `${open}><${outcome}${xmlAttributes({ message })}>${xmlText(body)}</${outcome}></testcase>\n`;
}

function xmlAttributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlText(`${value}`).replaceAll("\n", "&#10;")}"`)
    .join("");
}

function xmlText(raw: string): string {
  return escapeMarkup(raw.replaceAll(NOT_IN_XML, "\uFFFD"));
}

/** Characters that XML 1.0 has no way to write. */
const NOT_IN_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
