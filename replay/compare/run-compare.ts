import { existsSync } from "node:fs";
import { type Comparison, compareReports } from "../report/comparison/compare.ts";
import { NO_BASELINE, parseBaseline, withRun } from "../report/comparison/speed.ts";
import { loadReport } from "../report/load-report.ts";
import { writeTarget } from "../report/write-file.ts";
import { type ComparisonForm, renderComparison } from "../reporters/comparison/render-comparison.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { printAsIs } from "../terminal/print.ts";
import { colorsFor } from "../text/colors.ts";
import { jsonText } from "../text/json.ts";

export interface CompareRequest {
  /** Folder of a run, or its report.json; the others alike. */
  readonly older: string;
  readonly newer: string;
  readonly also: readonly string[];
  /** File of speeds, made where there is none. */
  readonly baseline: string | undefined;
  readonly form: ComparisonForm;
  readonly output: string | undefined;
}

/** Throws UsageError where a report is missing or the two are of different chains. */
export async function runCompare({ older, newer, also, baseline, form, output }: CompareRequest): Promise<ExitCode> {
  const { report } = loadReport(newer);
  const speeds = baseline !== undefined && existsSync(baseline) ? parseBaseline(baseline) : NO_BASELINE;
  const others = also.map((folder) => loadReport(folder).report);
  const comparison = compareReports(loadReport(older).report, report, others, speeds);
  const colors = colorsFor(output === undefined && process.stdout.isTTY, process.env);
  const text = renderComparison(form, comparison, colors);
  if (output === undefined) printAsIs(text);
  else await writeTarget(output, text);
  if (baseline !== undefined) await writeTarget(baseline, jsonText(withRun(speeds, report)));
  return exitCodeOf(comparison);
}

function exitCodeOf({ newer, divergences, outdated, damage, unsupported }: Comparison): ExitCode {
  if (newer.error !== null) return EXIT.error;
  if (newer.verdict === "interrupted") return EXIT.interrupted;
  if (divergences.fresh.length > 0 || outdated.length > 0) return EXIT.divergent;
  if (damage.fresh.length > 0) return EXIT.damaged;
  return unsupported.fresh.length > 0 ? EXIT.unsupported : EXIT.clean;
}
