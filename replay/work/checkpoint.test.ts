import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ClassicLevel } from "classic-level";
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

/** With the store still open. */
async function find(path: string): Promise<Checkpoint> {
  const found = await Checkpoint.find(path);
  if (found === undefined) throw new Error(`no checkpoint in ${path}`);
  return found;
}

async function writeRows(rows: Readonly<Record<string, string>>): Promise<void> {
  const store = new ClassicLevel(join(folder.path, "checkpoint"));
  for (const [key, value] of Object.entries(rows)) await store.put(key, value);
  await store.close();
}

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
    expect(await Checkpoint.find(folder.path)).toBeUndefined();
    const written = await Checkpoint.create(folder.path, IDENTITY, RANGES);
    await written.record(result(2));
    await written.record(result(0));
    await written.close();

    const read = await find(folder.path);
    expect(read.identity).toEqual(IDENTITY);
    expect(read.ranges).toEqual(RANGES);
    expect([...read.results.values()].sort((a, b) => a.index - b.index)).toEqual([result(0), result(2)]);
    expect(read.finished).toBe(false);
    await read.markFinished();
    await read.close();

    const finished = await find(folder.path);
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
    const read = await find(folder.path);
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
    await expect(Checkpoint.find(folder.path)).rejects.toThrow("another run is writing to");
    await checkpoint.close();
  });

  it("a folder that cannot take one is named with the reason", async () => {
    const file = join(folder.path, "file");
    writeFileSync(file, "");
    const inFile = Checkpoint.create(join(file, "out"), IDENTITY, RANGES);
    await expect(inFile).rejects.toMatchObject({
      code: "STORAGE",
      message: expect.stringMatching(/out takes no .*ENOTDIR/),
    });
    mkdirSync(join(folder.path, "out"));
    writeFileSync(join(folder.path, "out", "checkpoint"), "");
    await expect(Checkpoint.create(join(folder.path, "out"), IDENTITY, RANGES)).rejects.toThrow(/ENOTDIR|EEXIST/);
  });
});

describe("what a kill, a disk or an earlier version leaves", () => {
  it("a store without a plan is no checkpoint, and is replaced", async () => {
    await writeRows({});
    expect(await Checkpoint.find(folder.path)).toBeUndefined();
    await (await Checkpoint.create(folder.path, IDENTITY, RANGES)).close();
    expect((await find(folder.path)).results.size).toBe(0);
  });

  it("results without a plan are not thrown away", async () => {
    await writeRows({ "result:0": JSON.stringify(result(0)) });
    await expect(Checkpoint.find(folder.path)).rejects.toThrow(/cannot be read \(its plan is not as it was written\)/);
  });

  it("rows without checksums are not taken, and their run is replaced where it was finished", async () => {
    const plan = JSON.stringify({ identity: IDENTITY, ranges: RANGES });
    await writeRows({ plan, "result:0": JSON.stringify(result(0)) });
    await expect(Checkpoint.find(folder.path)).rejects.toThrow(/an earlier version wrote it/);
    await writeRows({ finished: "yes" });
    expect(await Checkpoint.find(folder.path)).toBeUndefined();
  });

  it("a result that stands under another's key, or is altered, is to be found again", async () => {
    const written = await Checkpoint.create(folder.path, IDENTITY, RANGES);
    await written.record(result(0));
    await written.record(result(1));
    await written.close();
    const store = new ClassicLevel(join(folder.path, "checkpoint"));
    const [first, second] = (await store.getMany(["result:0", "result:1"])) as string[];
    await store.batch([
      { type: "put", key: "result:1", value: first },
      { type: "put", key: "result:0", value: first.replace('"minorBlocks":4', '"minorBlocks":5') },
      { type: "put", key: "result:2", value: second.replace("result", "other") },
    ]);
    await store.close();
    const read = await find(folder.path);
    expect([read.results.size, read.unproved, read.finished]).toEqual([0, 3, false]);
    await read.close();
  });

  it("whichever bit of a table the disk turns over, nothing altered is taken", async () => {
    const sound = join(folder.path, "sound");
    const written = await Checkpoint.create(sound, IDENTITY, RANGES);
    for (const { index } of RANGES) await written.record(result(index));
    await written.markFinished();
    await written.close();
    // Opening a store puts what its log holds into a table.
    await (await find(sound)).close();
    const store = join(sound, "checkpoint");
    const table = readdirSync(store).find((name) => name.endsWith(".ldb") && statSync(join(store, name)).size > 100);
    const bytes = readFileSync(join(store, table!));
    let noticed = 0;
    for (let offset = 0; offset < bytes.length; offset += 11) {
      const copy = join(folder.path, `flipped-${offset}`);
      cpSync(sound, copy, { recursive: true });
      const altered = Uint8Array.from(bytes);
      altered[offset] ^= 1 << (offset % 8);
      writeFileSync(join(copy, "checkpoint", table!), altered);
      const read = await Checkpoint.find(copy).catch((error: Error) => error);
      if (read instanceof Error) {
        expect(read.message).toMatch(/cannot be read/);
        noticed++;
        continue;
      }
      await read?.close();
      if (read === undefined || read.unproved > 0 || read.results.size < RANGES.length) noticed++;
      if (read === undefined) continue;
      expect([read.identity, read.ranges]).toEqual([IDENTITY, RANGES]);
      for (const [index, kept] of read.results) expect(kept).toEqual(result(index));
    }
    expect(noticed).toBeGreaterThan(0);
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
