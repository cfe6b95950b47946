import { join } from "node:path";
import { RootChain } from "../../node/cl/root-chain.ts";
import { hashFromHex } from "../../node/codec/bytes.ts";
import { QkcError, UsageError } from "../../node/codec/errors.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { surveyDatabase } from "../database/survey.ts";
import { type ChosenEngines, chooseEngines } from "../engines/engine-choice.ts";
import type { EngineAddress } from "../engines/engine-look.ts";
import type { EngineSpec } from "../engines/engine-spec.ts";
import { describeFailure, isFinding, type RunFailure } from "../report/failure.ts";
import {
  assertOutside,
  createRunFolder,
  type KeptReport,
  keep,
  reportText,
  writeReport,
} from "../report/run-folder.ts";
import type { Report } from "../report/schema.ts";
import { summarize, verdictLine } from "../report/summary.ts";
import { deliver } from "../terminal/deliver.ts";
import { type ExitCode, exitCodeOfVerdict } from "../terminal/exit-code.ts";
import { type RunClock, startClock } from "../terminal/timing.ts";
import { watched } from "../terminal/watched-run.ts";
import { shardName } from "../text/block-name.ts";
import { colorsFor } from "../text/colors.ts";
import { commandText, programText, quotedArguments, withPlaces } from "../text/command-text.ts";
import { createSharedCounters, RunCounters } from "../work/counters.ts";
import { memoryBudget } from "../work/memory.ts";
import type { DatabaseSurvey, RootBlockCosts } from "../work/range-job.ts";
import { executeReplay, type ReplayOutcome } from "./execute.ts";
import { withForks } from "./forks.ts";
import { HostFailure } from "./host-messages.ts";
import type { HostSpec } from "./host-spec.ts";
import { replayMonitor } from "./progress.ts";
import { type ReplayReportInput, replayReport, unusableReplay } from "./replay-report.ts";
import { type ReplayRequest, resumeArguments } from "./replay-request.ts";
import { type ReplayTriage, triageReplay } from "./replay-triage.ts";
import { RunStopped } from "./run-link.ts";
import { openRunRecord } from "./run-record.ts";
import type { EngineWrapper } from "./shard-host.ts";
import { canonicalPlan, type PlanData, StepPlan } from "./steps.ts";

const STAKES_NOT_JUDGED =
  "proof-of-work seals and the stakes of root blocks are not judged in a replay: qkc checkdb --verify-pow does it";

const NO_TRIAGE: Omit<ReplayTriage, "divergences"> = { triages: new Map(), faults: new Set(), warnings: [] };

/** What a run is about: the old database, and what is to be fed from it. */
interface PlannedReplay {
  readonly database: OpenDatabase;
  readonly survey: DatabaseSurvey;
  readonly costs: RootBlockCosts;
  readonly rootTo: number;
  readonly shards: readonly number[];
  readonly planData: PlanData;
  readonly plan: StepPlan;
  readonly warnings: readonly string[];
}

export interface ReplayAnswer {
  readonly report: Report;
  /** Blocks of it, by their hash, that an engine is at fault for. */
  readonly faults: ReadonlySet<string>;
  /** What ended the run before its end, if something did. */
  readonly failure: RunFailure | undefined;
  /** The report's, where files of it lie there already. */
  readonly folder: string | undefined;
}

/**
 * `qkc replay`. What keeps it from starting is thrown, unless it is a finding about the database or the engines, or a
 * script waits for JSON.
 */
export async function runReplay(request: ReplayRequest): Promise<ExitCode> {
  const clock = startClock();
  let answer: ReplayAnswer;
  try {
    answer = await replayDatabase(request, clock);
  } catch (error) {
    const failure = describeFailure(error);
    if (failure.code === "USAGE" || !(isFinding(failure) || request.json)) throw error;
    answer = { report: unusableReplay(request, clock, failure), faults: new Set(), failure, folder: undefined };
  }
  const folderOf = () => answer.folder ?? request.reportFolder ?? createRunFolder(request.db, clock.startedAt);
  const kept = await keep(folderOf, (folder) => writeReport(folder, answer.report));
  return printAnswer(request, answer, kept);
}

