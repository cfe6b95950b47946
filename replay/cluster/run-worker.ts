import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { DelayedError, type Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { EPOCH_LENGTH } from "../../node/cl/pow/epoch.ts";
import { createSharedEthashCaches } from "../../node/cl/pow/ethash-cache-pool.ts";
import { SYSTEM_CLOCK, within } from "../../node/codec/clock.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { programVersion } from "../report/version.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import type { ListenAddress } from "../terminal/metrics/listen-address.ts";
import { type MetricsServer, serveMetrics } from "../terminal/metrics/metrics-server.ts";
import { note } from "../terminal/print.ts";
import { onStopSignals } from "../terminal/stop-signals.ts";
import { memoryBudget } from "../work/memory.ts";
import { databaseIdentity } from "../work/planned-run.ts";
import type { DatabaseSurvey, RunPlan, SurveyRequest } from "../work/range-job.ts";
import { findRun, type PublishedRun, stateOf } from "./published-run.ts";
import { MachineFailure, RangeLanes } from "./range-lanes.ts";
import { engineConnection, MOST_TAKEOVERS, PREFIX, queueNameOf, rangeJobSchema } from "./range-queue.ts";
import { connectRedis, type RedisRequest } from "./redis.ts";
import { WorkerTally, workerIllness, workerMetrics } from "./worker-metrics.ts";

const LOOK_MILLISECONDS = 500;

export interface WorkerRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  readonly workers: number;
  readonly redis: RedisRequest;
  readonly queue: string;
  /** Seconds. */
  readonly silence: number;
  /** End with the first run, instead of waiting for the next. */
  readonly once: boolean;
  readonly metrics: ListenAddress | undefined;
}

/** What a worker's threads run, and how it looks at its database. */
export interface WorkerEngine {
  readonly surveyDatabase: (request: SurveyRequest) => Promise<DatabaseSurvey>;
  readonly workerFile: URL;
}

/**
 * Checks ranges of whatever runs a coordinator publishes. Throws UsageError where this database is not the run's: its
 * answers would be about another chain.
 */
export async function runWorker(request: WorkerRequest, engine: WorkerEngine): Promise<ExitCode> {
  const link = await connectRedis(request.redis);
  const stop = new AbortController();
  const release = onStopSignals(
    (signal) => {
      note(`${signal}: giving back what is not done; once more to stop at once`);
      stop.abort();
    },
    () => process.exit(EXIT.interrupted),
  );
  const tally = new WorkerTally();
  let watched: MetricsServer | undefined;
  try {
    watched = request.metrics && (await serveWorkerMetrics(request.metrics, tally, link.redis));
    if (watched !== undefined) note(`metrics: ${watched.url}/metrics`);
    note(`waiting for runs at ${link.name}, queue ${request.queue}`);
    while (!stop.signal.aborted) {
      const run = await findRun(link.redis, request.queue);
      if (run !== undefined) {
        await workOn(run, request, engine, { redis: link.redis, tally, stop: stop.signal });
        if (request.once && !stop.signal.aborted) return EXIT.clean;
      }
      await pause(LOOK_MILLISECONDS);
    }
    return EXIT.interrupted;
  } finally {
    release();
    watched?.close();
    link.close();
  }
}

function serveWorkerMetrics(address: ListenAddress, tally: WorkerTally, redis: Redis): Promise<MetricsServer> {
  const startedAt = Date.now();
  const isServerThere = () => redis.status === "ready";
  return serveMetrics(address, {
    text: () => workerMetrics(programVersion(), startedAt, tally, isServerThere()),
    illness: async () => workerIllness(isServerThere()),
  });
}

interface Surroundings {
  readonly redis: Redis;
  readonly tally: WorkerTally;
  readonly stop: AbortSignal;
}

