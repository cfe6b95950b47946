import { assembleReport, divergencesInOrder } from "../report/assemble.ts";
import { readAllowlist } from "../report/classes/allowlist.ts";
import { describeFailure } from "../report/failure.ts";
import { keep, writeReport } from "../report/run-folder.ts";
import type { ReportSince } from "../report/schema.ts";
import type { ExitCode } from "../terminal/exit-code.ts";
import { limitWarnings, startLimits } from "../terminal/start-limits.ts";
import { type RunClock, runTiming, startClock } from "../terminal/timing.ts";
import { watched } from "../terminal/watched-run.ts";
import type { TriageRun } from "../triage/triage-run.ts";
import type { CheckdbRequest, Invocation } from "../work/checkdb-request.ts";
import { createSharedCounters, RunCounters } from "../work/counters.ts";
import { memoryBudget } from "../work/memory.ts";
import { RunMonitor, type Stall } from "../work/monitor.ts";
import { type PlannedRun, planRun } from "../work/planned-run.ts";
import { BrokenChainError, runProved } from "../work/proved-run.ts";
import type { DatabaseSurvey, ProfileRequest } from "../work/range-job.ts";
import { executeRun, type RunOutcome } from "../work/run.ts";
import { continuedRequest } from "../work/since.ts";
import { printReport, reportUnusable } from "./answer.ts";
import type { CheckdbEngine } from "./checkdb-engine.ts";
import { keepPartRecord, partOfReport } from "./part.ts";
import { openRunRecord, type RunRecord } from "./run-record.ts";

/**
 * `qkc checkdb`: looks at the database, checks the range, writes and prints the report, answers with the exit code.
 * Throws what keeps it from an answer before the run starts: usage, configuration, no database.
 */
export async function checkdb(invocation: Invocation, engine: CheckdbEngine): Promise<ExitCode> {
  const clock = startClock();
  const { request } = invocation;
  // Before anything else: what it says wrong is for the user to mend.
  if (request.allowFile !== undefined) readAllowlist(request.allowFile);
  let survey: DatabaseSurvey | undefined;
  let run: PlannedRun;
  let since: ReportSince | undefined;
  try {
    survey = await engine.surveyDatabase(request);
    const continued = request.since === undefined ? undefined : await continuedRequest(request.since, request, survey);
    since = continued?.since;
    run = planRun(continued?.request ?? request, survey, true);
  } catch (error) {
    survey?.close();
    return await reportUnusable(invocation, clock, error);
  }
  try {
    // What is proved already needs no second look, and its files would hold memory.
    if (run.prove === undefined) survey.close();
    return await checkPlanned(invocation, engine, { run, since }, clock);
  } catch (error) {
    if (!(error instanceof BrokenChainError)) throw error;
    return await reportUnusable(invocation, clock, error.cause);
  } finally {
    survey.close();
  }
}

async function checkPlanned(
  invocation: Invocation,
  engine: CheckdbEngine,
  { run, since }: { readonly run: PlannedRun; readonly since: ReportSince | undefined },
  clock: RunClock,
): Promise<ExitCode> {
  const { request } = invocation;
  const allowlist = request.allowFile === undefined ? [] : readAllowlist(request.allowFile);
  const record = await openRunRecord(request, run, clock.startedAt);
  try {
    const { outcome, minorBlocks, stalls, triage } = await executeWatched(request, engine, run, record);
    const report = assembleReport({
      provenance: run.provenance,
      since,
      part: partOfReport(request, run),
      range: { rootFrom: run.plan.rootFrom, rootTo: run.plan.rootTo, shards: [...run.plan.shards] },
      results: outcome.results,
      warnings: [...run.warnings, ...triage.warnings],
      allowlist,
      triages: triage.triages,
      classes: triage.classes,
      expected: { ...run.expected, minorBlocks },
      stopped: outcome.stopped,
      interrupted: outcome.interrupted,
      failure: outcome.failure,
      timing: runTiming(clock, {
        databasePath: request.db,
        configPath: request.configPath,
        workers: request.workers,
        ranges: run.ranges.length,
        results: outcome.results,
        resumed: record.checkpoint.results,
        stalls,
      }),
    });
    const isWhole = !outcome.interrupted && outcome.failure === undefined;
    const kept = await keep(
      () => record.folder,
      async (folder) => {
        const path = await writeReport(folder, report);
        if (isWhole)
          await keepPartRecord({ request, run, results: outcome.results, minorBlocks, triage, report, folder });
        if (isWhole) await record.checkpoint.markFinished();
        return path;
      },
    );
    return printReport(invocation, report, { folder: record.folder, kept, stack: outcome.failure?.stack });
  } finally {
    await record.checkpoint.close();
  }
}

