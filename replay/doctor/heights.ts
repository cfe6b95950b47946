/** Heights 0 to `top`, ascending: all of them, or about `samples` of them with more at both ends. */
export function heightsToLookAt(top: number, samples: number | "all"): number[] {
  if (top < 0) return [];
  if (samples === "all" || top < samples) return Array.from({ length: top + 1 }, (_, height) => height);
  const heights = new Set<number>();
  const nearEnd = Math.floor(samples / 4);
  for (let i = 0; i < nearEnd; i++) heights.add(i).add(top - i);
  const spread = samples - 2 * nearEnd;
  for (let i = 0; i <= spread; i++) heights.add(Math.round((top * i) / spread));
  return [...heights].sort((a, b) => a - b);
}

/** Heights from..to, both included, in which something is or is not. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly has: boolean;
}

/**
 * Runs of heights with the same answer, from answers at a few ascending heights: where two of those differ, the change
 * between them is found by bisection. Changes that come and go between two heights that agree stay unseen.
 */
export function runsOf(heights: readonly number[], has: (height: number) => boolean): Run[] {
  const runs: Run[] = [];
  if (heights.length === 0) return runs;
  let from = heights[0];
  let current = has(from);
  for (let i = 1; i < heights.length; i++) {
    if (has(heights[i]) === current) continue;
    const last = lastWith(heights[i - 1], heights[i], (height) => has(height) === current);
    runs.push({ from, to: last, has: current });
    from = last + 1;
    current = !current;
  }
  runs.push({ from, to: heights[heights.length - 1], has: current });
  return runs;
}

/** `holds` is true at `low` and false at `high`; a height where it is true and the next one's is false. */
function lastWith(low: number, high: number, holds: (height: number) => boolean): number {
  let [below, above] = [low, high];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (holds(middle)) below = middle;
    else above = middle;
  }
  return below;
}
