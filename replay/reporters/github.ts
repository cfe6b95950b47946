import { checkedText } from "../report/checked-text.ts";
import type { Divergence, Report } from "../report/schema.ts";
import { showAgain } from "../report/show-again.ts";
import { grouped } from "../text/grouped.ts";
import { divergenceTitle, placeOf } from "./places.ts";
import type { Reporter } from "./reporter.ts";
import { type Annotation, annotationLines } from "./workflow-command.ts";

/** Workflow commands: what they print becomes annotations of the job. */
export const githubReporter: Reporter = {
  fileName: undefined,
  render: (report) =>
    [
      ...annotationLines("error", errors(report)),
      ...annotationLines("warning", warnings(report)),
      ...annotationLines("notice", notices(report)),
    ].join(""),
};

function errors(report: Report): Annotation[] {
  const failure = report.error === null ? [] : [{ title: report.error.code, message: report.error.message }];
  return [
    ...failure,
    ...firstOfEachClass(report.divergences.filter(({ allowed }) => allowed === null)).map((divergence) => ({
      title: `${placeOf(divergence)} differs`,
      message: [divergence.triage?.attribution.explanation, divergenceTitle(divergence), showAgain(report, divergence)]
        .filter((line) => line !== undefined)
        .join("\n"),
    })),
    ...report.damage.map((item) => ({ title: `${placeOf(item)} is damaged`, message: item.message })),
  ];
}

/** Ten annotations are soon used up: one of each cause comes before a second one of any. */
function firstOfEachClass(divergences: readonly Divergence[]): Divergence[] {
  const seen = new Set<string | null>();
  const first: Divergence[] = [];
  const later: Divergence[] = [];
  for (const divergence of divergences) {
    (seen.has(divergence.class) ? later : first).push(divergence);
    seen.add(divergence.class);
  }
  return [...first, ...later];
}

function warnings(report: Report): Annotation[] {
  return [
    ...report.unsupported.map((item) => ({ title: `${placeOf(item)} is not checked`, message: item.message })),
    ...report.warnings.map((message) => ({ title: "qkc", message })),
  ];
}

function notices(report: Report): Annotation[] {
  const { verdict, totals } = report;
  return [
    {
      title: `qkc: ${verdict}`,
      message: `${grouped(totals.minorBlocks)} minor blocks, ${grouped(totals.transactions)} transactions checked: ${checkedText(report)}`,
    },
  ];
}
