import { surveyDatabase } from "../database/survey.ts";
import { assertOutside, createRunFolder, keep } from "../report/run-folder.ts";
import { writeWhole } from "../report/write-file.ts";
import { deliver } from "../terminal/deliver.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { whatifRules } from "../terminal/rules-option.ts";
import { startClock } from "../terminal/timing.ts";
import { watched } from "../terminal/watched-run.ts";
import { colorsFor } from "../text/colors.ts";
import { checkdbRequest } from "../work/checkdb-request.ts";
import { createSharedCounters, RunCounters } from "../work/counters.ts";
import { memoryBudget } from "../work/memory.ts";
import { RunMonitor } from "../work/monitor.ts";
import { costliestFirst } from "../work/plan.ts";
import { type PlannedRun, planRun } from "../work/planned-run.ts";
import { type PoolEnding, RangePool } from "../work/pool.ts";
import { assembleWhatif } from "./assemble.ts";
import { firstChanges } from "./first-changes.ts";
import type { WhatifPlan } from "./range-runner.ts";
import { type WhatifRange, type WhatifReport, whatifRangeSchema } from "./schema.ts";
import { MAX_LISTED } from "./tally.ts";
import { whatifLine, whatifText } from "./text.ts";

/** A checked command line of `qkc whatif`. */
export interface WhatifRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  readonly rules: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly last: number | undefined;
  readonly shards: readonly number[] | undefined;
  readonly workers: number;
  readonly unconfirmed: boolean;
  readonly reportFolder: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

const REPORT_FILE = "whatif.json";
const STALL_SECONDS = 60;

const EXIT_OF_VERDICT: Record<WhatifReport["verdict"], ExitCode> = {
  same: EXIT.clean,
  different: EXIT.divergent,
  unsupported: EXIT.unsupported,
  damaged: EXIT.damaged,
  interrupted: EXIT.interrupted,
  error: EXIT.error,
};

/** `qkc whatif`. Throws what keeps it from an answer before it starts. */
export async function runWhatif(request: WhatifRequest): Promise<ExitCode> {
  const clock = startClock();
  const tested = whatifRules(request.rules);
  assertOutside(request.db, request.reportFolder);
  const run = await planWhatif(request);
  const { ending, results } = await runWatched(request, run);
  const { plan, provenance, ranges, warnings } = run;
  const cpu = process.cpuUsage(clock.cpu);
  const report = assembleWhatif({
    tested,
    provenance: {
      program: provenance.program,
      version: provenance.version,
      database: run.database,
      configHash: run.configHash,
    },
    range: {
      rootFrom: plan.rootFrom,
      rootTo: plan.rootTo,
      shards: [...plan.shards],
      unconfirmed: request.unconfirmed,
    },
    results,
    warnings,
    interrupted: ending.status === "stopped",
    failure: ending.status === "failed" ? ending.failure : undefined,
    timing: {
      startedAt: clock.startedAt.toISOString(),
      seconds: (Date.now() - clock.startedAt.getTime()) / 1000,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      workers: request.workers,
      ranges: ranges.length,
      databasePath: request.db,
      node: process.version,
    },
  });
  const json = `${JSON.stringify(report, null, 2)}\n`;
  const folderOf = () => request.reportFolder ?? createRunFolder(request.db, clock.startedAt);
  const kept = await keep(folderOf, (folder) => writeWhole(folder, REPORT_FILE, json));
  if (ending.status === "failed" && ending.failure.stack !== undefined) {
    process.stderr.write(`${ending.failure.stack}\n`);
  }
  const colors = colorsFor(process.stdout.isTTY, process.env);
  const line = `${whatifLine(report, colors)}\n`;
  const text = () => (request.quiet ? line : whatifText(report, { colors, path: kept.path }));
  const exitCode = EXIT_OF_VERDICT[report.verdict];
  return deliver({ text: request.json ? json : text(), line, kept, exitCode });
}

interface PlannedWhatif extends Omit<PlannedRun, "plan" | "database"> {
  readonly plan: WhatifPlan;
  readonly database: WhatifReport["provenance"]["database"];
  readonly configHash: string;
}

/** Throws UsageError where the request asks for blocks or shards that the database does not have. */
export async function planWhatif(request: WhatifRequest): Promise<PlannedWhatif> {
  const { from, to, last, shards, unconfirmed } = request;
  const check = checkdbRequest({
    db: request.db,
    config: request.configPath,
    from,
    to,
    last,
    shard: shards,
    workers: request.workers,
    unconfirmed: unconfirmed ? true : undefined,
    verifyChecksums: "default",
    stallTimeout: STALL_SECONDS,
  });
  const survey = await surveyDatabase(check);
  try {
    const run = planRun(check, survey);
    const plan = { ...run.plan, rules: request.rules };
    return { ...run, plan, database: survey.identity, configHash: survey.configHash };
  } finally {
    survey.close();
  }
}

async function runWatched(
  { workers, quiet }: WhatifRequest,
  { plan, costs, ranges }: PlannedWhatif,
): Promise<{ readonly ending: PoolEnding; readonly results: readonly WhatifRange[] }> {
  const shared = createSharedCounters(workers, plan.shards);
  const counters = new RunCounters(shared);
  const done = new Map<number, never>();
  const startedAt = Date.now();
  const monitor = new RunMonitor({ counters, costs, ranges, done, stallSeconds: STALL_SECONDS, startedAt });
  let results: readonly WhatifRange[] = [];
  const options = { quiet, counted: "blocks that change", onStop: () => counters.stop() };
  return await watched(options, async (watch) => {
    watch.follow(monitor);
    const pool = new RangePool({
      workerFile: new URL("./worker.js", import.meta.url),
      input: { plan, counters: shared },
      workers: Math.max(1, Math.min(workers, ranges.length)),
      heapMegabytes: memoryBudget(workers).heapMegabytes,
      parseResult: (sent) => whatifRangeSchema.parse(sent),
      onResult: async (result) => {
        results = firstChanges([...results, result], MAX_LISTED);
      },
    });
    try {
      const ending = await pool.run(costliestFirst(ranges));
      return { ending, results };
    } finally {
      await pool.destroy();
    }
  });
}
