import { Argument, type Command } from "commander";
import { REPORTER_NAMES, type ReporterName } from "../report/reporter-names.ts";
import type { RunCommand } from "../terminal/command.ts";
import { exitCodesText } from "../terminal/exit-code.ts";

interface ReportOptions {
  readonly output?: string;
}

const EXAMPLES = [
  "qkc report html reports/nightly                                   writes reports/nightly/report.html",
  'qkc report markdown reports/nightly >> "$GITHUB_STEP_SUMMARY"     the summary of a job',
  "qkc report github reports/nightly                                 annotations of a job",
];

/** `qkc report`: another form of a report that a run left. */
export function addReportCommand(program: Command, run: RunCommand): Command {
  return program
    .command("report")
    .summary("show a run's report as a page, a job summary, JUnit XML or annotations")
    .description(
      "Reads the report.json that a run left in a folder and shows it in another form: html, one page that opens without a " +
        "network; markdown, for a job's summary, within GitHub's limits; junit, XML for test dashboards; github, " +
        "annotations of a job. html and junit are written beside the report, the others go to stdout.",
    )
    .addArgument(new Argument("<form>").choices(REPORTER_NAMES))
    .argument("<dir>", "folder of the run, or its report.json")
    .option("--output <file>", "where to write it; - is stdout")
    .addHelpText(
      "after",
      `\nExamples:\n${EXAMPLES.map((line) => `  ${line}`).join("\n")}\n\n` +
        exitCodesText({
          clean: "written, whatever the report says",
          error: "there is no report, or it is not one of this version",
        }),
    )
    .action((form: ReporterName, folder: string, { output }: ReportOptions) =>
      run(async () => (await import("./run-report.ts")).runReport({ form, folder, output })),
    );
}
