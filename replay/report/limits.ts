import type { Range, RangeResult, Stopped } from "./schema.ts";

/** Counts of findings that end a run. */
export interface Limits {
  readonly maxDivergences: number;
  /** Of all kinds. */
  readonly maxFindings: number;
}

/** The first range with which what is known so far reaches a limit, whatever is still missing before it. */
export function lastNeededRange(
  ranges: readonly Range[],
  done: ReadonlyMap<number, RangeResult>,
  limits: Limits,
): number | undefined {
  let divergences = 0;
  let others = 0;
  for (const { index } of ranges) {
    const result = done.get(index);
    if (result === undefined) continue;
    divergences += result.divergences.length;
    others += result.damage.length + result.unsupported.length;
    if (divergences >= limits.maxDivergences || divergences + others >= limits.maxFindings) return index;
  }
  return undefined;
}

/** How a report says that a run ended behind the range whose result this is, with too much found. */
export function stoppedByFindings({ checkedTo }: RangeResult, { maxFindings }: Limits): Stopped {
  return { reason: "too-many-findings", limit: maxFindings, rootHeight: checkedTo };
}
