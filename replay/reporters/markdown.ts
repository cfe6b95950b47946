import { checkedText } from "../report/checked-text.ts";
import type { Divergence, Report } from "../report/schema.ts";
import { showAgain } from "../report/show-again.ts";
import { shardHex } from "../text/block-name.ts";
import { grouped } from "../text/grouped.ts";
import { escapeMarkup } from "./escape.ts";
import { fieldsPatch } from "./fields-patch.ts";
import { markdownCode, markdownText } from "./markdown-text.ts";
import { divergenceTitle, placeOf, runTitle } from "./places.ts";
import type { Reporter } from "./reporter.ts";

/** GitHub keeps 1 MiB of a step's summary and drops all of a longer one. */
const LIMIT_BYTES = 1024 * 1024;
const CUT_NOTE = "\n\n_Cut here: a job summary holds 1 MiB. The JSON report has everything._\n";
const SHOWN_FINDINGS = 50;
const VERDICT_MARKS: Readonly<Record<Report["verdict"], string>> = {
  clean: "✅",
  divergent: "❌",
  damaged: "💥",
  unsupported: "❔",
  interrupted: "⏸️",
  error: "🛑",
};

/** For a job's summary page. */
export const markdownReporter: Reporter = {
  fileName: undefined,
  render: (report) =>
    cutToLimit([head(report), counts(report), classes(report), ...divergences(report), ...others(report)]),
};

function head(report: Report): string {
  const { verdict, error, provenance, timing } = report;
  const lines = [
    `## ${VERDICT_MARKS[verdict]} ${verdict}: ${markdownText(runTitle(report))}`,
    `${markdownText(provenance.program)} ${markdownText(provenance.version)}, rules ${markdownText(provenance.ruleSet ?? "unknown")}, ` +
      `${timing.seconds.toFixed(0)} s, ${timing.blocksPerSecond.toFixed(0)} blocks/s`,
  ];
  lines.push(markdownText(checkedText(report)));
  if (error !== null) lines.push(`**${markdownText(error.code)}**: ${markdownText(error.message)}`);
  return lines.join("\n\n");
}

function counts({ shards, totals }: Report): string {
  const rows = [
    ...shards.map((shard) => [`\`${shardHex(shard.fullShardId)}\``, shard] as const),
    ["all", totals] as const,
  ].map(([name, { minorBlocks, transactions, deposits, gasUsed }]) =>
    [name, ...[minorBlocks, transactions, deposits, BigInt(gasUsed)].map(grouped)].join(" | "),
  );
  return [
    "| shard | minor blocks | transactions | deposits | gas |",
    "|---|--:|--:|--:|--:|",
    ...rows.map((row) => `| ${row} |`),
  ].join("\n");
}

function classes(report: Report): string {
  if (report.classes.length === 0) return "";
  const rows = report.classes.map(
    ({ name, count, explanation, first, allowed }) =>
      `| ${markdownCode(name)} | ${count} | ${placeOf(first)} | ${markdownText(explanation)}${allowed === null ? "" : ` (allowed: ${markdownText(allowed)})`} |`,
  );
  return ["### Why", "| class | blocks | first | explanation |", "|---|--:|---|---|", ...rows].join("\n");
}

function divergences(report: Report): string[] {
  if (report.divergences.length === 0) return [];
  const shown = report.divergences.slice(0, SHOWN_FINDINGS);
  const more = report.divergences.length - shown.length;
  return [
    `### ${report.divergences.length} diverging blocks`,
    ...shown.map((divergence) => divergenceText(report, divergence)),
    more === 0 ? "" : `… and ${more} more in the JSON report.`,
  ];
}

function divergenceText(report: Report, divergence: Divergence): string {
  const title = `${placeOf(divergence)}: ${divergenceTitle(divergence)}`;
  const rules = divergence.violations.map(
    ({ code: name, message }) => `- ${markdownCode(name)} ${markdownText(message)}`,
  );
  const attribution = divergence.triage === null ? [] : [markdownText(divergence.triage.attribution.explanation)];
  return [
    `<details><summary>${escapeMarkup(title)}</summary>`,
    ...attribution,
    rules.join("\n"),
    divergence.fields.length === 0 ? "" : fenced("diff", fieldsPatch(divergence.fields)),
    fenced("sh", showAgain(report, divergence)),
    "</details>",
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function others(report: Report): string[] {
  return [
    list(
      "Damage",
      report.damage.map((item) => `${placeOf(item)}: ${item.message}`),
    ),
    list(
      "Unsupported",
      report.unsupported.map((item) => `${placeOf(item)}: ${item.message}`),
    ),
    list("Warnings", report.warnings),
  ];
}

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const more =
    lines.length > SHOWN_FINDINGS ? [`- … and ${lines.length - SHOWN_FINDINGS} more in the JSON report`] : [];
  return [`### ${title}`, ...lines.slice(0, SHOWN_FINDINGS).map((line) => `- ${markdownText(line)}`), ...more].join(
    "\n",
  );
}

/** Whole parts as long as they fit. */
function cutToLimit(parts: readonly string[]): string {
  const room = LIMIT_BYTES - Buffer.byteLength(CUT_NOTE);
  let result = "";
  let bytes = 0;
  for (const part of parts) {
    if (part === "") continue;
    const next = `${part}\n\n`;
    bytes += Buffer.byteLength(next);
    if (bytes > room) return result + CUT_NOTE;
    result += next;
  }
  return result;
}

/** A fence longer than any within. */
function fenced(language: string, body: string): string {
  const longest = Math.max(2, ...[...body.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${body.trimEnd()}\n${fence}`;
}
