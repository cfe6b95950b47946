import type { ClusterConfig } from "../../node/chain/config.ts";
import type { RootChain } from "../../node/cl/root-chain.ts";
import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { createRangeRunner } from "../execution/range-runner.ts";
import { describeFailure } from "../report/failure.ts";
import type { RangeResult } from "../report/schema.ts";
import { findCauses } from "../triage/divergence-causes.ts";
import { memoryBudget } from "../work/memory.ts";
import type { RangeProgress, RunPlan } from "../work/range-job.ts";
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
const PLACES = [0.2, 0.5, 1];
/** Root blocks of a first trial: what comes behind the first one shows the pace of a long run. */
const FIRST_LENGTH = 3;

/** Checks blocks of several places for about a second, as `qkc checkdb` does. What that finds goes to the diagnosis. */
export async function tryCheck(request: TrialRequest, diagnosis: Diagnosis): Promise<TrialFacts | undefined> {
  const { tipHeight } = request.chain;
  if (tipHeight === 0) return undefined;
  const trial = new Trial(request, diagnosis);
  const highest = Math.max(1, tipHeight - FIRST_LENGTH + 1);
  const places = [...new Set(PLACES.map((part) => Math.min(highest, Math.max(1, Math.round(tipHeight * part)))))];
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
  readonly #request: TrialRequest;
  readonly #diagnosis: Diagnosis;

  constructor(request: TrialRequest, diagnosis: Diagnosis) {
    this.#request = request;
    this.#diagnosis = diagnosis;
  }

  async checkFrom(first: number, last: number, seconds: number): Promise<void> {
    let spent = 0;
    for (let from = first, length = FIRST_LENGTH; from <= last && spent < seconds; length *= 2) {
      const to = Math.min(last, from + length - 1);
      const result = await this.#check(from, to);
      if (result === undefined) return;
      spent += result.timing.seconds;
      from = to + 1;
    }
  }

  async #check(from: number, to: number): Promise<RangeResult | undefined> {
    try {
      const range = { index: 0, firstRootHeight: from, lastRootHeight: to, unconfirmed: false, weight: 1 };
      const pace = new Pace(from);
      const runner = createRangeRunner(this.#plan(from, to), findCauses);
      try {
        const result = await runner.run(range, pace, () => false);
        if (result === "stopped") return undefined;
        this.#count(result, pace.measured(to, result));
        return result;
      } finally {
        runner.close();
      }
    } catch (error) {
      const { message } = describeFailure(error);
      this.#diagnosis.add(
        "limit",
        "TRIAL_FAILED",
        { fullShardId: null, height: from },
        `a trial check could not be made: ${message}`,
      );
      return undefined;
    }
  }

  #plan(from: number, to: number): RunPlan {
    const { db, configPath, chain, tipHash, tipIsGuessed, shards, rootHashAt, workers } = this.#request;
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
      maxFindings: 1000,
    };
  }

  #count({ divergences, damage, unsupported }: RangeResult, measured: Measured): void {
    this.rootBlocks += measured.rootBlocks;
    this.minorBlocks += measured.minorBlocks;
    this.seconds += measured.seconds;
    for (const { fullShardId, height, message } of damage) {
      this.#diagnosis.add("damage", "TRIAL_DAMAGE", { fullShardId, height: height ?? undefined }, message);
    }
    for (const { fullShardId, height, fields, violations } of divergences) {
      const what = [...fields.map(({ field }) => field), ...violations.map(({ code }) => code)].join(", ");
      const message = `the block does not re-execute to what it declares (${what}); qkc checkdb tells more`;
      this.#diagnosis.add("limit", "TRIAL_DIVERGENCE", { fullShardId, height }, message);
    }
    for (const { fullShardId, height, message } of unsupported) {
      this.#diagnosis.add("limit", "TRIAL_UNSUPPORTED", { fullShardId, height: height ?? undefined }, message);
    }
  }
}

interface Measured {
  readonly rootBlocks: number;
  readonly minorBlocks: number;
  readonly seconds: number;
}

/** Takes the time of a range behind its first root block, with which caches are filled; of all of it where that is all. */
class Pace implements RangeProgress {
  readonly #first: number;
  #startedAt: number | undefined;
  #minorBlocks = 0;

  constructor(first: number) {
    this.#first = first;
  }

  startBlock(fullShardId: number, height: number): void {
    if (fullShardId === 0 && height > this.#first) this.#startedAt ??= performance.now();
    if (fullShardId !== 0 && this.#startedAt !== undefined) this.#minorBlocks++;
  }

  finishBlock(): void {}

  countDivergence(): void {}

  measured(last: number, { shards, timing }: RangeResult): Measured {
    if (this.#startedAt !== undefined) {
      const seconds = (performance.now() - this.#startedAt) / 1000;
      return { rootBlocks: last - this.#first, minorBlocks: this.#minorBlocks, seconds };
    }
    const minorBlocks = shards.reduce((total, shard) => total + shard.minorBlocks, 0);
    return { rootBlocks: last - this.#first + 1, minorBlocks, seconds: timing.seconds };
  }
}
