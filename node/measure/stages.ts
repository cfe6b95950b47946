/** What a block's check is made of; the time of a stage is without that of the stages inside it. */
export const STAGES = ["rules", "read", "decode", "recover", "execute", "trie", "compare"] as const;
type Stage = (typeof STAGES)[number];

export const RULES = 0;
export const READ = 1;
export const DECODE = 2;
export const RECOVER = 3;
export const EXECUTE = 4;
export const TRIE = 5;
export const COMPARE = 6;

/** How long one stage took: blocks by their time, in buckets of which each is an eighth of a doubling wide. */
export interface StageHistogram {
  readonly stage: Stage;
  readonly seconds: number;
  /** Number of blocks by bucket; bucketMicroseconds tells what a bucket stands for. */
  readonly buckets: Readonly<Record<string, number>>;
}

const BUCKETS_PER_DOUBLING = 8;
/** Times below this count as this. */
const LEAST_MICROSECONDS = 0.1;

/** Upper end of a bucket. */
export function bucketMicroseconds(bucket: number): number {
  return LEAST_MICROSECONDS * 2 ** (bucket / BUCKETS_PER_DOUBLING);
}

/** Adds up the time of each stage, block by block. */
class StageTimes {
  readonly #spent = new Float64Array(STAGES.length);
  readonly #totals = new Float64Array(STAGES.length);
  readonly #buckets = STAGES.map(() => new Map<number, number>());
  #stage = RULES;
  #since = 0;

  enter(stage: number): number {
    const outer = this.#stage;
    this.#settle();
    this.#stage = stage;
    return outer;
  }

  /** Wherever an error left the stages of the block before. */
  startBlock(): void {
    this.#spent.fill(0);
    this.#stage = RULES;
    this.#since = performance.now();
  }

  finishBlock(): void {
    this.#settle();
    for (let i = 0; i < STAGES.length; i++) {
      const spent = this.#spent[i];
      if (spent === 0) continue;
      this.#totals[i] += spent;
      const buckets = this.#buckets[i];
      const bucket = bucketOf(spent * 1000);
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    }
  }

  histograms(): StageHistogram[] {
    return STAGES.map((stage, i) => ({
      stage,
      seconds: this.#totals[i] / 1000,
      buckets: Object.fromEntries(this.#buckets[i]),
    }));
  }

  #settle(): void {
    const now = performance.now();
    this.#spent[this.#stage] += now - this.#since;
    this.#since = now;
  }
}

function bucketOf(microseconds: number): number {
  return Math.max(0, Math.ceil(Math.log2(microseconds / LEAST_MICROSECONDS) * BUCKETS_PER_DOUBLING));
}

/** Undefined unless somebody asked: then entering a stage costs a comparison. */
let times: StageTimes | undefined;

/** From now on this thread's stages are timed, from nothing. */
export function timeStages(): void {
  times = new StageTimes();
}

/** What was timed since timeStages(); undefined where nothing was. */
export function takeStageHistograms(): StageHistogram[] | undefined {
  const taken = times?.histograms();
  times = undefined;
  return taken;
}

/** Returns what leaveStage wants. */
export function enterStage(stage: number): number {
  return times === undefined ? RULES : times.enter(stage);
}

export function leaveStage(outer: number): void {
  times?.enter(outer);
}

export function startTimedBlock(): void {
  times?.startBlock();
}

export function finishTimedBlock(): void {
  times?.finishBlock();
}
