import type { BlockSource } from "../../node/archive/block-source.ts";
import type { Hash32 } from "../../node/codec/bytes.ts";
import { hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { assembleReport } from "../report/assemble.ts";
import type { RunFailure } from "../report/failure.ts";
import type { Provenance, RangeResult, ReplaySection, Report } from "../report/schema.ts";
import type { Triage } from "../report/triage-schema.ts";
import { PROGRAM, programVersion } from "../report/version.ts";
import { type RunClock, runTiming } from "../terminal/timing.ts";
import { unusableReport } from "../terminal/unusable-report.ts";
import type { DatabaseSurvey, RootBlockCosts } from "../work/range-job.ts";
import type { ReplayOutcome } from "./execute.ts";
import type { ReplayRequest } from "./replay-request.ts";
import type { ShardCounts } from "./run-state.ts";
import type { ShardProgressState } from "./shard-host.ts";
import type { StepPlan } from "./steps.ts";

export interface ReplayReportInput {
  readonly request: ReplayRequest;
  readonly survey: DatabaseSurvey;
  readonly source: BlockSource;
  readonly plan: StepPlan;
  readonly costs: RootBlockCosts;
  readonly rootTo: number;
  readonly shards: readonly number[];
  readonly warnings: readonly string[];
  /** As it was when this process began. */
  readonly before: readonly ShardProgressState[];
  readonly outcome: ReplayOutcome;
  /** What a closer look at its divergences found. */
  readonly triages: ReadonlyMap<string, Triage>;
  readonly interrupted: boolean;
  readonly failure: RunFailure | undefined;
  readonly clock: RunClock;
}

/** The report of a replay: what all processes that worked on it have verified together. */
export function replayReport(input: ReplayReportInput): Report {
  const { request, survey, source, plan, costs, rootTo, shards, outcome, before, clock } = input;
  const result = rangeResult(input, outcome.states, outcome.divergences);
  const endedWith = outcome.endedWith === undefined ? undefined : plan.step(outcome.endedWith).rootHeight;
  const thisProcess = { ...result, index: 1, shards: difference(result.shards, rangeResult(input, before, []).shards) };
  return assembleReport({
    provenance: provenanceOf(survey),
    range: { rootFrom: 1, rootTo, shards: [...shards] },
    results: [result],
    warnings: input.warnings,
    allowlist: [],
    triages: input.triages,
    expected:
      endedWith !== undefined || input.interrupted || input.failure !== undefined
        ? undefined
        : {
            rootBlocks: survey.checksRootBlocks ? rootTo : 0,
            minorBlocks: [...costs.minorBlocksPerShard.values()].reduce((sum, blocks) => sum + blocks, 0),
            atLeast: false,
          },
    stopped: endedWith === undefined ? null : { reason: "max-divergences", limit: 1, rootHeight: endedWith },
    interrupted: input.interrupted,
    failure: input.failure,
    replay: replaySection(request.withForks, source, outcome.states),
    timing: runTiming(clock, {
      databasePath: request.db,
      configPath: request.configPath,
      workers: request.workers,
      ranges: 1,
      results: [thisProcess],
      resumed: new Map(),
      stalls: [],
    }),
  });
}

/** The report of a replay that could not even begin. */
export function unusableReplay(request: ReplayRequest, clock: RunClock, failure: RunFailure): Report {
  return unusableReport(clock, {
    provenance: provenanceOf(undefined),
    failure,
    replay: { withForks: request.withForks, shards: [] },
    databasePath: request.db,
    configPath: request.configPath,
    workers: request.workers,
  });
}

function provenanceOf(survey: DatabaseSurvey | undefined): Provenance {
  return {
    program: PROGRAM,
    version: programVersion(),
    database: survey?.identity ?? null,
    configHash: survey?.configHash ?? null,
    ruleSet: survey?.ruleSet ?? null,
    flags: {
      verifyPow: false,
      checkArchive: false,
      verifyChecksums: "default",
      unconfirmed: false,
      rootTip: null,
      maxDivergences: 1,
    },
  };
}

/** What is verified, as the result of one range. */
function rangeResult(
  { plan, survey, rootTo }: Pick<ReplayReportInput, "plan" | "survey" | "rootTo">,
  states: readonly ShardProgressState[],
  divergences: ReplayOutcome["divergences"],
): RangeResult {
  const steps = states.map(({ state }) => state.step);
  const reached = steps.length === 0 ? 0 : Math.max(0, plan.heightAt(Math.max(0, Math.min(...steps))));
  const verified = Math.min(reached, rootTo);
  return {
    index: 0,
    checkedTo: verified,
    rootBlocks: survey.checksRootBlocks ? verified : 0,
    shards: states.map(({ fullShardId, state }) => ({ fullShardId, ...blockCounts(state.counts) })),
    divergences: [...divergences],
    unsupported: [],
    damage: [],
    warnings: [],
    timing: { seconds: 0, stages: {} },
  };
}

function blockCounts({
  sideBlocks: _,
  reorgs: __,
  ...counts
}: ShardCounts): Omit<ShardCounts, "sideBlocks" | "reorgs"> {
  return counts;
}

function difference(after: RangeResult["shards"], before: RangeResult["shards"]): RangeResult["shards"] {
  return after.map((shard) => {
    const start = before.find(({ fullShardId }) => fullShardId === shard.fullShardId);
    if (start === undefined) return shard;
    return {
      fullShardId: shard.fullShardId,
      minorBlocks: shard.minorBlocks - start.minorBlocks,
      transactions: shard.transactions - start.transactions,
      deposits: shard.deposits - start.deposits,
      gasUsed: `${BigInt(shard.gasUsed) - BigInt(start.gasUsed)}`,
      xshardGasUsed: `${BigInt(shard.xshardGasUsed) - BigInt(start.xshardGasUsed)}`,
    };
  });
}

function replaySection(withForks: boolean, source: BlockSource, states: readonly ShardProgressState[]): ReplaySection {
  return {
    withForks,
    shards: states.map(({ fullShardId, state: { head, counts } }) => ({
      fullShardId,
      head: head === null ? null : headOf(source, fullShardId, hashFromHex(head)),
      sideBlocks: counts.sideBlocks,
      reorgs: counts.reorgs,
    })),
  };
}

function headOf(source: BlockSource, fullShardId: number, hash: Hash32) {
  const { header, meta } = source.shard(fullShardId).minorBlock(hash);
  return { height: header.height, hash: toHex(hash), stateRoot: toHex(meta.stateRoot) };
}