/** The run behind the command. `wrapEngine` works where all runs in one thread. */
export async function replayDatabase(
  request: ReplayRequest,
  clock: RunClock,
  wrapEngine?: EngineWrapper,
): Promise<ReplayAnswer> {
  assertOutside(request.db, request.datadir, "--datadir");
  assertOutside(request.db, request.reportFolder);
  const planned = await planReplay(request);
  try {
    const record = openRunRecord(request.datadir, identityOf(request, planned), request.resume);
    let folder: string | undefined;
    const folderOf = () => {
      folder ??= request.reportFolder ?? createRunFolder(request.db, clock.startedAt);
      return folder;
    };
    const watched = await watchedReplay(request, planned, record, folderOf, wrapEngine);
    const { outcome, before, triage, isInterrupted: interrupted } = watched;
    const failure = failureOf(outcome, interrupted);
    const { source } = planned.database;
    const { triages, faults } = triage;
    const warnings = [...planned.warnings, ...triage.warnings];
    const found = { source, before, outcome, triages, warnings, interrupted, failure };
    return { report: replayReport({ request, ...planned, ...found, clock }), faults, failure, folder };
  } finally {
    planned.database.source.close();
    planned.survey.close();
  }
}

async function planReplay(request: ReplayRequest): Promise<PlannedReplay> {
  const survey = await surveyDatabase({
    db: request.db,
    configPath: request.configPath,
    rootTip: undefined,
    verifyChecksums: "default",
    shards: request.shards,
  });
  const { tipHeight, tipHash } = survey.identity;
  const rootTo = request.to ?? tipHeight;
  if (rootTo > tipHeight) throw new UsageError(`root block ${rootTo} is above the tip of this database, ${tipHeight}`);
  if (rootTo < 1) throw new UsageError("the database holds the genesis root block only: there is nothing to replay");
  if (request.withForks && rootTo !== tipHeight) {
    throw new UsageError("--with-forks follows the whole chain: leave --to out");
  }
  const shards = shardsOf(request, survey);
  const costs = survey.costs(1, rootTo, shards);
  const database = openDatabase({
    ...request,
    configPath: survey.configPath,
    rootTip: undefined,
    verifyChecksums: "default",
  });
  const warnings = [...survey.warnings, STAKES_NOT_JUDGED];
  const absent = survey.shards.filter((id) => !shards.includes(id));
  if (absent.length > 0) {
    warnings.push(
      `deposits from shard ${absent.map(shardName).join(", ")} come from the old database: they are not replayed`,
    );
  }
  let planData = canonicalPlan(rootTo, (height) => survey.rootHashAt(height));
  if (request.withForks) {
    const chain = new RootChain(database.source.rootBlocks(), hashFromHex(tipHash));
    const forks = withForks(planData, database.source, database.config.quarkchain, chain, shards);
    planData = forks.plan;
    if (forks.leftOut > 0) {
      warnings.push(`${forks.leftOut} side blocks are left out: the database lacks a block that they build on`);
    }
    if (forks.uncommitted > 0) {
      const why = "they, or blocks that they build on, were stored and never committed";
      warnings.push(`${forks.uncommitted} side blocks are left out: ${why}`);
    }
  }
  const plan = new StepPlan(planData, database.source.rootBlocks());
  return { database, survey, costs, rootTo, shards, planData, plan, warnings };
}

function shardsOf({ shards: wanted }: ReplayRequest, { shards: present }: DatabaseSurvey): readonly number[] {
  const unknown = (wanted ?? []).filter((shard) => !present.includes(shard));
  if (unknown.length === 0) return wanted ?? present;
  throw new UsageError(
    `the database has no shard ${unknown.map(shardName).join(", ")}; it has ${present.map(shardName).join(", ")}`,
  );
}

