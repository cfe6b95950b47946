import { EPOCH_LENGTH } from "../../node/cl/pow/epoch.ts";
import { createSharedEthashCaches, type SharedEthashCaches } from "../../node/cl/pow/ethash-cache-pool.ts";
import { UsageError } from "../../node/codec/errors.ts";
import type { ExpectedCounts } from "../report/assemble.ts";
import type { Provenance, Range, RunFlags } from "../report/schema.ts";
import { PROGRAM, programVersion } from "../report/version.ts";
import { shardName } from "../text/block-name.ts";
import type { CheckdbRequest, SpanRequest } from "./checkdb-request.ts";
import type { RunIdentity } from "./checkpoint.ts";
import { memoryBudget } from "./memory.ts";
import { planRanges } from "./plan.ts";
import type { DatabaseSurvey, HintedSpan, ProvedSpan, RootBlockCosts, RunPlan } from "./range-job.ts";
import { mostParts, type Part, partText, rangesOfPart } from "./split.ts";

/** A database of which nothing is right, or a config that does not belong to it, would fill memory with findings. */
const MAX_FINDINGS = 20_000;

/** A request that a database can answer: what will be checked, and what a complete run must count. */
export interface PlannedRun {
  readonly plan: RunPlan;
  readonly costs: RootBlockCosts;
  /** Of the part that is asked for, numbered from 0. */
  readonly ranges: readonly Range[];
  /** The run that this is a part of, or this itself. */
  readonly whole: WholeRun;
  readonly expected: ExpectedCounts;
  readonly provenance: Provenance;
  /** Of the database alone. */
  readonly database: RunIdentity;
  /** Height of its highest confirmed block of any chain. */
  readonly highestBlock: number;
  /** Of the whole run: equal for all its parts. */
  readonly identity: RunIdentity;
  readonly warnings: readonly string[];
  /** Proves what the plan took from the height index; undefined where it took nothing from there. */
  readonly prove: ((isNeeded: () => boolean) => Promise<ProvedSpan>) | undefined;
}

interface WholeRun {
  readonly rootFrom: number;
  readonly rootTo: number;
  readonly ranges: readonly Range[];
  /** Index among them of the first range that is planned here. */
  readonly firstRange: number;
}

/**
 * Throws UsageError where the request asks for blocks or shards that the database does not have.
 * @param mayHint whether the plan may rest on the height index until it is proved
 */
