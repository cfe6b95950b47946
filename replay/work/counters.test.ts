import { describe, expect, it } from "vitest";
import { createSharedCounters, RunCounters, WorkerCounters } from "./counters.ts";

describe("counters", () => {
  it("add up over workers and keep chains apart", () => {
    const shared = createSharedCounters(2, [1, 65538]);
    const [a, b] = [new WorkerCounters(shared), new WorkerCounters(shared)];
    for (const worker of [a, b]) {
      worker.startBlock(0, 5);
      worker.finishBlock(0);
      worker.startBlock(65538, 7);
      worker.finishBlock(21_000);
    }
    a.countDivergence();
    const run = new RunCounters(shared);
    expect([...run.chainCounts()]).toEqual([
      [0, { blocks: 2, gas: 0 }],
      [1, { blocks: 0, gas: 0 }],
      [65538, { blocks: 2, gas: 42_000 }],
    ]);
    expect(run.divergences()).toBe(1);
  });

  it("tell which block is being worked on, until it ends or fails", () => {
    const shared = createSharedCounters(2, [1]);
    const worker = new WorkerCounters(shared);
    const run = new RunCounters(shared);
    expect(run.blocksInProgress()).toEqual([]);
    worker.startBlock(1, 9);
    expect(run.blocksInProgress()).toMatchObject([{ fullShardId: 1, height: 9 }]);
    worker.finishBlock(0);
    expect(run.blocksInProgress()).toEqual([]);
    worker.startBlock(1, 10);
    worker.idle();
    expect(run.blocksInProgress()).toEqual([]);
  });

  it("stop everything, or the ranges behind one", () => {
    const shared = createSharedCounters(1, [1]);
    const worker = new WorkerCounters(shared);
    const run = new RunCounters(shared);
    run.limitTo(4);
    expect([worker.shouldStop(4), worker.shouldStop(5)]).toEqual([false, true]);
    expect([run.isNeeded(4), run.isNeeded(5)]).toEqual([true, false]);
    run.stop();
    expect(worker.shouldStop(0)).toBe(true);
  });

  it("refuse a shard that is not part of the run, and a worker too many", () => {
    const shared = createSharedCounters(1, [1]);
    expect(() => new WorkerCounters(shared).startBlock(2, 1)).toThrow("shard 2 is not part of this run");
    expect(() => new WorkerCounters(shared)).toThrow("more worker threads than counter slots");
  });
});