async function workOn(
  run: PublishedRun,
  request: WorkerRequest,
  engine: WorkerEngine,
  { redis, tally, stop }: Surroundings,
): Promise<void> {
  const plan = await ownPlan(run, request, engine);
  const lanes = new RangeLanes(plan, engine.workerFile, request.workers);
  const connection = engineConnection(redis);
  const worker = new Worker(queueNameOf(request.queue, run), (job, token) => check(job, token, lanes, tally), {
    ...{ connection, prefix: PREFIX, concurrency: request.workers, maxStalledCount: MOST_TAKEOVERS },
    lockDuration: request.silence * 1000,
    stalledInterval: (request.silence * 1000) / 2,
    drainDelay: 1,
  });
  // Told by the engine where the server is gone, which it comes back from by itself.
  worker.on("error", () => {});
  worker.on("failed", (job, error) => note(`${job?.id ?? "a range"} failed here: ${error.message}`));
  note(`at work on run ${run.id}: root blocks ${run.plan.rootFrom}..${run.plan.rootTo}`);
  try {
    await Promise.race([untilOver(redis, request.queue, run, stop), once(stop, "abort")]);
    lanes.stop();
    const patience = request.silence * 1000;
    await within(SYSTEM_CLOCK, patience, worker.close());
    await within(SYSTEM_CLOCK, patience, sweep(redis, request.queue, run));
    note(`run ${run.id}: done here`);
  } finally {
    await lanes.destroy();
    connection.disconnect();
  }
}

/** A coordinator says again that it is there within this time: a server that was restarted empty is no end of a run. */
const MOST_UNKNOWN_LOOKS = 40;

async function untilOver(redis: Redis, queue: string, run: PublishedRun, stop: AbortSignal): Promise<void> {
  let unknown = 0;
  while (!stop.aborted && unknown < MOST_UNKNOWN_LOOKS) {
    const state = await stateOf(redis, queue, run);
    if (state === "over") return;
    unknown = state === "unknown" ? unknown + 1 : 0;
    await pause(LOOK_MILLISECONDS);
  }
}

/** What the engine's scripts write to whatever queue they are run on, be it gone. */
const ENGINE_KEYS = ["meta", "stalled", "stalled-check", "events", "id"];

/** A worker that ends behind its coordinator leaves traces of a queue that was taken away already. */
async function sweep(redis: Redis, queue: string, run: PublishedRun): Promise<void> {
  if ((await stateOf(redis, queue, run)) !== "over") return;
  await redis.del(...ENGINE_KEYS.map((key) => `${PREFIX}:${queueNameOf(queue, run)}:${key}`));
}

async function check(job: Job, token: string | undefined, lanes: RangeLanes, tally: WorkerTally): Promise<unknown> {
  const range = rangeJobSchema.parse(job.data);
  tally.atWork++;
  try {
    const answer = await lanes.check(range);
    if (answer === undefined) tally.failed++;
    else {
      tally.checked++;
      return answer;
    }
  } catch (error) {
    tally.failed++;
    // With its reason, and without what belongs to this machine alone.
    throw error instanceof MachineFailure ? new Error(error.message) : error;
  } finally {
    tally.atWork--;
  }
  await job.moveToDelayed(Date.now(), token);
  throw new DelayedError();
}

async function ownPlan(run: PublishedRun, request: WorkerRequest, engine: WorkerEngine): Promise<RunPlan> {
  const { plan, database } = run;
  if (run.version !== programVersion()) {
    throw new UsageError(`the coordinator is version ${run.version}, this worker ${programVersion()}: use one version`);
  }
  const survey = await engine.surveyDatabase({
    ...{ db: request.db, configPath: request.configPath, rootTip: plan.flags.rootTip ?? undefined },
    ...{ verifyChecksums: plan.flags.verifyChecksums, shards: plan.shards },
  });
  try {
    const own: Readonly<Record<string, string>> = databaseIdentity(survey);
    const lines = Object.entries(database)
      .filter(([name, value]) => own[name] !== value)
      .map(([name, value]) => `  ${name}: run ${value}, here ${own[name] ?? "(none)"}`);
    if (lines.length > 0) {
      throw new UsageError([`${request.db} is not the run's database; give this worker a copy of it:`, ...lines]);
    }
    const { highestBlock, ...rest } = plan;
    const epochs = 2 * request.workers + 2;
    return {
      ...{ ...rest, db: request.db, configPath: survey.configPath },
      ethashCaches: plan.flags.verifyPow ? createSharedEthashCaches(epochs, highestBlock + EPOCH_LENGTH) : null,
      cacheBytesPerWorker: memoryBudget(request.workers).cacheBytesPerWorker,
    };
  } finally {
    survey.close();
  }
}
