import type { Report } from "../report/schema.ts";

/** One way to show a report. */
export interface Reporter {
  /** Name of the file that it makes beside the report; undefined where the output is to be read from stdout. */
  readonly fileName: string | undefined;
  render(report: Report): string;
}
