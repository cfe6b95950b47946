import type { Comparison } from "../../report/comparison/compare.ts";
import type { Colors } from "../../text/colors.ts";
import { jsonText } from "../../text/json.ts";
import { shownWithin } from "../../text/printable.ts";
import { escapeMarkup } from "../escape.ts";
import { markdownCode, markdownText } from "../markdown-text.ts";
import { annotationLines } from "../workflow-command.ts";
import { xmlAttributes, xmlText } from "../xml.ts";
import { headline, type Section, sectionsOf } from "./sections.ts";

/** Forms of a comparison. */
export const COMPARISON_FORMS = ["text", "json", "markdown", "github", "junit", "html"] as const;
export type ComparisonForm = (typeof COMPARISON_FORMS)[number];

/** Of a section, where a form has to fit what shows it; JSON has all. */
const SHOWN = 50;

/** Whatever its texts consist of, nothing in them acts upon where it is shown. */
export function renderComparison(form: ComparisonForm, comparison: Comparison, colors: Colors): string {
  const shown = shownWithin(comparison);
  switch (form) {
    case "text":
      return asText(shown, colors);
    case "json":
      return jsonText(shown);
    case "markdown":
      return asMarkdown(shown);
    case "github":
      return asAnnotations(shown);
    case "junit":
      return asJunit(shown);
    case "html":
      return asPage(shown);
  }
}

/** What became of what the older run had, in a line on which runs were compared. */
function comparedLine({ older, newer }: Comparison): string {
  const range = newer.range === null ? "" : `, root blocks ${newer.range.rootFrom}..${newer.range.rootTo}`;
  return `${newer.startedAt} (${newer.verdict}${range}) against ${older.startedAt} (${older.verdict})`;
}

function asText(comparison: Comparison, colors: Colors): string {
  const sections = sectionsOf(comparison);
  const isNew = sections.some(({ kind }) => kind === "error");
  const paint = isNew ? colors.red : colors.green;
  const blocks = sections.map(({ title, lines }) =>
    [
      colors.bold(title),
      ...cut(
        lines,
        ({ title: name, message }) => `  ${name}: ${message}`,
        (rest) => `  ${rest}`,
      ),
    ].join("\n"),
  );
  return `${[paint(headline(comparison)), comparedLine(comparison), ...blocks].join("\n\n")}\n`;
}

function asMarkdown(comparison: Comparison): string {
  const sections = sectionsOf(comparison);
  const mark = sections.some(({ kind }) => kind === "error") ? "❌" : "✅";
  const blocks = sections.map(({ title, lines }) =>
    [
      `### ${markdownText(title)}`,
      ...cut(
        lines,
        (line) => `- ${markdownCode(line.title)} ${markdownText(line.message)}`,
        (rest) => `- ${rest}`,
      ),
    ].join("\n"),
  );
  return `${[`## ${mark} ${markdownText(headline(comparison))}`, markdownText(comparedLine(comparison)), ...blocks].join("\n\n")}\n`;
}

function asAnnotations(comparison: Comparison): string {
  const sections = sectionsOf(comparison);
  const of = (kind: Section["kind"]) => sections.filter((section) => section.kind === kind);
  const lines = (kind: Section["kind"]) =>
    of(kind).flatMap(({ title, lines: own }) =>
      own.map((line) => ({ title: `${title}: ${line.title}`, message: line.message })),
    );
  return [
    ...annotationLines("error", lines("error")),
    ...annotationLines("warning", lines("warning")),
    ...annotationLines("notice", [{ title: "qkc", message: headline(comparison) }]),
  ].join("");
}

/** A case for each section: one that is to be noticed fails. */
function asJunit(comparison: Comparison): string {
  const sections = sectionsOf(comparison);
  const failed = sections.filter(({ kind }) => kind === "error");
  const cases = [{ title: headline(comparison), kind: "notice" as const, lines: [] }, ...sections].map(
    ({ title, kind, lines }) => {
      const open = `    <testcase${xmlAttributes({ classname: "comparison", name: title })}`;
      if (kind !== "error") return `${open}/>\n`;
      const body = cut(
        lines,
        (line) => `${line.title}: ${line.message}`,
        (rest) => rest,
      );
      return `${open}><failure${xmlAttributes({ message: body[0] })}>${xmlText(body.join("\n"))}</failure></testcase>\n`;
    },
  );
  const counts = { tests: cases.length, failures: failed.length, errors: 0, skipped: 0 };
  const suite = `  <testsuite${xmlAttributes({ name: "comparison", ...counts })}>\n${cases.join("")}  </testsuite>\n`;
  const name = comparedLine(comparison);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${xmlAttributes({ name, ...counts })}>\n${suite}</testsuites>\n`;
}

/** Nothing is loaded from anywhere, and nothing runs. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";
const STYLE =
  "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}" +
  "code{font-size:90%}li.error,h1.error{color:#c62828}li.warning{color:#b26a00}h1.notice{color:#2e7d32}";

function asPage(comparison: Comparison): string {
  const sections = sectionsOf(comparison);
  const kind = sections.some((section) => section.kind === "error") ? "error" : "notice";
  const blocks = sections.map((section) => {
    const item = ({ title, message }: Section["lines"][number]) =>
      `<li class="${section.kind}"><code>${escapeMarkup(title)}</code> ${escapeMarkup(message)}</li>`;
    const items = cut(section.lines, item, (rest) => `<li>${escapeMarkup(rest)}</li>`);
    return `<h2>${escapeMarkup(section.title)}</h2>\n<ul>\n${items.join("\n")}\n</ul>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeMarkup(headline(comparison))}</title>
<style>${STYLE}</style>
</head>
<body>
<h1 class="${kind}">${escapeMarkup(headline(comparison))}</h1>
<p>${escapeMarkup(comparedLine(comparison))}</p>
${blocks.join("\n")}
</body>
</html>
`;
}

function cut<T>(items: readonly T[], show: (item: T) => string, more: (rest: string) => string): string[] {
  const rest = items.length - SHOWN;
  const shown = items.slice(0, SHOWN).map(show);
  return rest > 0 ? [...shown, more(`and ${rest} more in the reports`)] : shown;
}
