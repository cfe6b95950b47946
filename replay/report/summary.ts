import { diffWordsWithSpace } from "diff";
import { blockName, shardName } from "../text/block-name.ts";
import type { Colors } from "../text/colors.ts";
import { counted, grouped } from "../text/grouped.ts";
import { shownWithin } from "../text/printable.ts";
import { checkedText } from "./checked-text.ts";
import { isUnexplained } from "./classes/class-name.ts";
import { coinbaseLines } from "./coinbase-text.ts";
import { cursorLines, stakingLines } from "./consensus-text.ts";
import { entryName, unitText } from "./locality-text.ts";
import type { AllowlistResult, Damage, Divergence, Report, Totals, Unsupported } from "./schema.ts";
import { commandAgain } from "./show-again.ts";
import type { DepositDifference, DivergenceClass, Triage } from "./triage-schema.ts";

/** How many findings of a kind are shown; the report has them all. */
const SHOWN = 3;
/** Of a cursor's walk: its ends, and the deposits around them. */
const SHOWN_STEPS = 12;

export interface SummaryOptions {
  readonly colors: Colors;
  /** Where the report was written; undefined where none was. */
  readonly reportPath: string | undefined;
  /** Where the page was written; undefined where none was. */
  readonly page?: string;
  /** The command that takes the user further, if there is one. */
  readonly next: string | undefined;
  /** All findings, where no report has them; default: the first of each kind. */
  readonly isWhole?: boolean;
}

const LIMIT_NAMES = { "max-divergences": "divergence", "too-many-findings": "finding" } as const;

