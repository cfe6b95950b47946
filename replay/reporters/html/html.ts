import { readFileSync } from "node:fs";
import { checkedText } from "../../report/checked-text.ts";
import type { Report } from "../../report/schema.ts";
import { shardHex } from "../../text/block-name.ts";
import { grouped } from "../../text/grouped.ts";
import { escapeMarkup } from "../escape.ts";
import { placeOf, runTitle } from "../places.ts";
import type { Reporter } from "../reporter.ts";
import { pageData } from "./page-data.ts";

/** One file that opens anywhere, without a network: styles, script and data are within. */
export const htmlReporter: Reporter = {
  fileName: "report.html",
  render: (report) => page(report),
};

/** Nothing is loaded from anywhere, whatever a report contains. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

function page(report: Report): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<link rel="icon" href="data:,">
<title>${escapeMarkup(`${report.verdict}: ${runTitle(report)}`)}</title>
<style>${asset("page.css")}</style>
</head>
<body>
${header(report)}
<main id="overview">
${counts(report)}
${classes(report)}
${allowlist(report)}
<section id="strip-section" hidden><h2>Where</h2><div id="strip"></div></section>
<section id="list-section" hidden>
<h2>Diverging blocks</h2>
<form id="filters"></form>
<p id="shown" role="status"></p>
<div id="list" tabindex="0"><div id="rows"></div></div>
</section>
${notes(
  "Damage",
  report.damage.map((item) => `${placeOf(item)}: ${item.message}`),
)}
${notes(
  "Unsupported",
  report.unsupported.map((item) => `${placeOf(item)}: ${item.message}`),
)}
${notes("Warnings", report.warnings)}
${provenance(report)}
</main>
<main id="detail" hidden></main>
<script type="application/json" id="data">${embedded(pageData(report))}</script>
<script type="module">${asset("page.js")}</script>
</body>
</html>
`;
}

/** Files beside this one; a build has them beside its JavaScript. */
function asset(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}

function header(report: Report): string {
  const { verdict, error, timing, totals, stopped } = report;
  const facts = [
    `${grouped(totals.minorBlocks)} minor blocks and ${grouped(totals.rootBlocks)} root blocks checked`,
    `${grouped(report.divergences.length)} differ`,
    ...(stopped === null ? [] : [`stopped at root block ${stopped.rootHeight}`]),
    `${timing.seconds.toFixed(1)} s`,
  ];
  return `<header class="${verdict}">
<button id="theme" type="button" title="dark or light">◐</button>
<h1><a href="#">${escapeMarkup(verdict)}</a></h1>
<p>${escapeMarkup(runTitle(report))}</p>
<p>${escapeMarkup(facts.join(" · "))}</p>
${error === null ? "" : `<p><code>${escapeMarkup(error.code)}</code> ${escapeMarkup(error.message)}</p>`}
</header>`;
}

function counts({ shards, totals }: Report): string {
  if (shards.length === 0) return "";
  const row = (name: string, of: Pick<Report["totals"], "minorBlocks" | "transactions" | "deposits" | "gasUsed">) =>
    `<tr><th>${name}</th><td>${grouped(of.minorBlocks)}</td><td>${grouped(of.transactions)}</td>` +
    `<td>${grouped(of.deposits)}</td><td>${grouped(BigInt(of.gasUsed))}</td></tr>`;
  return `<section><h2>Checked</h2><table class="numbers">
<thead><tr><th>shard</th><th>minor blocks</th><th>transactions</th><th>deposits</th><th>gas</th></tr></thead>
<tbody>${shards.map((shard) => row(`<code>${shardHex(shard.fullShardId)}</code>`, shard)).join("")}${row("all", totals)}</tbody>
</table></section>`;
}

function classes(report: Report): string {
  if (report.classes.length === 0) return "";
  const rows = report.classes.map(
    ({ name, count, explanation, first, allowed }) =>
      `<tr><td><a href="#list?class=${encodeURIComponent(name)}"><code>${escapeMarkup(name)}</code></a></td><td>${grouped(count)}</td>` +
      `<td>${escapeMarkup(placeOf(first))}</td><td>${escapeMarkup(explanation)}${allowed === null ? "" : ` <em>allowed: ${escapeMarkup(allowed)}</em>`}</td></tr>`,
  );
  return `<section><h2>Why</h2><table>
<thead><tr><th>class</th><th>blocks</th><th>first</th><th>explanation</th></tr></thead>
<tbody>${rows.join("")}</tbody></table></section>`;
}

function allowlist(report: Report): string {
  if (report.allowlist.length === 0) return "";
  const rows = report.allowlist.map(
    (entry) =>
      `<tr class="${entry.status}"><td><code>${escapeMarkup(entry.class)}</code></td><td>${escapeMarkup(entry.status)}</td>` +
      `<td>${grouped(entry.count)}</td><td>${escapeMarkup(entry.expires)}</td><td>${escapeMarkup(entry.reason)}</td></tr>`,
  );
  return `<section><h2>Allowed</h2><table>
<thead><tr><th>class</th><th>status</th><th>blocks</th><th>expires</th><th>reason</th></tr></thead>
<tbody>${rows.join("")}</tbody></table></section>`;
}

function notes(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `<section><h2>${title}</h2><ul>${lines.map((line) => `<li>${escapeMarkup(line)}</li>`).join("")}</ul></section>`;
}

function provenance(report: Report): string {
  const { provenance: from, schema, timing } = report;
  const rows: [string, string][] = [
    ["program", `${from.program} ${from.version}, Node.js ${timing.node}`],
    ["rules", from.ruleSet ?? "unknown"],
    ["database", timing.databasePath],
    ["root tip", from.database === null ? "unknown" : `${from.database.tipHeight} ${from.database.tipHash}`],
    ["checked", checkedText(report)],
    ["genesis", from.database?.genesisHash ?? "unknown"],
    ["configuration", from.configHash ?? "unknown"],
    ["started", timing.startedAt],
    ["report", schema],
  ];
  const cells = rows.map(([name, value]) => `<dt>${name}</dt><dd>${escapeMarkup(value)}</dd>`);
  return `<section><h2>Provenance</h2><dl>${cells.join("")}</dl></section>`;
}

/** JSON that no HTML parser can mistake for markup. */
function embedded(data: unknown): string {
  return JSON.stringify(data)
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}
