import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { unpack } from "../../node/archive/packed-files.testkit.ts";
import { checkInProcess } from "../checkdb/twin-check.testkit.ts";
import { runDiff } from "../diff/run-diff.ts";
import { examineDatabase } from "../doctor/doctor.ts";
import { replayInProcess } from "./replay-run.testkit.ts";

/** A block is judged by its own root block, its own commit status and the root tip of its moment (fixtures/positions). */
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qkc-positions-"));
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function database(name: string): string {
  const db = join(folder, name);
  unpack(`fixtures/positions/${name}.files.gz`, db);
  return db;
}

async function replay(name: string, withForks: boolean) {
  return await replayInProcess({ db: database(name), datadir: join(folder, "new"), withForks });
}

describe("a shard with two genesis blocks", () => {
  test("goes from one to the other with forks, and ends where it does without", async () => {
    const { exitCode, report, error } = await replay("two-genesis", true);
    expect({ exitCode, error }).toEqual({ exitCode: 0, error: undefined });
    const plain = await replayInProcess({ db: join(folder, "two-genesis"), datadir: join(folder, "plain") });
    expect(plain.exitCode).toBe(0);
    const heads = report?.replay?.shards.map(({ head }) => head);
    expect(heads).toEqual(plain.report?.replay?.shards.map(({ head }) => head));
    expect(report?.replay?.shards.map(({ reorgs }) => reorgs)).toContain(1);
  });
});

describe("a block that was stored and never committed", () => {
  test.each(["side-uncommitted", "tip-uncommitted"])("is left out with a word: %s", async (name) => {
    const { exitCode, report } = await replay(name, true);
    expect(exitCode).toBe(0);
    expect(report?.warnings.join()).toContain(
      "1 side blocks are left out: they, or blocks that they build on, were stored",
    );
    expect(report?.totals.minorBlocks).toBe(8);
  });

  test("is checked above the root tip, and its sends are compared with nothing", async () => {
    const { exitCode, report } = await checkInProcess(database("tip-uncommitted"), { unconfirmed: true });
    expect(exitCode).toBe(0);
    expect(report?.totals.minorBlocks).toBe(9);
    expect(report?.warnings.join()).toMatch(/shard 1 block 4, [0-9a-f]{64}, was stored and never committed/);
  });
});

describe("a target that is a neighbour no more", () => {
  test("was one when the block came, and a replay judges so", async () => {
    expect((await replay("neighbors-33", false)).exitCode).toBe(0);
  });

  test("is none at the root tip by which a check judges, and the report says so", async () => {
    const { exitCode, report } = await checkInProcess(database("neighbors-33"));
    expect(exitCode).toBe(2);
    expect(report?.divergences.map(({ violations }) => violations[0].message)).toEqual([
      expect.stringContaining("TARGET_NOT_REACHABLE"),
    ]);
    expect(report?.warnings.join()).toContain("was a neighbour while root block 2 was the tip");
  });
});

describe("a side block on an abandoned root block", () => {
  test("consumes the deposits of its own root chain", async () => {
    vi.spyOn(process.stdout, "write").mockImplementation(() => true);
    const block = "e18be467f9eeea14aff5d329c417dc362e990734862c4f8351206538b4eed99d";
    const request = { configPath: undefined, rules: undefined, against: undefined, json: true };
    expect(await runDiff({ db: database("side-root-diff"), block, ...request })).toBe(0);
  });

  test("and a replay with forks takes it", async () => {
    const { exitCode, report } = await replay("side-root-diff", true);
    expect(exitCode).toBe(0);
    expect(report?.replay?.shards.map(({ sideBlocks }) => sideBlocks)).toContain(1);
  });
});

test("a shard that is not born yet lacks nothing", async () => {
  const request = { configPath: undefined, deep: false, trialSeconds: 0 };
  const { verdict, findings } = await examineDatabase({ db: database("unborn-shard"), ...request });
  expect(verdict).toBe("fit");
  expect(findings).toMatchObject([
    { severity: "note", message: expect.stringContaining("root block 50 brings it to life") },
  ]);
});
