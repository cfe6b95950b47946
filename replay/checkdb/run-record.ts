import { UsageError } from "../../node/codec/errors.ts";
import { assertOutside, createRunFolder, earlierRuns } from "../report/run-folder.ts";
import type { CheckdbRequest } from "../work/checkdb-request.ts";
import { Checkpoint, identityDifferences } from "../work/checkpoint.ts";
import type { PlannedRun } from "../work/planned-run.ts";

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
  if (request.resume) {
    return request.reportFolder === undefined ? resumeLatest(run) : resumeIn(request.reportFolder, run);
  }
  const folder = request.reportFolder ?? createRunFolder(request.db, now);
  await assertReplaceable(folder);
  return { folder, checkpoint: await Checkpoint.create(folder, run.identity, run.ranges) };
}

async function resumeIn(folder: string, run: PlannedRun): Promise<RunRecord> {
  if (!Checkpoint.existsIn(folder)) {
    throw new UsageError(`there is no checkpoint in ${folder}: start the run without --resume`);
  }
  const checkpoint = await Checkpoint.open(folder);
  const differences = identityDifferences(checkpoint.identity, run.identity);
  if (differences.length === 0) return { folder, checkpoint };
  await checkpoint.close();
  throw new UsageError(
    `the checkpoint in ${folder} belongs to another run:\n${differences.map((line) => `  ${line}`).join("\n")}`,
  );
}

async function resumeLatest(run: PlannedRun): Promise<RunRecord> {
  for (const folder of earlierRuns()) {
    if (!Checkpoint.existsIn(folder)) continue;
    const checkpoint = await Checkpoint.open(folder);
    if (identityDifferences(checkpoint.identity, run.identity).length === 0) return { folder, checkpoint };
    await checkpoint.close();
  }
  throw new UsageError("no run of this plan is in reports/: name its folder with --report, or start without --resume");
}

async function assertReplaceable(folder: string): Promise<void> {
  if (!Checkpoint.existsIn(folder)) return;
  const checkpoint = await Checkpoint.open(folder);
  await checkpoint.close();
  const { finished, results, ranges } = checkpoint;
  if (finished || results.size === 0) return;
  throw new UsageError(
    `${folder} holds an interrupted run (${results.size} of ${ranges.length} ranges are done): ` +
      "--resume continues it; choose another --report folder, or remove this one, to start over",
  );
}
