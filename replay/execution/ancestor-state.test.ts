import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { afterEach, describe, expect, test } from "vitest";
import { GOQKC_CONFIG, GoquarkchainDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { openArchive } from "../../node/archive/open-archive.ts";
import { folderDigest } from "../../node/archive/sstable/folder-digest.testkit.ts";
import { type CheckAnswer, checkInProcess } from "../checkdb/twin-check.testkit.ts";

const SHARD_1 = join("S0", "shard-1", "db");
const directories: GoquarkchainDirectory[] = [];

function directory(options?: { archive: boolean }): GoquarkchainDirectory {
  const made = new GoquarkchainDirectory(options);
  directories.push(made);
  return made;
}

afterEach(() => {
  for (const made of directories.splice(0)) made.remove();
});

/** The state root after a block of shard 1. */
function stateRootAt(dir: string, height: number): Uint8Array {
  const db = openArchive(dir);
  const shard = db.shard(1);
  const root = shard.minorBlock(shard.canonicalHashAt(height)!).meta.stateRoot;
  db.close();
  return root.slice();
}

async function removeStates(dir: string, heights: readonly number[]): Promise<void> {
  const keys = heights.map((height) => stateRootAt(dir, height));
  const rows = new ClassicLevel<Uint8Array, Uint8Array>(join(dir, SHARD_1), { keyEncoding: "view" });
  for (const key of keys) await rows.del(key);
  await rows.close();
}

/** Blocks of shard 1 whose state is stored. */
function storedHeights(dir: string): number[] {
  const db = openArchive(dir);
  const shard = db.shard(1);
  const heights: number[] = [];
  for (let height = 0; shard.canonicalHashAt(height) !== undefined; height++) {
    if (shard.rows.has(shard.minorBlock(shard.canonicalHashAt(height)!).meta.stateRoot)) heights.push(height);
  }
  db.close();
  return heights;
}

function check(dir: string, options: { from?: number; to?: number; checkArchive?: true } = {}): Promise<CheckAnswer> {
  return checkInProcess(dir, { config: GOQKC_CONFIG, shard: [1], ...options });
}

describe("a database that is whole", () => {
  test("an archive: every block is checked, nothing is said of pruning", async () => {
    const { dir } = directory({ archive: true });
    const { exitCode, report } = await check(dir, { checkArchive: true });
    expect(exitCode).toBe(0);
    expect(report?.totals).toMatchObject({ minorBlocks: 301, transactions: 811, gasUsed: "42999731" });
    expect(report?.provenance.database?.kind).toBe("goquarkchain");
    expect(report?.warnings).toEqual([]);
  });

  test("a pruned one gives the same answer, names its heights, and is not written to", async () => {
    const { dir } = directory();
    const folders = [SHARD_1, join("master", "db")].map((path) => join(dir, path));
    const before = folders.map(folderDigest);
    const { exitCode, report } = await check(dir);
    expect(exitCode).toBe(0);
    expect(report?.totals).toMatchObject({ minorBlocks: 301, transactions: 811, gasUsed: "42999731" });
    expect(report?.damage).toEqual([]);
    expect(report?.warnings.join("\n")).toMatch(/shard 1 is pruned: .*from the stored ones before them/);
    expect(folders.map(folderDigest)).toEqual(before);
    expect(readdirSync(join(dir, SHARD_1)).filter((name) => name === "LOCK")).toEqual([]);
  });

  test("a range between stored states goes back to the one before it", async () => {
    const { dir } = directory();
    const stored = storedHeights(dir);
    expect(stored[0]).toBe(0);
    const { exitCode, report } = await check(dir, { from: 30, to: 33 });
    expect(exitCode).toBe(0);
    const told = report?.warnings.map((warning) => /computed from that after block (\d+) by/.exec(warning)?.[1]);
    const bases = told?.filter((height) => height !== undefined).map(Number) ?? [];
    expect(bases.length).toBeGreaterThan(0);
    for (const base of bases) expect(stored).toContain(base);
  });
});

describe("missing states", () => {
  test("none before a range: nothing can be proved, and the heights are named", async () => {
    const { dir } = directory();
    await removeStates(dir, storedHeights(dir));
    const { exitCode, report } = await check(dir, { from: 20, to: 20 });
    expect(exitCode).toBe(3);
    expect(report?.unsupported.length).toBeGreaterThan(0);
    expect(report?.unsupported[0].message).toMatch(
      /the state after block \d+ is not stored \(pruned\), nor is any from block 0 to \d+/,
    );
    expect(report?.totals.minorBlocks).toBe(0);
  });

  test("a single one in an archive is damage", async () => {
    const { dir } = directory({ archive: true });
    await removeStates(dir, [150]);
    const { exitCode, report } = await check(dir);
    expect(exitCode).toBe(4);
    expect(report?.damage.map(({ height }) => height)).toEqual([150]);
    expect(report?.totals.minorBlocks).toBe(301);
  });

  test("a row below a stored state is damage, also in a pruned database", async () => {
    const { dir } = directory();
    const path = join(dir, SHARD_1);
    const db = openArchive(dir);
    const root = db.shard(1).rows.get(stateRootAt(dir, 0))!;
    db.close();
    // The root node is a branch: 0xa0 and the 32 bytes of a child.
    const child = root.indexOf(0xa0) + 1;
    const rows = new ClassicLevel<Uint8Array, Uint8Array>(path, { keyEncoding: "view" });
    await rows.del(root.slice(child, child + 32));
    await rows.close();
    const { exitCode, report } = await check(dir, { from: 2, to: 3 });
    expect(exitCode).toBe(4);
    expect(report?.damage[0].message).toMatch(/missing row .*a trie node or code that the state names is absent/);
  });
});
