import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { UsageError } from "../../node/codec/errors.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import { errnoOf, SystemError, systemRefusal } from "../../node/codec/system-error.ts";
import { jsonText } from "../text/json.ts";
import { describeFailure } from "./failure.ts";
import { readTextFile } from "./read-text-file.ts";
import { type Report, reportSchema } from "./schema.ts";
import { writeWhole } from "./write-file.ts";

const REPORTS_FOLDER = "reports";
export const REPORT_FILE = "report.json";

/** Name of a run that sorts by time: 2026-11-22T18-33-58Z-mainnet. */
function runId(db: string, now: Date): string {
  const time = now
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "-");
  return `${time}-${basename(resolve(db))}`;
}

/** Makes reports/<run>, with a number behind it where two runs start in the same second. Throws SystemError. */
export function createRunFolder(db: string, now: Date): string {
  const first = join(REPORTS_FOLDER, runId(db, now));
  try {
    makeFolder(REPORTS_FOLDER);
    for (let attempt = 1; ; attempt++) {
      const folder = attempt === 1 ? first : `${first}-${attempt}`;
      if (isMade(folder)) return folder;
    }
  } catch (error) {
    const refusal = systemRefusal(error, first, "make the folder");
    if (!(refusal instanceof SystemError)) throw error;
    const { path, errno, message } = refusal;
    throw new SystemError(path, errno, `${message}; --report DIR puts the report elsewhere`, { cause: error });
  }
}

/** False where it is there already. */
function isMade(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Folders of earlier runs, newest first. */
export function earlierRuns(): string[] {
  try {
    const entries = readdirSync(REPORTS_FOLDER, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    return names
      .sort()
      .reverse()
      .map((name) => join(REPORTS_FOLDER, name));
  } catch {
    return [];
  }
}

/** Throws UsageError where a report would be written into the database: nothing in there is ever touched. */
export function assertOutside(db: string, folder: string = REPORTS_FOLDER, option = "--report"): void {
  const path = relative(realPath(db), realPath(folder));
  if (path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path)) {
    throw new UsageError(
      `the ${option.slice(2)} folder ${folder} lies inside the database ${db}: choose another one with ${option}`,
    );
  }
}

/** Where a path leads by its links, also where its end does not exist yet. */
function realPath(path: string): string {
  const absolute = resolve(path);
  if (existsSync(absolute)) return realpathSync(absolute);
  const parent = dirname(absolute);
  return parent === absolute ? absolute : join(realPath(parent), basename(absolute));
}

/** Text of a report as it is written and printed. */
export function reportText(report: Report): string {
  return jsonText(report);
}

/** Forms of a report that lie beside it. */
const FORM_FILES = ["report.html", "junit.xml", "summary.md"];

/**
 * Writes a report. What an earlier one in its place names beside it goes with that one, unless this one names it too; so
 * do its other forms, which would tell of another run.
 */
export async function writeReport(folder: string, report: Report): Promise<string> {
  const before = earlierReport(folder);
  const earlier = before === undefined ? [] : [...filesOf(before), ...FORM_FILES];
  const path = await writeWhole(folder, REPORT_FILE, reportText(report));
  const named = new Set(filesOf(report));
  for (const file of earlier) if (!named.has(file)) rmSync(join(folder, file), { force: true });
  return path;
}

/** Where a run's report is, or why it is nowhere. */
export interface KeptReport {
  readonly path: string | undefined;
  readonly trouble: string | undefined;
}

/**
 * Writes a report where that can be done: a run whose report is not written is still to be told of.
 * @param folderOf may make the folder
 * @param write answers with the report's path
 */
export async function keep(folderOf: () => string, write: (folder: string) => Promise<string>): Promise<KeptReport> {
  let folder: string | undefined;
  try {
    folder = folderOf();
    return { path: await write(folder), trouble: undefined };
  } catch (error) {
    const where = folder === undefined ? "" : ` to ${folder}`;
    return { path: undefined, trouble: `the report could not be written${where}: ${describeFailure(error).message}` };
  }
}

function earlierReport(folder: string): Report | undefined {
  try {
    return reportSchema.parse(JSON.parse(readTextFile(join(folder, REPORT_FILE))));
  } catch {
    return undefined;
  }
}

/** Files that a report names, relative to its folder. */
function filesOf(report: Report | undefined): string[] {
  const triages = report?.divergences.map(({ triage }) => triage) ?? [];
  const files = triages.flatMap((triage) => [
    triage?.reproducer,
    triage?.step?.traces?.reference,
    triage?.step?.traces?.tested,
  ]);
  return files.filter((file) => typeof file === "string");
}
