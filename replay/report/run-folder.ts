import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { UsageError } from "../../node/codec/errors.ts";
import { type Report, reportSchema } from "./schema.ts";

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

/** Makes reports/<run>, with a number behind it where two runs start in the same second. */
export function createRunFolder(db: string, now: Date): string {
  mkdirSync(REPORTS_FOLDER, { recursive: true });
  const first = join(REPORTS_FOLDER, runId(db, now));
  for (let attempt = 1; ; attempt++) {
    const folder = attempt === 1 ? first : `${first}-${attempt}`;
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
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
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Writes a report. What an earlier one in its place names beside it goes with that one, unless this one names it too. */
export async function writeReport(folder: string, report: Report): Promise<string> {
  const earlier = filesOf(earlierReport(folder));
  const path = await writeWhole(folder, REPORT_FILE, reportText(report));
  const named = new Set(filesOf(report));
  for (const file of earlier) if (!named.has(file)) rmSync(join(folder, file), { force: true });
  return path;
}

function earlierReport(folder: string): Report | undefined {
  try {
    return reportSchema.parse(JSON.parse(readFileSync(join(folder, REPORT_FILE), "utf8")));
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

/** Writes a file in one step: whoever reads it finds the old one or the new one. Answers with its path. */
export async function writeWhole(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  const temporary = `${path}.tmp`;
  mkdirSync(folder, { recursive: true });
  const file = await open(temporary, "w");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  return path;
}
