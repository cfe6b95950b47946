import { UsageError } from "../../node/codec/errors.ts";
import { assertOutside, createRunFolder, earlierRuns } from "../report/run-folder.ts";
import type { CheckdbRequest } from "../work/checkdb-request.ts";
import { Checkpoint, identityDifferences, type RunIdentity } from "../work/checkpoint.ts";
import { checkpointIdentity, type PlannedRun } from "../work/planned-run.ts";

/** Where a run writes, and what is already known of it. */
export interface RunRecord {
  readonly folder: string;
  readonly checkpoint: Checkpoint;
}

/**
 * Starts or continues the record of a run. Throws UsageError where --resume finds nothing that belongs to this run, or
 * where a new run would overwrite an unfinished one.
 */
export async function openRunRecord(request: CheckdbRequest, run: PlannedRun, now: Date): Promise<RunRecord> {
  assertOutside(request.db, request.reportFolder);
  const { resume, reportFolder } = request;
  if (resume === "no") return startRun(request, run, now);
  const identity = checkpointIdentity(run, request.part);
  const { record, why } = await (reportFolder === undefined ? findLatest(identity) : findIn(reportFolder, identity));
  if (record !== undefined) return record;
  if (resume === "auto") return startRun(request, run, now);
  throw new UsageError(why);
}

/** A run to continue, or why there is none. */
interface Found {
  readonly record: RunRecord | undefined;
  readonly why: readonly string[];
}

async function startRun(request: CheckdbRequest, run: PlannedRun, now: Date): Promise<RunRecord> {
  const folder = request.reportFolder ?? createRunFolder(request.db, now);
  await assertReplaceable(folder);
  return { folder, checkpoint: await Checkpoint.create(folder, checkpointIdentity(run, request.part), run.ranges) };
}

/** Throws UsageError where the folder's checkpoint is of an unfinished run that is another one. */
async function findIn(folder: string, identity: RunIdentity): Promise<Found> {
  const checkpoint = await Checkpoint.find(folder);
  if (checkpoint === undefined) {
    return { record: undefined, why: [`there is no checkpoint in ${folder}: start the run without --resume`] };
  }
  const differences = identityDifferences(checkpoint.identity, identity);
  if (differences.length === 0) return { record: { folder, checkpoint }, why: [] };
  await checkpoint.close();
  const lines = differences.map((line) => `  ${line}`);
  return { record: undefined, why: [`the checkpoint in ${folder} belongs to another run:`, ...lines] };
}

/** What cannot be looked at may be of any plan: it is passed over, and named where nothing else is found. */
async function findLatest(identity: RunIdentity): Promise<Found> {
  const hidden: string[] = [];
  for (const folder of earlierRuns()) {
    try {
      const { record } = await findIn(folder, identity);
      if (record !== undefined) return { record, why: [] };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      hidden.push(`  ${error.message}`);
    }
  }
  const none = "no run of this plan is in reports/: name its folder with --report, or start without --resume";
  return { record: undefined, why: [none, ...(hidden.length === 0 ? [] : ["passed over:"]), ...hidden] };
}

async function assertReplaceable(folder: string): Promise<void> {
  const checkpoint = await Checkpoint.find(folder);
  if (checkpoint === undefined) return;
  await checkpoint.close();
  const { finished, results, unproved, ranges } = checkpoint;
  if (finished || results.size + unproved === 0) return;
  throw new UsageError(
    `${folder} holds an interrupted run (${results.size} of ${ranges.length} ranges are done): ` +
      "--resume continues it; for a new run choose another --report folder",
  );
}
