import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Range, RangeResult } from "../report/schema.ts";
import { temporaryFolder } from "./built-project.testkit.ts";
import { Checkpoint, identityDifferences } from "./checkpoint.ts";

const IDENTITY = { "config hash": "aa", "root blocks": "1..9" };
const RANGES: Range[] = [0, 1, 2].map((index) => ({
  index,
  firstRootHeight: index * 3 + 1,
  lastRootHeight: index * 3 + 3,
  unconfirmed: false,
  weight: 7,
}));

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function result(index: number): RangeResult {
  return {
    index,
    checkedTo: index * 3 + 3,
    rootBlocks: 3,
    shards: [
      { fullShardId: 1, minorBlocks: 4, transactions: 5, deposits: 6, gasUsed: `${2n ** 70n}`, xshardGasUsed: "0" },
    ],
    divergences: [],
    unsupported: [],
    damage: [],
    warnings: ["something odd"],
    timing: { seconds: 1.5, stages: { execute: 1 } },
  };
}

describe("Checkpoint", () => {
  it("gives back what was recorded", async () => {
    expect(Checkpoint.existsIn(folder.path)).toBe(false);
    const written = await Checkpoint.create(folder.path, IDENTITY, RANGES);
    await written.record(result(2));
    await written.record(result(0));
    await written.close();

    expect(Checkpoint.existsIn(folder.path)).toBe(true);
    const read = await Checkpoint.open(folder.path);
    expect(read.identity).toEqual(IDENTITY);
    expect(read.ranges).toEqual(RANGES);
    expect([...read.results.values()].sort((a, b) => a.index - b.index)).toEqual([result(0), result(2)]);
    expect(read.finished).toBe(false);
    await read.markFinished();
    await read.close();

    const finished = await Checkpoint.open(folder.path);
    expect(finished.finished).toBe(true);
    await finished.close();
  });

  it("a new one starts empty", async () => {
    const first = await Checkpoint.create(folder.path, IDENTITY, RANGES);
    await first.record(result(1));
    await first.markFinished();
    await first.close();
    const second = await Checkpoint.create(folder.path, IDENTITY, RANGES);
    await second.close();
    const read = await Checkpoint.open(folder.path);
    expect([read.results.size, read.finished]).toEqual([0, false]);
    await read.close();
  });

  it("removes nothing that is not its own", async () => {
    const precious = join(folder.path, "checkpoint", "model.bin");
    mkdirSync(dirname(precious));
    writeFileSync(precious, "weights");
    await expect(Checkpoint.create(folder.path, IDENTITY, RANGES)).rejects.toThrow(/holds model.bin, .*--report/);
    expect(readFileSync(precious, "utf8")).toBe("weights");
  });

  it("belongs to one process at a time", async () => {
    const checkpoint = await Checkpoint.create(folder.path, IDENTITY, RANGES);
    await expect(Checkpoint.open(folder.path)).rejects.toThrow("another run is writing to");
    await checkpoint.close();
  });

  it("refuses a folder that holds none", async () => {
    await expect(Checkpoint.open(folder.path)).rejects.toThrow("cannot be read");
  });
});

describe("identityDifferences", () => {
  it("names what differs and what only one side has", () => {
    expect(identityDifferences(IDENTITY, IDENTITY)).toEqual([]);
    expect(identityDifferences(IDENTITY, { "config hash": "bb", shards: "1" })).toEqual([
      "config hash: checkpoint aa, this run bb",
      "root blocks: checkpoint 1..9, this run (none)",
      "shards: checkpoint (none), this run 1",
    ]);
  });
});
