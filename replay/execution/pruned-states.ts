import type { ShardSource } from "../../node/archive/block-source.ts";

/** Heights around a block that tell a pruned database from a damaged one. */
export const PRUNED_WINDOW = 128;
/** Only a damaged database lacks the states of fewer blocks in a row, unless a good part around them is missing too. */
const PRUNED_RUN = 4;
const PRUNED_SHARE = 0.25;

/**
 * Whether a state that is missing after the block of a height is pruned, and not lost: by the canonical blocks around it.
 * Only of a goquarkchain database; pyquarkchain never prunes. The height index is only a hint, and so is this. Throws
 * DatabaseDamagedError where one of the blocks cannot be read.
 */
export function looksPruned(source: ShardSource, height: number): boolean {
  const isMissing = (at: number): boolean | undefined => {
    const hash = at < 1 ? undefined : source.canonicalHashAt(at);
    return hash === undefined ? undefined : !source.rows.has(source.minorBlock(hash).meta.stateRoot);
  };
  let run = 1;
  for (let at = height - 1; run < PRUNED_RUN && isMissing(at) === true; at--) run++;
  for (let at = height + 1; run < PRUNED_RUN && isMissing(at) === true; at++) run++;
  if (run >= PRUNED_RUN) return true;
  let known = 0;
  let missing = 0;
  for (let at = height - PRUNED_WINDOW; at <= height + PRUNED_WINDOW; at += 4) {
    const answer = isMissing(at);
    if (answer === undefined) continue;
    known++;
    if (answer) missing++;
  }
  return missing > known * PRUNED_SHARE;
}
