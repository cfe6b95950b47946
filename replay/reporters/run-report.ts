import { basename, dirname, resolve } from "node:path";
import { writeWhole } from "../report/run-folder.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
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
  if (target === "-") process.stdout.write(text);
  else process.stdout.write(`${await writeWhole(dirname(resolve(target)), basename(target), text)}\n`);
  return EXIT.clean;
}
