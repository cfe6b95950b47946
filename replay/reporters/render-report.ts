import type { ReporterName } from "../report/reporter-names.ts";
import type { Report } from "../report/schema.ts";
import { shownWithin } from "../text/printable.ts";
import { githubReporter } from "./github.ts";
import { htmlReporter } from "./html/html.ts";
import { junitReporter } from "./junit.ts";
import { markdownReporter } from "./markdown.ts";
import type { Reporter } from "./reporter.ts";

const REPORTERS: Readonly<Record<ReporterName, Reporter>> = {
  html: htmlReporter,
  markdown: markdownReporter,
  junit: junitReporter,
  github: githubReporter,
};

/** The file that a form makes beside the report; undefined where the output is to be read from stdout. */
export function fileNameOf(form: ReporterName): string | undefined {
  return REPORTERS[form].fileName;
}

/** A report in another form. Whatever its texts consist of, nothing in them acts upon where it is shown. */
export function renderReport(form: ReporterName, report: Report): string {
  return REPORTERS[form].render(shownWithin(report));
}
