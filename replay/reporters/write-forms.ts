import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { reasonOf, UsageError } from "../../node/codec/errors.ts";
import { REPORTER_NAMES, type ReporterName } from "../report/reporter-names.ts";
import type { Report } from "../report/schema.ts";
import { writeTarget } from "../report/write-file.ts";
import { note } from "../terminal/print.ts";
import { fileNameOf, renderReport } from "./render-report.ts";

/** Where a form goes that makes no file of its own, and no CI system says where it wants it. */
const SUMMARY_FILE = "summary.md";

/** What the environment of a CI system asks for. */
export type CiEnvironment = Readonly<Partial<Record<"GITHUB_ACTIONS" | "GITHUB_STEP_SUMMARY", string>>>;

/** Forms named with commas: "junit,markdown". Throws UsageError for one that does not exist. */
export function reporterNames(text: string): readonly ReporterName[] {
  return [...new Set(text.split(",").map((name) => name.trim()))].map((name) => {
    const known = REPORTER_NAMES.find((one) => one === name);
    if (known !== undefined) return known;
    throw new UsageError(`--reporter ${text}: there is no "${name}"; there are ${REPORTER_NAMES.join(", ")}`);
  });
}

/** Without a word of the user a job's annotations appear where there is a job. */
export function formsFor(
  asked: readonly ReporterName[] | undefined,
  { GITHUB_ACTIONS }: CiEnvironment,
): readonly ReporterName[] {
  return asked ?? (GITHUB_ACTIONS === "true" ? ["github"] : []);
}

/**
 * Writes a report in other forms: html and junit into its folder, markdown to the summary of a job or into the folder,
 * annotations to stderr, which leaves stdout to the answer. What cannot be written is a note: the verdict stands.
 * Answers with the path of the page, where one was written.
 */
export async function writeForms(
  forms: readonly ReporterName[],
  report: Report,
  folder: string | undefined,
  { GITHUB_STEP_SUMMARY }: CiEnvironment,
): Promise<string | undefined> {
  let page: string | undefined;
  for (const form of forms) {
    try {
      const text = renderReport(form, report);
      if (form === "github") {
        process.stderr.write(text);
      } else if (form === "markdown" && GITHUB_STEP_SUMMARY !== undefined) {
        appendFileSync(GITHUB_STEP_SUMMARY, text);
      } else if (folder !== undefined) {
        const path = join(folder, fileNameOf(form) ?? SUMMARY_FILE);
        await writeTarget(path, text);
        if (form === "html") page = path;
      }
    } catch (error) {
      note(`--reporter ${form}: ${reasonOf(error)}`);
    }
  }
  return page;
}
