import { diffWordsWithSpace } from "diff";
import type { Colors } from "./colors.ts";
import type { Damage, Divergence, Report, Totals, Unsupported } from "./schema.ts";

/** How many findings of a kind are shown; the report has them all. */
const SHOWN = 3;

export interface SummaryOptions {
  readonly colors: Colors;
  /** Where the report was written; undefined where none was. */
  readonly reportPath: string | undefined;
  /** The command that takes the user further, if there is one. */
  readonly next: string | undefined;
}

const LIMIT_NAMES = { "max-divergences": "divergence", "too-many-findings": "finding" } as const;

/** A run in a screenful for people: verdict first, then counts, then the first findings, then what to do. */
export function summarize(report: Report, { colors, reportPath, next }: SummaryOptions): string {
  const sections = [
    verdictLine(report, colors),
    countsTable(report),
    section("divergences", report.divergences, (divergence) => divergenceText(divergence, colors)),
    section("damage", report.damage, (damage) => `${place(damage)}: ${damage.message}`),
    section("unsupported", report.unsupported, (unsupported) => `${place(unsupported)}: ${unsupported.message}`),
    section("warnings", report.warnings, (warning) => warning),
    [reportPath === undefined ? "" : `report: ${reportPath}`, next === undefined ? "" : `next:   ${next}`]
      .filter((line) => line !== "")
      .join("\n"),
  ];
  return `${sections.filter((text) => text !== "").join("\n\n")}\n`;
}

/** The verdict and what it rests on, in one line. */
export function verdictLine(report: Report, colors: Colors): string {
  const paint =
    report.verdict === "clean" ? colors.green : report.verdict === "interrupted" ? colors.yellow : colors.red;
  return `${paint(colors.bold(report.verdict))}: ${verdictReason(report)}`;
}

function verdictReason(report: Report): string {
  const { totals, range, error, stopped } = report;
  if (error !== null) return error.message;
  const where = range === null ? "" : ` of root blocks ${range.rootFrom}..${stopped?.rootHeight ?? range.rootTo}`;
  const checked = `${counted(totals.minorBlocks, "minor block")} and ${counted(totals.rootBlocks, "root block")}${where} checked`;
  const findings = [
    [report.divergences.length, "divergence"],
    [report.damage.length, "damaged place"],
    [report.unsupported.length, "unsupported thing"],
  ] as const;
  const found = findings.filter(([count]) => count > 0).map(([count, name]) => counted(count, name));
  const cut =
    stopped === null ? [] : [`stopped at the limit of ${counted(stopped.limit, LIMIT_NAMES[stopped.reason])}`];
  return [checked, found.length === 0 ? "nothing differs" : found.join(", "), ...cut].join("; ");
}

function countsTable({ totals, shards }: Report): string {
  if (shards.length === 0) return "";
  const head = ["shard", "minor blocks", "transactions", "deposits", "gas used", "xshard gas used"];
  const rows = [...shards.map((shard) => [shardName(shard.fullShardId), ...cells(shard)]), ["all", ...cells(totals)]];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  return [head, ...rows]
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "))
    .join("\n");
}

function cells(totals: Omit<Totals, "rootBlocks">): string[] {
  const { minorBlocks, transactions, deposits, gasUsed, xshardGasUsed } = totals;
  return [minorBlocks, transactions, deposits, BigInt(gasUsed), BigInt(xshardGasUsed)].map((value) =>
    value.toLocaleString("en-US"),
  );
}

function section<T>(title: string, items: readonly T[], show: (item: T) => string): string {
  if (items.length === 0) return "";
  const more = items.length > SHOWN ? [`  … and ${items.length - SHOWN} more in the report`] : [];
  const lines = items.slice(0, SHOWN).map((item) => `  ${show(item)}`);
  return [`${title} (${items.length}):`, ...lines, ...more].join("\n");
}

function divergenceText(divergence: Divergence, colors: Colors): string {
  const lines = [
    `${place(divergence)}, hash ${divergence.hash}`,
    ...divergence.fields.flatMap(({ field, declared, computed }) => {
      const [before, after] = diffLines(declared, computed, colors);
      return [`  ${field}`, `    ${colors.red("- declared")} ${before}`, `    ${colors.green("+ computed")} ${after}`];
    }),
    ...divergence.violations.map(({ code, message }) => `  ${code}: ${message}`),
  ];
  return lines.join("\n  ");
}

/** Both values with the words that differ in colour. */
function diffLines(declared: string, computed: string, colors: Colors): [string, string] {
  let before = "";
  let after = "";
  for (const { value, added, removed } of diffWordsWithSpace(declared, computed)) {
    if (!added) before += removed ? colors.red(value) : value;
    if (!removed) after += added ? colors.green(value) : value;
  }
  return [before, after];
}

function place(item: Divergence | Damage | Unsupported): string {
  const { fullShardId, height, rootHeight } = item;
  if (fullShardId === null) return height === null ? "database" : `root block ${height}`;
  const shard = `shard ${shardName(fullShardId)}`;
  if (height === null) return shard;
  return `${shard} block ${height} (${rootHeight === null ? "unconfirmed" : `root block ${rootHeight}`})`;
}

/** Both spellings that users meet: configs have hex, logs decimal. */
export function shardName(fullShardId: number): string {
  return `${fullShardId} (0x${fullShardId.toString(16)})`;
}

function counted(count: number, name: string): string {
  return `${count.toLocaleString("en-US")} ${name}${count === 1 ? "" : "s"}`;
}
