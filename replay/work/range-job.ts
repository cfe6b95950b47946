import type { SharedEthashCaches } from "../../node/cl/pow/ethash-cache-pool.ts";
import type { DatabaseIdentity, Range, RangeResult, RunFlags } from "../report/schema.ts";

export interface ProfileRequest {
  /** Where the CPU profile of each range goes; undefined: none is made. */
  readonly cpuFolder: string | undefined;
}

/** Everything that fixes the answer of a run, and how much memory a worker may use. Plain data: it crosses threads. */
export interface RunPlan {
  /** Folder of the database. */
  readonly db: string;
  /** The cluster_config.json in use. */
  readonly configPath: string;
  /** Root heights, inclusive. */
  readonly rootFrom: number;
  readonly rootTo: number;
  /** Full ids of the shards whose minor blocks are checked, ascending. */
  readonly shards: readonly number[];
  readonly flags: RunFlags;
  /** Height of the root block that the database is seen from: shards born before it can be sent to. */
  readonly rootTipHeight: number;
  /** Hash of the last root block of each range, by range index, 64 hex digits: a range starts without walking to it. */
  readonly anchors: readonly string[];
  /** Room for Ethash caches that all workers use; null where no seals are checked. */
  readonly ethashCaches: SharedEthashCaches | null;
  /** Bytes a worker may keep in its caches of database blocks and trie nodes. */
  readonly cacheBytesPerWorker: number;
  /** What is timed beside the check; absent: nothing but the stages as a whole. */
  readonly profile?: ProfileRequest;
  /** Findings of all kinds that end a run, and within it a range: a report is for reading, and has to fit memory. */
  readonly maxFindings: number;
}

/** Told by a runner as it works; read by the progress display and the stall watchdog. Cheap: no allocation, no I/O. */
export interface RangeProgress {
  /** A block is about to be checked; fullShardId 0 is the root chain. */
  startBlock(fullShardId: number, height: number): void;
  /** The block told last is checked. `gasUsed` is 0 for a root block. */
  finishBlock(gasUsed: number): void;
  countDivergence(): void;
}

/** Checks ranges of one database; lives in one worker thread and sees many ranges. */
export interface RangeRunner<R = RangeResult> {
  /**
   * Checks a range, root block by root block upwards, and returns what it found as data: divergence, unsupported
   * input and damage of single blocks are results, not exceptions. Whatever is thrown ends the whole run.
   *
   * The result depends on the plan and the range alone, never on ranges that the runner saw before: reports are equal
   * whatever the workers. When flags.maxDivergences is set and the range itself reaches it, the runner stops at the
   * end of that root block and says so in `checkedTo`. Between blocks it asks `shouldStop`, and answers "stopped"
   * when told to.
   */
  run(range: Range, progress: RangeProgress, shouldStop: () => boolean): Promise<R | "stopped">;
  /** Closes the database's files. Nothing can be run afterwards. */
  close(): void;
}

export type RangeRunnerFactory<P extends RunPlan = RunPlan, R = RangeResult> = (
  plan: P,
) => RangeRunner<R> | Promise<RangeRunner<R>>;

/** What the command line asks of a database before anything is known about it. */
export interface SurveyRequest {
  readonly db: string;
  /** Config named by the user; otherwise it is looked for in and beside the database folder. */
  readonly configPath: string | undefined;
  /** Root tip named by the user, 64 hex digits. */
  readonly rootTip: string | undefined;
  readonly verifyChecksums: "default" | "all";
  /** Full ids of the shards that the user names; undefined = all. */
  readonly shards: readonly number[] | undefined;
}

/** What each root block of a span weighs. */
export interface RootBlockCosts {
  /** Minor blocks of the chosen shards that each root block confirms; index = height - from. */
  readonly minorBlocks: Uint32Array;
  /** Gas used by them, which may be an estimate; absent where nothing is known. */
  readonly gas: Float64Array | undefined;
  /** Minor blocks of the whole span by full shard id, one entry for each chosen shard. */
  readonly minorBlocksPerShard: ReadonlyMap<number, number>;
}

/** A span as a height index describes it. */
export interface HintedSpan {
  readonly costs: RootBlockCosts;
  /** 64 hex digits; undefined where the index does not tell. */
  rootHashAt(height: number): string | undefined;
}

export interface SpanToProve {
  readonly from: number;
  readonly to: number;
  readonly shards: readonly number[];
  /** Root heights whose hashes are asked for. */
  readonly heights: readonly number[];
}

/** What the links say. */
export interface ProvedSpan {
  /** Hashes of the root blocks that were asked for, by height, 64 hex digits. */
  readonly hashes: ReadonlyMap<number, string>;
  /** Minor blocks of the chosen shards that from..to confirm. */
  readonly minorBlocks: number;
}

/** A database that has been opened and looked at. */
export interface DatabaseSurvey {
  readonly identity: DatabaseIdentity;
  readonly configPath: string;
  /** Keccak of the config's meaning, 64 hex digits. */
  readonly configHash: string;
  readonly ruleSet: string;
  /** Full ids of the shards that can be checked, ascending. */
  readonly shards: readonly number[];
  /** What of the chain is there; undefined: all of it. */
  readonly excerpt?: { readonly rootFrom: number; readonly shards: readonly number[] };
  /** False where root blocks are only followed, not validated, so that none is counted as checked. */
  readonly checksRootBlocks: boolean;
  readonly warnings: readonly string[];
  /** Whether the configuration says that the chain's clients do not check seals. */
  readonly isPowDisabled: boolean;
  /** Height of the highest confirmed block of any chain. */
  readonly highestBlock: number;
  /** Reads root blocks from..to (inclusive heights, 1 <= from <= to <= tip). */
  costs(from: number, to: number, shards: readonly number[]): RootBlockCosts;
  /** Hash of the root block at a height of a span that costs() was asked for, 64 hex digits. */
  rootHashAt(height: number): string;
  /**
   * What costs() and rootHashAt() would answer, as the height index has it, at once on a chain of any length; `prove` has
   * to follow. Undefined for a short span, and where the index does not tell.
   */
  hinted(from: number, to: number, shards: readonly number[]): HintedSpan | undefined;
  /**
   * Follows the links from the tip down to root block `from`, a little at a time so that the thread stays free, until
   * `isNeeded` denies. Throws DatabaseDamagedError where a link is broken.
   */
  prove(span: SpanToProve, isNeeded: () => boolean): Promise<ProvedSpan>;
  close(): void;
}
