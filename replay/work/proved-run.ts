import type { Range, RangeResult } from "../report/schema.ts";
import type { ProvedSpan } from "./range-job.ts";
import type { RunOutcome } from "./run.ts";

/** What a run starts from. */
export interface RunStart {
  /** Hash of the last root block of each range, by range index, as the height index may have it. */
  readonly anchors: readonly string[];
  readonly ranges: readonly Range[];
  /** Results of an earlier, interrupted run, by range index. */
  readonly done: ReadonlyMap<number, RangeResult>;
  /** That a complete run counts, as far as is known. */
  readonly minorBlocks: number;
}

export interface ProvableRun {
  /** Checks the ranges that are not done yet. */
  execute(anchors: readonly string[], done: ReadonlyMap<number, RangeResult>): Promise<RunOutcome>;
  /** Follows the links of the chain while the run goes on; undefined where the anchors are proved. */
  readonly prove: ((isNeeded: () => boolean) => Promise<ProvedSpan>) | undefined;
  /** Ends execute() at the next block. */
  stop(): void;
}

export interface ProvedOutcome {
  readonly outcome: RunOutcome;
  readonly minorBlocks: number;
}

/** The chain cannot be followed: what was checked of it hangs in the air. Its cause says where. */
export class BrokenChainError extends Error {}

/**
 * Checks ranges from where the height index says that they end, and proves by links that it says right. A range that began
 * at another block than the chain's is checked once more from that; so a wrong row of the index costs time and changes
 * nothing. Throws BrokenChainError where a link is broken.
 */
export async function runProved(start: RunStart, run: ProvableRun): Promise<ProvedOutcome> {
  const { anchors, ranges, done, minorBlocks } = start;
  if (run.prove === undefined) return { outcome: await run.execute(anchors, done), minorBlocks };
  let isNeeded = true;
  const proof = run
    .prove(() => isNeeded)
    .catch((error: unknown) => {
      run.stop();
      return new BrokenChainError("the root chain is broken", { cause: error });
    });
  let outcome = await run.execute(anchors, done);
  if (outcome.interrupted) isNeeded = false;
  const proved = await proof;
  if (proved instanceof BrokenChainError) throw proved;
  if (outcome.interrupted) return { outcome, minorBlocks };
  const right = ranges.map(({ lastRootHeight }) => proved.hashes.get(lastRootHeight) as string);
  if (right.some((hash, index) => hash !== anchors[index])) {
    const kept = outcome.results.filter(({ index }) => right[index] === anchors[index]);
    outcome = await run.execute(right, new Map(kept.map((result) => [result.index, result])));
  }
  return { outcome, minorBlocks: proved.minorBlocks };
}
