import { copyFileSync, existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "../../node/codec/errors.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import type { OpenRequest } from "../database/open-database.ts";
import { surveyDatabase } from "../database/survey.ts";
import { divergencesInOrder } from "../report/assemble.ts";
import { type CloserLook, lookOfParts, type MergedRun, mergedReport, mergeParts } from "../report/parts/merge.ts";
import { type FoundPart, PART_FILE, readPartRecord } from "../report/parts/part-record.ts";
import { assertOutside, createRunFolder, keep, reportText, writeReport } from "../report/run-folder.ts";
import type { Report } from "../report/schema.ts";
import { summarize, verdictLine } from "../report/summary.ts";
import { deliver } from "../terminal/deliver.ts";
import { type ExitCode, exitCodeOfVerdict } from "../terminal/exit-code.ts";
import { note } from "../terminal/print.ts";
import { colorsFor } from "../text/colors.ts";
import { triageDivergences } from "../triage/triage-run.ts";
import { databaseIdentity } from "../work/planned-run.ts";

export interface MergeRequest {
  /** Each of a part, or of folders of parts. */
  readonly folders: readonly string[];
  /** For a closer look at the whole. */
  readonly db: string | undefined;
  readonly configPath: string | undefined;
  readonly reportFolder: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Throws UsageError where the parts make no whole run, or the database is not that of the run. */
export async function runMerge(request: MergeRequest): Promise<ExitCode> {
  const { reportFolder, json, quiet } = request;
  const found = foldersOfParts(request.folders).map(
    (folder): FoundPart => ({ folder, record: readPartRecord(folder) }),
  );
  refuseOverwriting(found, reportFolder);
  const run = mergeParts(found);
  const database = request.db === undefined ? undefined : await provedDatabase(run, request.db, request.configPath);
  const differs = run.results.some(({ divergences }) => divergences.length > 0);
  const folder = reportFolder ?? createRunFolder(found[0].record.timing.databasePath, new Date());
  const look = database !== undefined && differs ? await lookAtWhole(run, database, folder) : undefined;
  const own = lookOfParts(run);
  const report = mergedReport(run, look ?? own);
  const kept = await keep(
    () => folder,
    async () => {
      if (look === undefined) copyFiles(report, own.folders, folder);
      return await writeReport(folder, report);
    },
  );
  const colors = colorsFor(process.stdout.isTTY, process.env);
  const line = `${verdictLine(report, colors)}\n`;
  const summary = () =>
    quiet
      ? line
      : summarize(report, { colors, reportPath: kept.path, next: undefined, isWhole: kept.trouble !== undefined });
  const text = json ? reportText(report) : summary();
  return deliver({ text, line, kept, exitCode: exitCodeOfVerdict(report.verdict) });
}

/** How the run's own database is opened. Throws UsageError for another one. */
async function provedDatabase(
  { parts }: MergedRun,
  db: string,
  configPath: string | undefined,
): Promise<OpenRequest & { readonly configPath: string }> {
  const { identity, provenance, range } = parts[0].record;
  const { rootTip, verifyChecksums } = provenance.flags;
  const open = { db, configPath, rootTip: rootTip ?? undefined, verifyChecksums };
  const survey = await surveyDatabase({ ...open, shards: range.shards });
  survey.close();
  const other = Object.entries(databaseIdentity(survey)).find(([name, value]) => identity[name] !== value);
  if (other !== undefined) {
    throw new UsageError(
      `${db} is not the run's database: its ${other[0]} is ${other[1]}, the run's ${identity[other[0]]}`,
    );
  }
  return { ...open, configPath: survey.configPath };
}

/** What one process would have found of the same divergences, on the database that they are of. */
async function lookAtWhole(
  { results }: MergedRun,
  database: OpenRequest & { readonly configPath: string },
  folder: string,
): Promise<CloserLook> {
  assertOutside(database.db, folder);
  const divergences = divergencesInOrder(results);
  const onStart = (count: number) => note(`looking closer at ${count} divergences`);
  return await triageDivergences({ ...database, divergences, folder, onStart });
}

/** A folder that holds no part itself stands for those in it that do. */
function foldersOfParts(named: readonly string[]): string[] {
  return [...new Set(named.flatMap((folder) => (isPart(folder) ? [folder] : partsWithin(folder))))];
}

function partsWithin(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`there is no folder ${folder}`);
  }
  if (existsSync(join(folder, "report.json"))) throw new UsageError(unfinishedText(folder));
  const within = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .sort();
  const unfinished = within.find((path) => !isPart(path) && existsSync(join(path, "report.json")));
  if (unfinished !== undefined) throw new UsageError(unfinishedText(unfinished));
  const parts = within.filter(isPart);
  if (parts.length > 0) return parts;
  throw new UsageError(`${folder} holds no part of a run, and no folder of one: qkc checkdb --part writes them`);
}

function isPart(folder: string): boolean {
  return existsSync(join(folder, PART_FILE));
}

function unfinishedText(folder: string): string {
  return (
    `${folder} holds a report and no ${PART_FILE}: it is of a run without --part, or of a part that did not come to its ` +
    "end; its report says why, --resume goes on with it"
  );
}

function refuseOverwriting(parts: readonly FoundPart[], reportFolder: string | undefined): void {
  const same = parts.find(({ folder }) => reportFolder !== undefined && resolve(folder) === resolve(reportFolder));
  if (same !== undefined) throw new UsageError(`${same.folder} is a part: choose another folder with --report`);
}

/** What parts have written about single divergences, as far as the report names it. */
function copyFiles({ divergences }: Report, folders: ReadonlyMap<string, string>, to: string): void {
  for (const { hash, triage } of divergences) {
    const from = folders.get(hash);
    if (triage === null || from === undefined) continue;
    const traces = triage.step?.traces;
    for (const file of [triage.reproducer, traces?.reference, traces?.tested]) {
      if (file === null || file === undefined) continue;
      makeFolder(dirname(join(to, file)));
      copyFileSync(join(from, file), join(to, file));
    }
  }
}
