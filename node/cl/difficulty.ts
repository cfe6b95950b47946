import type { DifficultyConfig } from "../chain/config.ts";

/** What the formula needs of the parent. */
export interface DifficultyParent {
  /** Seconds since 1970. */
  readonly createTime: number;
  readonly difficulty: bigint;
}

/**
 * Difficulty a block must declare, root and minor alike (quarkchain/diff.py EthDifficultyCalculator). Throws RangeError
 * unless `createTime` is later than the parent's.
 */
export function nextDifficulty(config: DifficultyConfig, parent: DifficultyParent, createTime: number): bigint {
  const elapsed = createTime - parent.createTime;
  if (elapsed <= 0) throw new RangeError(`a block of ${createTime} cannot follow one of ${parent.createTime}`);
  const steps = Math.max(1 - Math.floor(elapsed / config.cutoffTime), -99);
  const difficulty = parent.difficulty + (parent.difficulty / config.adjustmentFactor) * BigInt(steps);
  return difficulty > config.minimum ? difficulty : config.minimum;
}