interface WatchedOutcome {
  readonly outcome: RunOutcome;
  /** That a complete run counts. */
  readonly minorBlocks: number;
  readonly stalls: readonly Stall[];
  readonly triage: TriageRun;
}

const NO_TRIAGE: TriageRun = { triages: new Map(), classes: new Map(), warnings: [] };

async function executeWatched(
  request: CheckdbRequest,
  engine: CheckdbEngine,
  run: PlannedRun,
  { checkpoint, folder }: RunRecord,
): Promise<WatchedOutcome> {
  const shared = createSharedCounters(request.workers, run.plan.shards);
  const counters = new RunCounters(shared);
  const { ranges, results: done } = checkpoint;
  const { stallSeconds } = request;
  const monitor = new RunMonitor({ counters, costs: run.costs, ranges, done, stallSeconds, startedAt: Date.now() });
  let current = shared;
  const stop = () => new RunCounters(current).stop();
  const { createPool } = engine;
  return await watched({ quiet: request.quiet, metrics: request.metrics, onStop: stop }, async (watch) => {
    for (const warning of limitWarnings(startLimits(request.workers, folder))) watch.message(`warning: ${warning}`);
    if (done.size > 0) watch.message(`continuing ${folder}: ${done.size} of ${ranges.length} ranges are done`);
    const { unproved } = checkpoint;
    if (unproved > 0) watch.message(`${folder}: ${unproved} results are not as they were written: checked once more`);
    watch.follow(monitor);
    const { outcome, minorBlocks } = await runProved(
      { anchors: run.plan.anchors, ranges, done, minorBlocks: run.expected.minorBlocks },
      {
        execute: (anchors, known) => {
          // Limits that a run reached on ranges of another chain are none.
          if (anchors !== run.plan.anchors) current = createSharedCounters(request.workers, run.plan.shards);
          return executeRun({
            workerFile: engine.workerFile,
            // Workers elsewhere are told the plan with the anchors that hold.
            createPool:
              createPool &&
              ((pool) => createPool(pool, { ...run, plan: { ...run.plan, anchors } }, (text) => watch.message(text))),
            input: { plan: { ...run.plan, anchors, profile: profileRequest(request, folder) }, counters: current },
            ranges,
            done: known,
            workers: request.workers,
            heapMegabytes: memoryBudget(request.workers).heapMegabytes,
            record: (result) => checkpoint.record(result),
          });
        },
        prove: run.prove,
        stop,
      },
    );
    const { stalls } = monitor;
    if (outcome.interrupted || outcome.failure !== undefined) {
      return { outcome, minorBlocks, stalls, triage: NO_TRIAGE };
    }
    const triage = await lookCloser(() =>
      engine.triageDivergences({
        ...request,
        configPath: run.plan.configPath,
        divergences: divergencesInOrder(outcome.results),
        folder,
        onStart: (count) => watch.message(`looking closer at ${count} divergences`),
        shouldStop: () => watch.isInterrupted,
      }),
    );
    // What is missing of the closer look is made up for by --resume.
    return watch.isInterrupted
      ? { outcome: { ...outcome, interrupted: true }, minorBlocks, stalls, triage: NO_TRIAGE }
      : { outcome, minorBlocks, stalls, triage };
  });
}

function profileRequest({ profile }: CheckdbRequest, folder: string): ProfileRequest | undefined {
  return profile && { cpuFolder: profile === "cpu" ? folder : undefined };
}

/** What is found stands whatever a closer look at it comes to. */
async function lookCloser(look: () => Promise<TriageRun>): Promise<TriageRun> {
  try {
    return await look();
  } catch (error) {
    return { ...NO_TRIAGE, warnings: [`a closer look at the divergences failed: ${describeFailure(error).message}`] };
  }
}
