import { expect, test, vi } from "vitest";
import type { Range, RangeResult } from "../report/schema.ts";
import { BrokenChainError, runProved } from "./proved-run.ts";
import type { RunOutcome } from "./run.ts";

const ranges = [0, 1, 2].map(
  (index): Range => ({
    index,
    firstRootHeight: 10 * index + 1,
    lastRootHeight: 10 * index + 10,
    unconfirmed: false,
    weight: 1,
  }),
);
const hashes = new Map([
  [10, "a"],
  [20, "b"],
  [30, "c"],
]);
const resultOf = (index: number, anchor: string) => ({ index, warnings: [anchor] }) as unknown as RangeResult;

/** Answers for each range which anchor it was checked from. */
function execute(anchors: readonly string[], done: ReadonlyMap<number, RangeResult>): Promise<RunOutcome> {
  const results = ranges.map(({ index }) => done.get(index) ?? resultOf(index, anchors[index]));
  return Promise.resolve({ results, stopped: null, interrupted: false, failure: undefined });
}

const start = (anchors: readonly string[]) => ({ anchors, ranges, done: new Map(), minorBlocks: 1 });
const prove = async () => ({ hashes, minorBlocks: 300 });
const anchorsOf = ({ results }: RunOutcome) => results.map(({ warnings }) => warnings[0]);

test("a chain that was followed beforehand is checked once and counted as it was", async () => {
  const run = { execute: vi.fn(execute), prove: undefined, stop: vi.fn() };
  const { outcome, minorBlocks } = await runProved(start(["x", "y", "z"]), run);
  expect([anchorsOf(outcome), minorBlocks]).toEqual([["x", "y", "z"], 1]);
  expect(run.execute).toHaveBeenCalledTimes(1);
});

test("hints that the links confirm are not checked again; the links say how many blocks there are", async () => {
  const run = { execute: vi.fn(execute), prove, stop: vi.fn() };
  const { outcome, minorBlocks } = await runProved(start(["a", "b", "c"]), run);
  expect([anchorsOf(outcome), minorBlocks]).toEqual([["a", "b", "c"], 300]);
  expect(run.execute).toHaveBeenCalledTimes(1);
});

test("a range that began elsewhere is checked again, and only that", async () => {
  const run = { execute: vi.fn(execute), prove, stop: vi.fn() };
  const { outcome } = await runProved(start(["a", "wrong", "c"]), run);
  expect(anchorsOf(outcome)).toEqual(["a", "b", "c"]);
  expect([...run.execute.mock.calls[1][1].keys()]).toEqual([0, 2]);
});

test("also where that range ended the run", async () => {
  const failure = { code: "DATABASE_DAMAGED", message: "missing row" } as RunOutcome["failure"];
  const failing = vi.fn(async (anchors: readonly string[], done: ReadonlyMap<number, RangeResult>) => {
    const outcome = await execute(anchors, done);
    return anchors.includes("wrong") ? { ...outcome, results: [], failure } : outcome;
  });
  const { outcome } = await runProved(start(["a", "wrong", "c"]), { execute: failing, prove, stop: vi.fn() });
  expect([anchorsOf(outcome), outcome.failure]).toEqual([["a", "b", "c"], undefined]);
});

test("a broken link stops the run and is its end", async () => {
  let end = () => {};
  const stopped = new Promise<void>((done) => {
    end = done;
  });
  const run = {
    execute: async (anchors: readonly string[], done: ReadonlyMap<number, RangeResult>) => {
      await stopped;
      return { ...(await execute(anchors, done)), interrupted: true };
    },
    prove: () => Promise.reject(new Error("link")),
    stop: end,
  };
  const error = await runProved(start(["a", "b", "c"]), run).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BrokenChainError);
  expect((error as Error).cause).toEqual(new Error("link"));
});

test("a run that is interrupted does not wait for its proof", async () => {
  const run = {
    execute: async (anchors: readonly string[], done: ReadonlyMap<number, RangeResult>) => ({
      ...(await execute(anchors, done)),
      interrupted: true,
    }),
    prove: async (isNeeded: () => boolean) => {
      while (isNeeded()) await new Promise((next) => setTimeout(next, 1));
      return { hashes: new Map(), minorBlocks: 0 };
    },
    stop: vi.fn(),
  };
  expect((await runProved(start(["a", "b", "c"]), run)).outcome.interrupted).toBe(true);
});