/** A run in a screenful for people: verdict first, then counts, then the first findings, then what to do. */
export function summarize(written: Report, { colors, reportPath, page, next, isWhole }: SummaryOptions): string {
  const report = shownWithin(written);
  const section = sectionsOf(isWhole === true ? Number.POSITIVE_INFINITY : SHOWN);
  const sections = [
    `${verdictLine(report, colors)}\n${checkedText(report)}`,
    countsTable(report),
    section("classes", loudestFirst(report.classes), (one) => classText(one, colors)),
    section("divergences", notAllowedFirst(report.divergences), (divergence) =>
      divergenceText(divergence, (command) => commandAgain(report, command), colors),
    ),
    section("allowlist", outdatedFirst(report.allowlist), (entry) => allowlistText(entry, colors)),
    section("damage", report.damage, (damage) => `${place(damage)}: ${damage.message}`),
    section("unsupported", report.unsupported, (unsupported) => `${place(unsupported)}: ${unsupported.message}`),
    section("warnings", report.warnings, (warning) => warning),
    [
      reportPath === undefined ? "" : `report: ${reportPath}`,
      page === undefined ? "" : `page:   ${page}`,
      next === undefined ? "" : `next:   ${next}`,
    ]
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
  const allowed = report.divergences.filter((divergence) => divergence.allowed !== null).length;
  const outdated = report.allowlist.filter(isOutdated).length;
  const findings = [
    [report.divergences.length - allowed, "divergence"],
    [allowed, "allowed divergence"],
    [outdated, "outdated allowlist line"],
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
  const widths = head.map((title, i) => rows.reduce((width, row) => Math.max(width, row[i].length), title.length));
  return [head, ...rows]
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "))
    .join("\n");
}

function cells(totals: Omit<Totals, "rootBlocks">): string[] {
  const { minorBlocks, transactions, deposits, gasUsed, xshardGasUsed } = totals;
  return [minorBlocks, transactions, deposits, BigInt(gasUsed), BigInt(xshardGasUsed)].map(grouped);
}

/** @param shown how many findings of a kind there is room for */
function sectionsOf(shown: number) {
  return <T>(title: string, items: readonly T[], show: (item: T) => string): string => {
    if (items.length === 0) return "";
    const more = items.length > shown ? [`  … and ${items.length - shown} more in the report`] : [];
    const lines = items.slice(0, shown).map((item) => `  ${show(item)}`);
    return [`${title} (${items.length}):`, ...lines, ...more].join("\n");
  };
}

/** One divergence, its closer look included; `typed` makes of a report's command one to type. */
export function divergenceText(divergence: Divergence, typed: (command: string) => string, colors: Colors): string {
  const lines = [
    `${place(divergence)}, hash ${divergence.hash}`,
    ...divergence.fields.flatMap(({ field, declared, computed }) => {
      const [before, after] = diffLines(declared, computed, colors);
      return [`  ${field}`, `    ${colors.red("- declared")} ${before}`, `    ${colors.green("+ computed")} ${after}`];
    }),
    ...divergence.violations.map(({ code, message }) => `  ${code}: ${message}`),
    ...(divergence.class === null ? [] : [`  class ${divergence.class}`]),
    ...(divergence.allowed === null ? [] : [`  allowed: ${divergence.allowed}`]),
    ...(divergence.triage === null ? [] : triageLines(divergence.triage, typed)),
  ];
  return lines.join("\n  ");
}

/** Where it differs, and the command that shows it whole. */
function triageLines(
  { unit, step, state, deposits = [], coinbase = [], cursor, staking, reproducer, command }: Triage,
  typed: (command: string) => string,
): string[] {
  const code = step?.testedStep ?? step?.referenceStep ?? undefined;
  return [
    unit === null ? "" : `  first in ${unitText(unit)}`,
    code === undefined ? "" : `  first at ${code.opcode}, pc 0x${code.pc.toString(16)}`,
    ...state.differences.slice(0, SHOWN).map((entry) => {
      const [declared, computed] = [entry.declared ?? "none", entry.computed ?? "none"];
      return `  ${entryName(entry)}: ${declared} declared, ${computed} computed`;
    }),
    ...deposits.slice(0, SHOWN).flatMap(depositLines),
    ...coinbase
      .slice(0, SHOWN)
      .flatMap((difference) => coinbaseLines(difference).slice(0, SHOWN + 1))
      .map((line) => `  ${line}`),
    ...(cursor === undefined ? [] : cursorLines(cursor).slice(0, SHOWN_STEPS)).map((line) => `  ${line}`),
    ...(staking === undefined ? [] : stakingLines(staking).slice(0, SHOWN + 1)).map((line) => `  ${line}`),
    reproducer === null ? "" : `  reproducer: ${reproducer}`,
    `  ${typed(command)}`,
  ].filter((line) => line !== "");
}

function depositLines({ fullShardId, index, txHash, fields }: DepositDifference): string[] {
  const name = `deposit ${index} to shard ${shardName(fullShardId)} of transaction ${txHash}`;
  return fields.map(({ field, declared, computed }) => {
    const [theirs, ours] = around(declared, computed);
    return `  ${name}: ${field} ${theirs} declared, ${ours} computed`;
  });
}

/** What nothing explains comes first: it may be anything. */
function loudestFirst(classes: readonly DivergenceClass[]): DivergenceClass[] {
  const rank = ({ name, allowed }: DivergenceClass) => (allowed !== null ? 2 : isUnexplained(name) ? 0 : 1);
  return classes.toSorted((a, b) => rank(a) - rank(b));
}

function notAllowedFirst(divergences: readonly Divergence[]): Divergence[] {
  return divergences.toSorted((a, b) => Number(a.allowed !== null) - Number(b.allowed !== null));
}

function isOutdated({ status }: AllowlistResult): boolean {
  return status === "expired" || status === "unmatched";
}

function outdatedFirst(allowlist: readonly AllowlistResult[]): AllowlistResult[] {
  return allowlist.toSorted((a, b) => Number(isOutdated(b)) - Number(isOutdated(a)));
}

function classText({ name, count, explanation, allowed }: DivergenceClass, colors: Colors): string {
  const title = isUnexplained(name) && allowed === null ? colors.red(colors.bold(name)) : colors.bold(name);
  const known = allowed === null ? "" : ` (allowed: ${allowed})`;
  return `${title}: ${counted(count, "divergence")}${known}${explanation === "" ? "" : `; ${explanation}`}`;
}

function allowlistText({ class: name, count, status, expires, reason }: AllowlistResult, colors: Colors): string {
  const text = {
    matched: `allows ${counted(count, "divergence")}`,
    unmatched: colors.red("allows nothing that was found: take it out"),
    expired: colors.red(`has expired on ${expires}`),
    "not-covered": "not all of its range was checked",
  }[status];
  return `${name}: ${text} (${reason})`;
}

/** Longer values are shown around their first difference: the report has them whole. */
const LONGEST = 160;
const BEFORE_DIFFERENCE = 40;

function around(declared: string, computed: string): [string, string] {
  let same = 0;
  while (same < declared.length && declared[same] === computed[same]) same++;
  const start = Math.max(0, same - BEFORE_DIFFERENCE);
  const part = (text: string) => {
    if (text.length <= LONGEST) return text;
    const end = start + LONGEST;
    return `${start > 0 ? "…" : ""}${text.slice(start, end)}${end < text.length ? "…" : ""}`;
  };
  return [part(declared), part(computed)];
}

/** Both values with the words that differ in colour. */
function diffLines(declaredWhole: string, computedWhole: string, colors: Colors): [string, string] {
  const [declared, computed] = around(declaredWhole, computedWhole);
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
  if (height === null) return fullShardId === null ? "database" : `shard ${shardName(fullShardId)}`;
  const name = blockName({ fullShardId, height }, shardName);
  if (fullShardId === null) return name;
  return `${name} (${rootHeight === null ? "unconfirmed" : `root block ${rootHeight}`})`;
}
