import { seededRandom } from "../shard/scheduler.testkit.ts";
import type { Weather } from "./sim-cluster.testkit.ts";

/** What happens to a simulated cluster, and when. Everything else follows from the seed. */
export interface PlannedEvent {
  /** Milliseconds. */
  readonly at: number;
  readonly what: "mine" | "peer mines" | "root block" | "cut" | "kill" | "hostile";
}

/** When everything that is planned has begun, in milliseconds. */
export const PLANNED = 4000;
/** A cluster is up by then, if nothing happens to it. */
const EARLIEST = 300;
/** More runs of a failing seed find little that more is to be left out. */
const MOST_RUNS = 60;

export function planOf(seed: number, { cuts, kills, hostile }: Weather): readonly PlannedEvent[] {
  const random = seededRandom(seed);
  const times = { mine: 9, "peer mines": 5, "root block": 5, cut: cuts, kill: kills, hostile };
  const events = Object.entries(times).flatMap(([what, count]) =>
    Array.from({ length: count }, () => ({
      at: EARLIEST + Math.floor(random() * (PLANNED - EARLIEST)),
      what: what as PlannedEvent["what"],
    })),
  );
  return events.sort((a, b) => a.at - b.at);
}

/** The smallest part of a plan that was found to fail still: halves, quarters and so on are left out as long as it does. */
export async function shrunk(
  plan: readonly PlannedEvent[],
  fails: (plan: readonly PlannedEvent[]) => Promise<boolean>,
): Promise<readonly PlannedEvent[]> {
  let smallest = plan;
  let runs = 0;
  for (
    let size = Math.ceil(plan.length / 2);
    size >= 1 && runs < MOST_RUNS;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < smallest.length && runs < MOST_RUNS; ) {
      const without = [...smallest.slice(0, from), ...smallest.slice(from + size)];
      runs++;
      if (await fails(without)) smallest = without;
      else from += size;
    }
  }
  return smallest;
}

export function planText(plan: readonly PlannedEvent[]): string {
  return plan.map(({ at, what }) => `${at} ms ${what}`).join(", ");
}