/** A run may be continued on a database that has grown, and to a higher root block, unless it follows forks. */
function identityOf(request: ReplayRequest, { survey, shards, rootTo }: PlannedReplay) {
  const { kind, genesisHash, tipHash } = survey.identity;
  return {
    database: kind,
    "genesis hash": genesisHash,
    "config hash": survey.configHash,
    "rule set": survey.ruleSet,
    shards: shards.join(", "),
    forks: request.withForks ? `up to ${rootTo} ${tipHash}` : "left out",
  };
}

async function watchedReplay(
  request: ReplayRequest,
  planned: PlannedReplay,
  record: { begin(): void },
  folderOf: () => string,
  wrapEngine: EngineWrapper | undefined,
) {
  const { survey, costs, shards } = planned;
  const threads = Math.min(request.workers, shards.length);
  const counters = createSharedCounters(threads, survey.shards);
  let stop = () => {};
  const interruption = new AbortController();
  let engineFailure: Error | undefined;
  const onStop = () => {
    interruption.abort(new QkcError("INTERRUPTED", "interrupted before the engines answered"));
    stop();
  };
  return await watched({ quiet: request.quiet, metrics: request.metrics, onStop }, async (watch) => {
    const engines = await chooseEngines({
      choice: request.engines,
      config: planned.database.config.quarkchain,
      configPath: survey.configPath,
      datadir: request.datadir,
      shards,
      gcMode: request.gcMode,
      cacheBytes: Math.floor((memoryBudget(threads).cacheBytesPerWorker * threads) / (2 * shards.length)),
      resume: request.resume,
      signal: interruption.signal,
      onGivenUp: (error) => {
        engineFailure = error;
        stop();
      },
      onRestart: (text) => watch.message(text),
    });
    try {
      record.begin();
      let before: ReplayReportInput["before"] = [];
      const outcome = await executeReplay({
        hosts: hostSpecs(request, planned, engines, threads, counters),
        source: planned.database.source,
        config: planned.database.config.quarkchain,
        workerFile: new URL("./host-worker.js", import.meta.url),
        heapMegabytes: memoryBudget(threads).heapMegabytes,
        wrapEngine,
        onStart: (states, stopAll) => {
          before = states;
          stop = stopAll;
          if (watch.isInterrupted || engineFailure !== undefined) stopAll();
          watch.follow(replayMonitor(new RunCounters(counters), costs, states));
        },
      });
      const ended = engineFailure === undefined ? outcome : { ...outcome, failure: engineFailure };
      const untriaged = () => ({ outcome: ended, before, triage: NO_TRIAGE, isInterrupted: watch.isInterrupted });
      if (watch.isInterrupted || ended.failure !== undefined || ended.divergences.length === 0) return untriaged();
      watch.message(`looking closer at ${ended.divergences.length} divergences`);
      // Engines are still there to be asked.
      const { divergences, ...triage } = await lookCloser(ended.divergences, () =>
        triageReplay({
          divergences: ended.divergences,
          refusals: ended.refusals,
          database: planned.database,
          db: request.db,
          folder: folderOf(),
          addressOf: (fullShardId) => addressOf(engines.specs.get(fullShardId)),
          again: `qkc ${quotedArguments(resumeArguments({ ...request, db: "DIR", reportFolder: undefined }))}`,
          shouldStop: () => watch.isInterrupted,
        }),
      );
      // What is missing of the closer look is made up for by --resume.
      if (watch.isInterrupted) return untriaged();
      return { outcome: { ...ended, divergences }, before, triage, isInterrupted: false };
    } finally {
      await engines.close();
    }
  });
}

/** What is found stands whatever a closer look at it comes to. */
async function lookCloser(
  found: ReplayTriage["divergences"],
  look: () => Promise<ReplayTriage>,
): Promise<ReplayTriage> {
  try {
    return await look();
  } catch (error) {
    const warning = `a closer look at the divergences failed: ${describeFailure(error).message}`;
    return { ...NO_TRIAGE, divergences: found, warnings: [warning] };
  }
}

