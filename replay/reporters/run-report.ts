import { dirname, resolve } from "node:path";
import { writeTarget } from "../report/write-file.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print } from "../terminal/print.ts";
import { githubReporter } from "./github.ts";
import { htmlReporter } from "./html/html.ts";
import { junitReporter } from "./junit.ts";
import { loadReport } from "./load-report.ts";
import { markdownReporter } from "./markdown.ts";
import type { Reporter } from "./reporter.ts";
import type { ReporterName } from "./reporter-names.ts";

export interface ReportRequest {
  readonly form: ReporterName;
  /** Folder of a run, or its report.json. */
  readonly folder: string;
  /** File, "-" for stdout, undefined for the form's own place. */
  readonly output: string | undefined;
}

const REPORTERS: Readonly<Record<ReporterName, Reporter>> = {
  html: htmlReporter,
  markdown: markdownReporter,
  junit: junitReporter,
  github: githubReporter,
};

/** Throws UsageError where there is no report, UnsupportedError for one of another version. */
export async function runReport({ form, folder, output }: ReportRequest): Promise<ExitCode> {
  const { fileName, render } = REPORTERS[form];
  const { report, path } = loadReport(folder);
  const text = render(report);
  const target = output ?? (fileName === undefined ? "-" : resolve(dirname(path), fileName));
  if (STDOUT_NAMES.includes(target)) {
    print(text);
    return EXIT.clean;
  }
  await writeTarget(target, text);
  print(`${resolve(target)}\n`);
  return EXIT.clean;
}

/** A shell's own names for what it has opened as stdout: opened anew, a file would be cut to nothing first. */
const STDOUT_NAMES: readonly string[] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