export function planRun(request: CheckdbRequest, survey: DatabaseSurvey, mayHint = false): PlannedRun {
  if (request.verifyPow && survey.isPowDisabled) {
    const what = "QUARKCHAIN.DISABLE_POW_CHECK is true: this chain's blocks need no seals";
    throw new UsageError(`${survey.configPath}: ${what}, leave --verify-pow out`);
  }
  const whole = resolveSpan(request, survey);
  const shards = resolveShards(request.shards, survey.excerpt?.shards ?? survey.shards);
  const hinted = mayHint ? survey.hinted(whole.rootFrom, whole.rootTo, shards) : undefined;
  const wholeCosts = hinted?.costs ?? survey.costs(whole.rootFrom, whole.rootTo, shards);
  if (request.shards !== undefined && !request.unconfirmed) assertBlocks(wholeCosts, whole.rootFrom, whole.rootTo);
  const wholeRanges = rangesOf(request, whole, wholeCosts);
  const mine = request.part === undefined ? wholeRanges : rangesOfPart(wholeRanges, request.part);
  const { rootFrom, rootTo } = spanOf(mine);
  const costs = request.part === undefined ? wholeCosts : costsOfPart(survey, rootFrom, rootTo, shards, hinted);
  const ranges = mine.map((range, index) => ({ ...range, index }));
  const flags = runFlags(request);
  const provenance = provenanceOf(request, survey);
  const heights = ranges.map(({ lastRootHeight }) => lastRootHeight);
  const span = { from: rootFrom, to: rootTo, shards, heights };
  return {
    plan: {
      db: request.db,
      configPath: survey.configPath,
      rootFrom,
      rootTo,
      shards,
      flags,
      rootTipHeight: survey.identity.tipHeight,
      anchors: heights.map((height) => hinted?.rootHashAt(height) ?? survey.rootHashAt(height)),
      ethashCaches: request.verifyPow ? ethashCaches(request.workers, survey.highestBlock) : null,
      cacheBytesPerWorker: memoryBudget(request.workers).cacheBytesPerWorker,
      maxFindings: MAX_FINDINGS,
    },
    costs,
    ranges,
    whole: { ...whole, ranges: wholeRanges, firstRange: mine[0].index },
    expected: {
      rootBlocks: survey.checksRootBlocks ? rootTo - rootFrom + 1 : 0,
      minorBlocks: [...costs.minorBlocksPerShard.values()].reduce((sum, blocks) => sum + blocks, 0),
      atLeast: ranges.some(({ unconfirmed }) => unconfirmed),
    },
    provenance,
    warnings: survey.warnings,
    prove: hinted && ((isNeeded) => survey.prove(span, isNeeded)),
    database: databaseIdentity(survey),
    highestBlock: survey.highestBlock,
    identity: {
      "program version": provenance.version,
      ...databaseIdentity(survey),
      "root blocks": `${whole.rootFrom}..${whole.rootTo}`,
      shards: shards.join(", "),
      "range size": request.batch === undefined ? "by weight" : `${request.batch}`,
      ...Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, `${value}`])),
    },
  };
}

/** What two databases have in common of which a run gives the same answer, by names that people read. */
export function databaseIdentity({ identity, configHash, ruleSet }: DatabaseSurvey): RunIdentity {
  return {
    database: identity.kind,
    "genesis hash": identity.genesisHash,
    "root tip": `${identity.tipHeight} ${identity.tipHash}`,
    "config hash": configHash,
    "rule set": ruleSet,
  };
}

/** What tells a run's checkpoint from another's: the run, and which part of it. */
export function checkpointIdentity({ identity }: PlannedRun, part: Part | undefined): RunIdentity {
  return part === undefined ? identity : { ...identity, part: partText(part) };
}

/** Ranges that are too few for the parts are made smaller: a run is shared by as many machines as are there. */
function rangesOf(
  { batch, unconfirmed, part }: CheckdbRequest,
  { rootFrom, rootTo }: { readonly rootFrom: number; readonly rootTo: number },
  costs: RootBlockCosts,
): readonly Range[] {
  const ranges = planRanges({ rootFrom, costs, batch, unconfirmed });
  if (part === undefined || part.count <= mostParts(ranges)) return ranges;
  const smaller = Math.max(1, Math.floor((rootTo - rootFrom + 1) / part.count));
  return planRanges({ rootFrom, costs, batch: smaller, unconfirmed });
}

function spanOf(ranges: readonly Range[]): { readonly rootFrom: number; readonly rootTo: number } {
  return { rootFrom: ranges[0].firstRootHeight, rootTo: ranges[ranges.length - 1].lastRootHeight };
}

function costsOfPart(
  survey: DatabaseSurvey,
  rootFrom: number,
  rootTo: number,
  shards: readonly number[],
  hinted: HintedSpan | undefined,
): RootBlockCosts {
  const ofPart = hinted && survey.hinted(rootFrom, rootTo, shards);
  return ofPart?.costs ?? survey.costs(rootFrom, rootTo, shards);
}

/**
 * Every worker may be in another epoch of the root chain and of the shards; blocks that no root block confirms yet lie a
 * little above the highest one known.
 */
function ethashCaches(workers: number, highestBlock: number): SharedEthashCaches {
  return createSharedEthashCaches(2 * workers + 2, highestBlock + EPOCH_LENGTH);
}

