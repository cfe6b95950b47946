import { statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { reasonOf, UnsupportedError, UsageError } from "../../node/codec/errors.ts";
import { issueLines } from "../text/issue-lines.ts";
import { readTextFile } from "./read-text-file.ts";
import { REPORT_FILE } from "./run-folder.ts";
import { REPORT_SCHEMA, type Report, reportSchema } from "./schema.ts";

const named = z.looseObject({ schema: z.string() });

/** Reads and proves a report. Throws UsageError where it is none, UnsupportedError where it is of another version. */
export function loadReport(folderOrFile: string): { readonly report: Report; readonly path: string } {
  const path = isFolder(folderOrFile) ? join(folderOrFile, REPORT_FILE) : folderOrFile;
  const json = parse(path, readTextFile(path));
  const name = named.safeParse(json);
  if (!name.success) throw new UsageError(`${path} is no report: it names no schema`);
  if (name.data.schema !== REPORT_SCHEMA) {
    throw new UnsupportedError(`${path} has the schema "${name.data.schema}"; this version reads ${REPORT_SCHEMA}`);
  }
  const report = reportSchema.safeParse(json);
  if (report.success) return { report: report.data, path };
  throw new UsageError([`${path} is no whole report:`, ...issueLines(report.error)]);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path} is no JSON: ${reasonOf(error)}`, { cause: error });
  }
}
