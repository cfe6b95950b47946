import type { ClusterConfig } from "../../node/chain/config.ts";
import type { RootChain } from "../../node/cl/root-chain.ts";
import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { createRangeRunner } from "../checkdb/range-runner.ts";
import { describeFailure } from "../report/failure.ts";
import type { RangeResult } from "../report/schema.ts";
import { memoryBudget } from "../work/memory.ts";
import type { RunPlan } from "../work/range-job.ts";
import type { Diagnosis } from "./diagnosis.ts";

export interface TrialRequest {
  readonly db: string;
  readonly config: ClusterConfig;
  readonly configPath: string;
  readonly chain: RootChain;
  readonly tipHash: Hash32;
  readonly tipIsGuessed: boolean;
  readonly shards: readonly number[];
  readonly rootHashAt: (height: number) => Hash32 | undefined;
  readonly workers: number;
  /** About how long to check. */
  readonly seconds: number;
}

/** What checking a little says about checking all. */
export interface TrialFacts {
  readonly rootBlocks: number;
  readonly minorBlocks: number;
  readonly seconds: number;
  /** For all root blocks with all workers; cold caches and few samples make it rough. */
  readonly estimatedSeconds: number;
}

/** Where in the chain blocks are tried, as parts of it: what blocks hold changes over the years. */
const PLACES = [0.1, 0.3, 0.5, 0.7, 0.9, 1];
const UNWATCHED = { startBlock: () => {}, finishBlock: () => {}, countDivergence: () => {} };

/** Checks blocks of several places for about a second, as `qkc checkdb` does. What that finds goes to the diagnosis. */
export async function tryCheck(request: TrialRequest, diagnosis: Diagnosis): Promise<TrialFacts | undefined> {
  const { tipHeight } = request.chain;
  if (tipHeight === 0) return undefined;
  const trial = new Trial(request, diagnosis);
  const places = [...new Set(PLACES.map((part) => Math.max(1, Math.round(tipHeight * part))))];
  for (const [i, height] of places.entries()) {
    const end = i + 1 < places.length ? places[i + 1] - 1 : tipHeight;
    await trial.checkFrom(height, end, request.seconds / places.length);
  }
  if (trial.rootBlocks === 0) return undefined;
  return {
    rootBlocks: trial.rootBlocks,
    minorBlocks: trial.minorBlocks,
    seconds: trial.seconds,
    estimatedSeconds: ((trial.seconds / trial.rootBlocks) * tipHeight) / request.workers,
  };
}

class Trial {
  rootBlocks = 0;
  minorBlocks = 0;
  seconds = 0;
  private readonly request: TrialRequest;
  private readonly diagnosis: Diagnosis;

  constructor(request: TrialRequest, diagnosis: Diagnosis) {
    this.request = request;
    this.diagnosis = diagnosis;
  }

  async checkFrom(first: number, last: number, seconds: number): Promise<void> {
    let spent = 0;
    for (let from = first, length = 1; from <= last && spent < seconds; length *= 2) {
      const to = Math.min(last, from + length - 1);
      const result = await this.check(from, to);
      if (result === undefined) return;
      spent += result.timing.seconds;
      from = to + 1;
    }
  }

  private async check(from: number, to: number): Promise<RangeResult | undefined> {
    try {
      const range = { index: 0, firstRootHeight: from, lastRootHeight: to, unconfirmed: false, weight: 1 };
      const result = await createRangeRunner(this.plan(from, to)).run(range, UNWATCHED, () => false);
      if (result === "stopped") return undefined;
      this.count(result, to - from + 1);
      return result;
    } catch (error) {
      const { message } = describeFailure(error);
      this.diagnosis.add(
        "limit",
        "TRIAL_FAILED",
        { fullShardId: null, height: from },
        `a trial check could not be made: ${message}`,
      );
      return undefined;
    }
  }

  private plan(from: number, to: number): RunPlan {
    const { db, configPath, chain, tipHash, tipIsGuessed, shards, rootHashAt, workers } = this.request;
    return {
      db,
      configPath,
      rootFrom: from,
      rootTo: to,
      shards,
      flags: {
        verifyPow: false,
        checkArchive: false,
        verifyChecksums: "default",
        unconfirmed: false,
        rootTip: tipIsGuessed ? toHex(tipHash) : null,
        maxDivergences: null,
      },
      rootTipHeight: chain.tipHeight,
      anchors: [toHex(rootHashAt(to) ?? chain.hashAt(to))],
      ethashCaches: null,
      cacheBytesPerWorker: memoryBudget(workers).cacheBytesPerWorker,
    };
  }

  private count({ shards, timing, divergences, damage, unsupported }: RangeResult, rootBlocks: number): void {
    this.rootBlocks += rootBlocks;
    for (const { minorBlocks } of shards) this.minorBlocks += minorBlocks;
    this.seconds += timing.seconds;
    for (const { fullShardId, height, message } of damage) {
      this.diagnosis.add("damage", "TRIAL_DAMAGE", { fullShardId, height: height ?? undefined }, message);
    }
    for (const { fullShardId, height, fields, violations } of divergences) {
      const what = [...fields.map(({ field }) => field), ...violations.map(({ code }) => code)].join(", ");
      const message = `the block does not re-execute to what it declares (${what}); qkc checkdb tells more`;
      this.diagnosis.add("limit", "TRIAL_DIVERGENCE", { fullShardId, height }, message);
    }
    for (const { fullShardId, height, message } of unsupported) {
      this.diagnosis.add("limit", "TRIAL_UNSUPPORTED", { fullShardId, height: height ?? undefined }, message);
    }
  }
}