/** What a report says about its origin; without a survey the database could not be opened. */
export function provenanceOf(request: CheckdbRequest, survey: DatabaseSurvey | undefined): Provenance {
  return {
    program: PROGRAM,
    version: programVersion(),
    database: survey?.identity ?? null,
    configHash: survey?.configHash ?? null,
    ruleSet: survey?.ruleSet ?? null,
    flags: runFlags(request),
  };
}

function runFlags(request: CheckdbRequest): RunFlags {
  return {
    verifyPow: request.verifyPow,
    checkArchive: request.checkArchive,
    verifyChecksums: request.verifyChecksums,
    unconfirmed: request.unconfirmed,
    rootTip: request.rootTip ?? null,
    maxDivergences: request.maxDivergences,
  };
}

function resolveSpan(
  request: CheckdbRequest,
  { identity, excerpt }: DatabaseSurvey,
): { rootFrom: number; rootTo: number } {
  const tip = identity.tipHeight;
  const first = excerpt?.rootFrom ?? 1;
  if (tip === 0) throw new UsageError("the database holds the genesis root block only: there is nothing to check");
  const { rootFrom, rootTo } = spanHeights(request.span, first, tip, identity.kind);
  if (rootTo > tip) throw new UsageError(`root block ${rootTo} is above the tip of this database, ${tip}`);
  if (rootFrom > tip) throw new UsageError(`root block ${rootFrom} is above the tip of this database, ${tip}`);
  if (rootFrom < first)
    throw new UsageError(`this database is an excerpt: it begins at root block ${first}, not ${rootFrom}`);
  if (rootFrom > rootTo)
    throw new UsageError(`the range is empty: it starts at root block ${rootFrom} and ends at ${rootTo}`);
  if (request.unconfirmed && rootTo !== tip) {
    throw new UsageError(`--unconfirmed checks the blocks above the tip, ${tip}: the range must end there`);
  }
  return { rootFrom, rootTo };
}

/** `first`: of the root blocks that can be checked. */
function spanHeights(
  span: SpanRequest,
  first: number,
  tip: number,
  kind: string,
): { rootFrom: number; rootTo: number } {
  switch (span.kind) {
    case "heights":
      return { rootFrom: span.from ?? first, rootTo: span.to ?? tip };
    case "last":
      return { rootFrom: Math.max(first, tip - span.count + 1), rootTo: tip };
    case "downwards":
      return downwards(span, tip, kind);
  }
}

/**
 * As each client means it (pyquarkchain cluster/master.py check_db, goquarkchain cluster/master/backend.go CheckDB): a
 * start beyond the tip is the tip, and genesis is never checked. An end below zero is the first block; to goquarkchain it
 * is counted back from the start, unless that goes beyond the first block.
 */
function downwards(
  { from, to }: Extract<SpanRequest, { kind: "downwards" }>,
  tip: number,
  kind: string,
): { rootFrom: number; rootTo: number } {
  const start = from >= 0 && from < tip ? from : tip;
  const isCountedBack = to < 0 && kind === "goquarkchain" && -to < start;
  return { rootFrom: Math.max(isCountedBack ? start + to : to, 1), rootTo: start };
}

function resolveShards(wanted: readonly number[] | undefined, present: readonly number[]): readonly number[] {
  if (wanted === undefined) return present;
  const unknown = wanted.filter((shard) => !present.includes(shard));
  if (unknown.length === 0) return wanted;
  throw new UsageError(
    `the database has no shard ${unknown.map(shardName).join(", ")}; it has ${present.map(shardName).join(", ")}`,
  );
}

/** A shard that the user named must not be clean because there was nothing of it to check. */
function assertBlocks(costs: RootBlockCosts, rootFrom: number, rootTo: number): void {
  for (const [shard, blocks] of costs.minorBlocksPerShard) {
    if (blocks === 0) {
      throw new UsageError(`root blocks ${rootFrom}..${rootTo} confirm no block of shard ${shardName(shard)}`);
    }
  }
}
