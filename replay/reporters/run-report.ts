import { dirname, resolve } from "node:path";
import { loadReport } from "../report/load-report.ts";
import type { ReporterName } from "../report/reporter-names.ts";
import { writeTarget } from "../report/write-file.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print, printAsIs } from "../terminal/print.ts";
import { fileNameOf, renderReport } from "./render-report.ts";

export interface ReportRequest {
  readonly form: ReporterName;
  /** Folder of a run, or its report.json. */
  readonly folder: string;
  /** File, "-" for stdout, undefined for the form's own place. */
  readonly output: string | undefined;
}

/** Throws UsageError where there is no report, UnsupportedError for one of another version. */
export async function runReport({ form, folder, output }: ReportRequest): Promise<ExitCode> {
  const { report, path } = loadReport(folder);
  const text = renderReport(form, report);
  const fileName = fileNameOf(form);
  const target = output ?? (fileName === undefined ? "-" : resolve(dirname(path), fileName));
  if (STDOUT_NAMES.includes(target)) {
    printAsIs(text);
    return EXIT.clean;
  }
  await writeTarget(target, text);
  print(`${resolve(target)}\n`);
  return EXIT.clean;
}

/** A shell's own names for what it has opened as stdout: opened anew, a file would be cut to nothing first. */
const STDOUT_NAMES: readonly string[] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
