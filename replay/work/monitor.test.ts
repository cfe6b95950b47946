import { describe, expect, it, vi } from "vitest";
import { createSharedCounters, RunCounters, WorkerCounters } from "./counters.ts";
import { RunMonitor } from "./monitor.ts";
import { planRanges } from "./plan.ts";

const START = 1_000_000;

function setUp(gas?: Float64Array) {
  const costs = { minorBlocks: Uint32Array.of(4, 4), gas, minorBlocksPerShard: new Map([[1, 8]]) };
  const shared = createSharedCounters(1, [1]);
  const worker = new WorkerCounters(shared);
  const monitor = new RunMonitor({
    counters: new RunCounters(shared),
    costs,
    ranges: planRanges({ rootFrom: 1, costs, batch: 1, unconfirmed: false }),
    done: new Map(),
    stallSeconds: 60,
    startedAt: START,
  });
  return { worker, monitor };
}

function work(worker: WorkerCounters, gas: number): void {
  worker.startBlock(0, 1);
  worker.finishBlock(0);
  for (let i = 0; i < 4; i++) {
    worker.startBlock(1, i);
    worker.finishBlock(gas);
  }
}

describe("RunMonitor", () => {
  it("gives speed and time left", () => {
    const { worker, monitor } = setUp();
    expect(monitor.sample(START)).toMatchObject({ blocks: 0, expected: 8, fraction: 0, etaSeconds: undefined });
    work(worker, 500_000);
    expect(monitor.sample(START + 2000)).toMatchObject({
      blocks: 4,
      fraction: 0.5,
      blocksPerSecond: 2,
      mgasPerSecond: 1,
      etaSeconds: 2,
    });
  });

  it("tells time left by gas where gas is known", () => {
    const { worker, monitor } = setUp(Float64Array.of(4_000_000, 40_000_000));
    work(worker, 1_000_000);
    const { etaSeconds, fraction } = monitor.sample(START + 1000);
    expect(fraction).toBeCloseTo(4.25 / 44.5);
    expect(etaSeconds).toBeCloseTo(40.25 / 4.25);
  });

  it("counts what an earlier process has done, but not in its speed", () => {
    const costs = { minorBlocks: Uint32Array.of(4, 4), gas: undefined, minorBlocksPerShard: new Map([[1, 8]]) };
    const shards = [{ fullShardId: 1, minorBlocks: 4, transactions: 0, deposits: 0, gasUsed: "0", xshardGasUsed: "0" }];
    const findings = { divergences: [], unsupported: [], damage: [], warnings: [] };
    const result = { index: 0, checkedTo: 1, rootBlocks: 1, shards, ...findings, timing: { seconds: 0, stages: {} } };
    const monitor = new RunMonitor({
      counters: new RunCounters(createSharedCounters(1, [1])),
      costs,
      ranges: planRanges({ rootFrom: 1, costs, batch: 1, unconfirmed: false }),
      done: new Map([[0, result]]),
      stallSeconds: 60,
      startedAt: START,
    });
    expect(monitor.sample(START + 1000)).toMatchObject({ blocks: 4, fraction: 0.5, blocksPerSecond: 0 });
  });

  it("names a block that does not end once, and keeps its longest time", () => {
    vi.useFakeTimers({ now: START });
    const { worker, monitor } = setUp();
    worker.startBlock(1, 77);
    vi.useRealTimers();
    expect(monitor.sample(START + 59_000).newStalls).toEqual([]);
    expect(monitor.sample(START + 61_000).newStalls).toEqual([{ fullShardId: 1, height: 77, seconds: 61 }]);
    expect(monitor.sample(START + 90_000).newStalls).toEqual([]);
    expect(monitor.stalls).toEqual([{ fullShardId: 1, height: 77, seconds: 90 }]);
  });
});