/** What runs in this process can be asked for nothing else. */
function addressOf(spec: EngineSpec | undefined): EngineAddress | undefined {
  return spec?.kind === "http" ? { url: spec.url, jwtSecret: spec.jwtSecret } : undefined;
}

/** Shards are dealt out by their number of blocks, the costliest first, each to the thread with the least. */
function hostSpecs(
  request: ReplayRequest,
  planned: PlannedReplay,
  { specs }: ChosenEngines,
  threads: number,
  counters: HostSpec["counters"],
): HostSpec[] {
  const { survey, shards, planData, costs } = planned;
  const blocksOf = (id: number) => costs.minorBlocksPerShard.get(id) ?? 0;
  const hosts = Array.from({ length: threads }, () => ({ blocks: 0, shards: [] as number[] }));
  for (const id of [...shards].sort((a, b) => blocksOf(b) - blocksOf(a) || a - b)) {
    const least = hosts.reduce((a, b) => (b.blocks < a.blocks ? b : a));
    least.blocks += blocksOf(id);
    least.shards.push(id);
  }
  const cacheBytes = Math.floor(memoryBudget(threads).cacheBytesPerWorker / (2 * (survey.shards.length + 1)));
  return hosts.map(({ shards: hosted }) => ({
    db: request.db,
    configPath: survey.configPath,
    rootTip: undefined,
    plan: planData,
    shards,
    hosted: hosted.map((fullShardId) => {
      const engine = specs.get(fullShardId);
      if (engine === undefined) throw new UsageError(`there is no engine for shard ${fullShardId}`);
      return { fullShardId, store: join(request.datadir, `cl-${fullShardId}`), engine };
    }),
    counters,
    cacheBytes,
  }));
}

/** What ended the run before its end; being interrupted is no failure. */
function failureOf({ failure }: ReplayOutcome, isInterrupted: boolean): RunFailure | undefined {
  if (failure === undefined || (isInterrupted && failure instanceof RunStopped)) return undefined;
  return failure instanceof HostFailure ? failure.failure : describeFailure(failure);
}

function printAnswer(request: ReplayRequest, { report, faults, failure }: ReplayAnswer, kept: KeptReport): ExitCode {
  if (failure?.stack !== undefined) process.stderr.write(`${failure.stack}\n`);
  const colors = colorsFor(process.stdout.isTTY, process.env);
  const line = `${verdictLine(report, colors)}\n`;
  const text = () => {
    if (request.json) return reportText(report);
    if (request.quiet) return line;
    const next =
      kept.trouble === undefined ? nextCommand(report, faults, request) : commandText(resumeArguments(request));
    return summarize(report, { colors, reportPath: kept.path, next, isWhole: kept.trouble !== undefined });
  };
  return deliver({ text: text(), line, kept, exitCode: exitCodeOfVerdict(report.verdict) });
}

/** A closer look at a divergence, or what continues a run that has not come to its end. */
function nextCommand(report: Report, faults: ReplayAnswer["faults"], request: ReplayRequest): string | undefined {
  if (report.verdict === "interrupted" || report.verdict === "error") return commandText(resumeArguments(request));
  const [divergence] = report.divergences;
  if (divergence === undefined) return undefined;
  const { fullShardId, rootHeight, hash, triage } = divergence;
  // A check of the chain has nothing to say of an engine.
  if (faults.has(hash))
    return triage === null ? undefined : withPlaces(triage.command, { program: programText(), db: request.db });
  const config = request.configPath === undefined ? [] : ["--config", request.configPath];
  const root = rootHeight === null ? [] : ["--from", `${rootHeight}`, "--to", `${rootHeight}`];
  const shard = fullShardId === null ? [] : ["--shard", `${fullShardId}`];
  return commandText(["checkdb", "--db", request.db, ...config, ...root, ...shard, "--json"]);
}
