import { dirname } from "node:path";
import { describeFailure, isFinding } from "../report/failure.ts";
import {
  assertOutside,
  createRunFolder,
  type KeptReport,
  keep,
  reportText,
  writeReport,
} from "../report/run-folder.ts";
import type { Report } from "../report/schema.ts";
import { summarize, verdictLine } from "../report/summary.ts";
import { formsFor, writeForms } from "../reporters/write-forms.ts";
import { deliver } from "../terminal/deliver.ts";
import { type ExitCode, exitCodeOfVerdict } from "../terminal/exit-code.ts";
import type { RunClock } from "../terminal/timing.ts";
import { unusableReport } from "../terminal/unusable-report.ts";
import { colorsFor } from "../text/colors.ts";
import type { Invocation } from "../work/checkdb-request.ts";
import { provenanceOf } from "../work/planned-run.ts";
import { nextCommand } from "./next-command.ts";

export interface Printed {
  /** Folder of the run, where it has one. */
  readonly folder: string | undefined;
  readonly kept: KeptReport;
  /** Where a defect of the program showed. */
  readonly stack: string | undefined;
}

/** The result on stdout: the report under --json, its verdict under --quiet, otherwise a summary. */
export async function printReport({ request, args }: Invocation, report: Report, printed: Printed): Promise<ExitCode> {
  const { folder, kept, stack } = printed;
  const forms = formsFor(request.reporters, process.env);
  const page = await writeForms(forms, report, kept.path === undefined ? undefined : dirname(kept.path), process.env);
  if (stack !== undefined) process.stderr.write(`${stack}\n`);
  const colors = colorsFor(process.stdout.isTTY, process.env);
  const line = `${verdictLine(report, colors)}\n`;
  const text = () => {
    if (request.json) return reportText(report);
    if (request.quiet) return line;
    const next = nextCommand(report, request, args, folder, kept.trouble !== undefined);
    return summarize(report, { colors, reportPath: kept.path, page, next, isWhole: kept.trouble !== undefined });
  };
  return deliver({ text: text(), line, kept, exitCode: exitCodeOfVerdict(report.verdict) });
}

/**
 * Answers for a database that cannot even be looked at. Where that is a finding (damaged, unsupported), or the system
 * refuses a file of it and somebody looks for the report in a folder of their choice, there is a report like any other;
 * anything else is thrown again, unless a script waits for JSON.
 */
export async function reportUnusable(invocation: Invocation, clock: RunClock, error: unknown): Promise<ExitCode> {
  const { request } = invocation;
  const failure = describeFailure(error);
  const isKept = isFinding(failure) || (failure.code === "STORAGE" && request.reportFolder !== undefined);
  if (failure.code === "USAGE" || (!isKept && !request.json)) throw error;
  const report = unusableReport(clock, {
    provenance: provenanceOf(request, undefined),
    failure,
    databasePath: request.db,
    configPath: request.configPath,
    workers: request.workers,
  });
  assertOutside(request.db, request.reportFolder);
  const folderOf = () => request.reportFolder ?? createRunFolder(request.db, clock.startedAt);
  const kept = isKept ? await keep(folderOf, (folder) => writeReport(folder, report)) : NOT_KEPT;
  return printReport(invocation, report, { folder: undefined, kept, stack: failure.stack });
}

/** Nothing was found that is worth a report. */
const NOT_KEPT: KeptReport = { path: undefined, trouble: undefined };
