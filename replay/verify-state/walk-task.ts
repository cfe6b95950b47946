import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import { openArchive } from "../../node/archive/open-archive.ts";
import type { StateTotals } from "./state-totals.ts";
import { StateWalk, type Subtree, WalkStopped } from "./state-walk.ts";
import { type SharedProgress, WalkProgress } from "./walk-progress.ts";

/** What a thread of a walk is started with. Plain data. */
export interface WalkInput {
  readonly db: string;
  readonly fullShardId: number;
  readonly cacheBytes: number;
  readonly progress: SharedProgress;
}

/** Walks one part of a state. Undefined when the user wants to stop. */
export function walkSubtree(rows: KeyValueReader, subtree: Subtree, progress: WalkProgress): StateTotals | undefined {
  const walk = new StateWalk(rows, {
    onAccount: () => progress.countAccount(),
    shouldStop: () => progress.stopped,
  });
  try {
    walk.walk(subtree);
  } catch (error) {
    if (error instanceof WalkStopped) return undefined;
    throw error;
  }
  progress.countSubtree();
  return walk.totals;
}

/** The task of a thread; the database is opened with the first part. */
export function createWalkTask(input: WalkInput): (subtree: Subtree) => StateTotals | undefined {
  const progress = new WalkProgress(input.progress);
  let rows: KeyValueReader | undefined;
  return (subtree) => {
    rows ??= openArchive(input.db, { cacheBytes: input.cacheBytes }).shard(input.fullShardId).rows;
    return walkSubtree(rows, subtree, progress);
  };
}
