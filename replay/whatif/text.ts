import { blockName, shardName } from "../text/block-name.ts";
import type { Colors } from "../text/colors.ts";
import { counted, grouped, signedGrouped } from "../text/grouped.ts";
import { shownWithin } from "../text/printable.ts";
import { textTable } from "../text/table.ts";
import type { BlockChange, Change, WhatifReport } from "./schema.ts";

/** Changes shown of each switch, and blocks and findings of each kind; the report has them all. */
const SHOWN = 3;

/** The answer in one line. */
export function whatifLine({ verdict, error, counts, share, provenance }: WhatifReport, colors: Colors): string {
  const paint = verdict === "same" ? colors.green : verdict === "different" ? colors.yellow : colors.red;
  const { changedTransactions, transactions, changedDeposits, deposits, invalidBlocks } = counts;
  const answer =
    error !== null
      ? error.message
      : `under ${provenance.rules} ${grouped(changedTransactions)} of ${grouped(transactions)} transactions ` +
        `(${percent(share.transactions)}) and ${grouped(changedDeposits)} of ${grouped(deposits)} deposits ` +
        `(${percent(share.deposits)}) end otherwise; ${counted(invalidBlocks, "block")} could not be executed`;
  return `${paint(colors.bold(verdict))}: ${answer}`;
}

/** The answer for people: in a line, by rule, examples, and what kept it from being complete. */
export function whatifText(
  written: WhatifReport,
  options: { readonly colors: Colors; readonly path: string | undefined },
): string {
  const report = shownWithin(written);
  const sections = [
    whatifLine(report, options.colors),
    countsText(report),
    switchTable(report),
    ...report.switches.map(({ name, title }) => examplesText(report, name, title)),
    section("blocks", report.blockChanges, blockText),
    section("damage", report.damage, ({ message }) => message),
    section("unsupported", report.unsupported, ({ message }) => message),
    section("warnings", report.warnings, (warning) => warning),
    options.path === undefined ? "" : `report: ${options.path}`,
  ];
  return `${sections.filter((text) => text !== "").join("\n\n")}\n`;
}

function countsText({ counts }: WhatifReport): string {
  if (counts.changedBlocks === 0) return "";
  const gas = BigInt(counts.gasAfter) - BigInt(counts.gasBefore);
  return [
    `changed blocks: ${grouped(counts.changedBlocks)} of ${grouped(counts.minorBlocks)}; `,
    `newly failing: ${grouped(counts.newlyFailing)}, newly succeeding: ${grouped(counts.newlySucceeding)}, `,
    `refused: ${grouped(counts.refused)}; gas ${grouped(BigInt(counts.gasBefore))}, changed by ${signedGrouped(gas)}; `,
    `differing only because an earlier one of their block does: ${grouped(counts.consequences)}`,
  ].join("");
}

function switchTable({ switches }: WhatifReport): string {
  if (switches.length === 0) return "";
  const head = ["rule", "transactions", "share", "deposits", "alone", "blocks", "other status", "gas", "what it does"];
  const rows = switches.map(({ name, transactions, share, deposits, alone, blocks, statusChanged, gas, effect }) => [
    name,
    grouped(transactions),
    percent(share),
    grouped(deposits),
    grouped(alone),
    grouped(blocks),
    grouped(statusChanged),
    signedGrouped(BigInt(gas)),
    effect,
  ]);
  return textTable([head, ...rows], [1, 2, 3, 4, 5, 6, 7]);
}

/** Those first whose switch is the only one. */
function examplesText({ changes }: WhatifReport, name: string, title: string): string {
  const concerned = changes.filter((change) => change.switches.some((entry) => entry.name === name));
  const shown = concerned
    .filter((change) => change.switches.some((entry) => entry.name === name && entry.where !== null))
    .sort((a, b) => a.switches.length - b.switches.length)
    .slice(0, SHOWN);
  if (shown.length === 0) return "";
  return [`${name} ${title}`, ...shown.map((change) => `  ${changeText(change, name)}`)].join("\n");
}

function changeText(change: Change, name: string): string {
  const { kind, index, transactionHash, fullShardId, height, before, after, switches, differs } = change;
  const own = switches.find((entry) => entry.name === name);
  const others = switches.filter((entry) => entry !== own).map((entry) => entry.name);
  const lines = [
    `${blockName({ fullShardId, height }, shardName)} ${kind} ${index} ${transactionHash}: ${differs.join(", ")}`,
    `${endingText(before)} becomes ${endingText(after)}${others.length === 0 ? "" : `, with ${others.join(", ")}`}`,
    ...(own?.where === null || own === undefined ? [] : [own.where]),
  ];
  return lines.join("\n    ");
}

function endingText({ status, gas, reason }: Change["before"]): string {
  return status === "refused" ? `refused: ${reason}` : `${status}, ${grouped(BigInt(gas))} gas`;
}

function blockText({ fullShardId, height, kind, transactionIndex, reason, switches }: BlockChange): string {
  const where = transactionIndex === null ? "" : `transaction ${transactionIndex}: `;
  return `${blockName({ fullShardId, height }, shardName)} ${kind}: ${where}${reason} [${switches.join(", ")}]`;
}

function section<T>(title: string, items: readonly T[], show: (item: T) => string): string {
  if (items.length === 0) return "";
  const more = items.length > SHOWN ? [`  … and ${items.length - SHOWN} more in the report`] : [];
  return [`${title} (${items.length}):`, ...items.slice(0, SHOWN).map((item) => `  ${show(item)}`), ...more].join("\n");
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)}%`;
}
