import { setImmediate } from "node:timers/promises";
import type { BlockSource, ShardSource } from "../../node/archive/block-source.ts";
import { openArchive } from "../../node/archive/open-archive.ts";
import { provedMinorBlock } from "../../node/archive/proved-block.ts";
import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { UnsupportedError } from "../../node/codec/errors.ts";
import { canonicalHash, namedShard, shardTipHeight } from "../database/shard-heights.ts";
import { shardName } from "../text/block-name.ts";
import { grouped } from "../text/grouped.ts";
import { memoryBudget } from "../work/memory.ts";
import { addTotals, type StateTotals } from "./state-totals.ts";
import { StateWalk, type Subtree } from "./state-walk.ts";
import { walkInThreads } from "./walk-pool.ts";
import type { WalkProgress } from "./walk-progress.ts";
import { walkSubtree } from "./walk-task.ts";

export interface VerifyStateRequest {
  readonly db: string;
  readonly fullShardId: number;
  /** Undefined: the shard's newest block. */
  readonly height: number | undefined;
  readonly workers: number;
}

/** A state that was walked through. */
export interface VerifiedState {
  readonly kind: BlockSource["kind"];
  readonly fullShardId: number;
  readonly height: number;
  readonly blockHash: Hash32;
  readonly stateRoot: Hash32;
  readonly totals: StateTotals;
  readonly seconds: number;
}

export interface VerifyStateTools {
  readonly progress: WalkProgress;
  /** Told how many parts the walk has, before it begins. */
  readonly onParts: (parts: number) => void;
  /** The built walk-worker.js; without it the walk stays in this thread. */
  readonly workerFile: URL | undefined;
}

/** Two nibbles: 256 parts keep many cores busy to the end. */
const SPLIT_NIBBLES = 2;

/**
 * Walks the whole state after a block. Undefined when the user stopped it. Throws UsageError for a shard or height
 * that is not there, DatabaseDamagedError where the block cannot be read, UnsupportedError for a pruned state.
 */
export async function verifyState(
  request: VerifyStateRequest,
  { progress, onParts, workerFile }: VerifyStateTools,
): Promise<VerifiedState | undefined> {
  const startedAt = performance.now();
  const cacheBytes = memoryBudget(request.workers).cacheBytesPerWorker;
  const source = openArchive(request.db, { cacheBytes });
  try {
    const shard = namedShard(source, request.fullShardId);
    const height = request.height ?? Math.max(shardTipHeight(shard), 0);
    const blockHash = canonicalHash(shard, height);
    const { stateRoot } = provedMinorBlock(shard, blockHash).meta;
    refusePruned(source, shard, height, stateRoot);
    const walk = new StateWalk(shard.rows);
    const subtrees = walk.split(stateRoot, SPLIT_NIBBLES);
    onParts(subtrees.length);
    const { db, workers, fullShardId } = request;
    const input = { db, fullShardId, cacheBytes, progress: progress.shared };
    const parts =
      workerFile === undefined || workers === 1
        ? await walkHere(shard, subtrees, progress)
        : await walkInThreads({ workerFile, input, workers }, subtrees);
    if (parts === undefined) return undefined;
    const { totals } = walk;
    for (const part of parts) addTotals(totals, part);
    totals.faults.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    const seconds = (performance.now() - startedAt) / 1000;
    return { kind: source.kind, fullShardId, height, blockHash, stateRoot, totals, seconds };
  } finally {
    source.close();
  }
}

async function walkHere(
  shard: ShardSource,
  subtrees: readonly Subtree[],
  progress: WalkProgress,
): Promise<StateTotals[] | undefined> {
  const parts: StateTotals[] = [];
  for (const subtree of subtrees) {
    const totals = walkSubtree(shard.rows, subtree, progress);
    if (totals === undefined) return undefined;
    parts.push(totals);
    // Lets the progress be shown and signals be heard.
    await setImmediate();
  }
  return parts;
}

/** goquarkchain keeps few states unless it is told to keep all: one that is not there is no damage. */
function refusePruned(source: BlockSource, shard: ShardSource, height: number, stateRoot: Hash32): void {
  if (source.kind !== "goquarkchain" || shard.rows.has(stateRoot)) return;
  throw new UnsupportedError(
    `shard ${shardName(shard.fullShardId)}: the state after block ${grouped(height)} (root ${toHex(stateRoot)}) is not ` +
      "stored, as in a database that is kept pruned: qkc doctor says which states are there",
  );
}
