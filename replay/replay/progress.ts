import type { RangeResult } from "../report/schema.ts";
import type { RunCounters } from "../work/counters.ts";
import { RunMonitor } from "../work/monitor.ts";
import { weightOf } from "../work/plan.ts";
import type { RootBlockCosts } from "../work/range-job.ts";
import type { ShardProgressState } from "./shard-host.ts";

/** Speed and time left of a replay: what earlier processes have verified is one finished range, the rest is another. */
export function replayMonitor(
  counters: RunCounters,
  costs: RootBlockCosts,
  before: readonly ShardProgressState[],
): RunMonitor {
  const expected = [...costs.minorBlocksPerShard.values()].reduce((sum, blocks) => sum + blocks, 0);
  const done = before.reduce((sum, { state }) => sum + state.counts.minorBlocks, 0);
  const range = (index: number, blocks: number) => ({
    index,
    firstRootHeight: 1,
    lastRootHeight: costs.minorBlocks.length,
    unconfirmed: false,
    weight: weightOf(blocks, 0, false),
  });
  return new RunMonitor({
    counters,
    // Gas is not known beforehand: blocks alone say how far the run is.
    costs: { ...costs, gas: undefined },
    ranges: [range(0, done), range(1, expected - done)],
    done: new Map([[0, resultOf(before)]]),
    stallSeconds: Number.POSITIVE_INFINITY,
    startedAt: Date.now(),
  });
}

function resultOf(before: readonly ShardProgressState[]): RangeResult {
  return {
    index: 0,
    checkedTo: 0,
    rootBlocks: 0,
    shards: before.map(({ fullShardId, state }) => {
      const { minorBlocks, transactions, deposits, gasUsed, xshardGasUsed } = state.counts;
      return { fullShardId, minorBlocks, transactions, deposits, gasUsed, xshardGasUsed };
    }),
    divergences: [],
    unsupported: [],
    damage: [],
    warnings: [],
    timing: { seconds: 0, stages: {} },
  };
}
