import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { OWN_BLOCKS_CONFIG, OwnBlocksDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { toHex } from "../../node/codec/bytes.ts";
import { CONFIG, FixtureChain, withMeta } from "../checkdb/twin-chain.testkit.ts";
import { type CheckOptions, checkInProcess } from "../checkdb/twin-check.testkit.ts";
import { runCli } from "../cli/run-cli.ts";
import { EXCERPT_FILE } from "../database/excerpt.ts";
import type { FoundDivergence } from "../report/schema.ts";
import { triageDivergences } from "../triage/triage-run.ts";

const SHARD = 1;
const chain = new FixtureChain();
const tipHeight = chain.tipHeight(SHARD);
const forged = (height: number) =>
  chain.forge({
    minor: { fullShardId: SHARD, height, change: (block) => withMeta(block, { gasUsed: block.meta.gasUsed + 1n }) },
  });
/** The newest block, so that every block above a seeded divergence does not differ as well. */
const newest = forged(tipHeight);
const older = forged(tipHeight - 20);
const own = new OwnBlocksDirectory("leveldb");
const folder = mkdtempSync(join(tmpdir(), "qkc-export-"));
afterAll(() => {
  for (const database of [newest, older, own]) database.remove();
  chain.close();
  rmSync(folder, { recursive: true });
});

let printed = "";
let noted = "";
beforeEach(() => {
  [printed, noted] = ["", ""];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    noted += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

function exportDatabase(...args: string[]): Promise<number> {
  return runCli(["export-database", ...args], () => Promise.reject(new Error("no engine is needed")));
}

describe("qkc export-database", () => {
  test("checkdb, told nothing but the folder, finds in it what it finds in the whole database", async () => {
    const out = join(folder, "of-block");
    const first = (await checkInProcess(older.dir, { config: CONFIG, shard: [SHARD] })).found[0];
    const block = `${SHARD}:${first.height}`;
    expect(await exportDatabase("--block", block, "--db", older.dir, "--config", CONFIG, "--out", out), noted).toBe(0);
    expect(printed).toContain(`next: qkc checkdb --db ${out}\n`);
    const { found, report, exitCode } = await checkInProcess(out);
    expect(exitCode).toBe(2);
    expect(found).toContainEqual(first);
    expect(report?.damage).toEqual([]);
    expect(report?.range).toEqual({ rootFrom: first.rootHeight, rootTo: first.rootHeight, shards: [SHARD] });
    expect(report?.warnings.join()).toContain(`an excerpt of a database`);
    expect(bytesIn(out)).toBeLessThan(bytesIn(older.dir) / 4);
  });

  test("a reproducer names its block, and a closer look comes to the same there", async () => {
    const out = join(folder, "of-reproducer");
    const { found } = await checkInProcess(newest.dir, { config: CONFIG, last: 2 });
    const whole = await lookedAt(newest.dir, found, CONFIG);
    const reproducer = whole.triage?.reproducer;
    if (typeof reproducer !== "string") throw new Error("there is no reproducer");
    const file = join(whole.folder, reproducer);
    expect(await exportDatabase(file, "--db", newest.dir, "--config", CONFIG, "--out", out), noted).toBe(0);
    const again = await checkInProcess(out);
    expect(again.found).toEqual(found);
    expect((await lookedAt(out, again.found, undefined)).triage).toEqual(whole.triage);
    const { height } = found[0];
    for (const command of [
      ["diff", "--block", `${SHARD}:${height}`],
      ["diff", "--block", found[0].hash],
    ]) {
      expect(await runCli([...command, "--db", out], NO_ENGINE), noted).toBe(2);
    }
  });

  test("of a goquarkchain database", async () => {
    const options: CheckOptions = { config: OWN_BLOCKS_CONFIG, shard: [SHARD] };
    for (const divergence of (await checkInProcess(own.dir, options)).found) {
      const out = join(folder, `own-${divergence.height}`);
      const args = ["--block", divergence.hash, "--db", own.dir, "--config", OWN_BLOCKS_CONFIG, "--out", out];
      expect(await exportDatabase(...args), noted).toBe(0);
      const { found } = await checkInProcess(out);
      // What goquarkchain loses of an account's balances, only the blocks before leave in memory.
      if (divergence.height === 6)
        expect(printed).toMatch(/not checked, in either: shard 1 block 6: damage that goquarkchain/);
      else expect(found).toContainEqual(divergence);
    }
  });

  test("a block that does not differ gives a clean excerpt, and says so", async () => {
    const out = join(folder, "clean");
    const hash = toHex(chain.minorHash(SHARD, 5));
    expect(await exportDatabase("--block", hash, "--db", older.dir, "--config", CONFIG, "--out", out), noted).toBe(0);
    expect(printed).toContain("its check finds what that of the database does: no divergence");
    expect(printed).toContain("shard 1 block 5 is not among what differs");
    expect((await checkInProcess(out)).exitCode).toBe(0);
    const below = await checkInProcess(out, { from: 1 });
    expect(below).toMatchObject({
      exitCode: 1,
      text: expect.stringContaining("this database is an excerpt: it begins"),
    });
  });

  test("1 where no block or two are named, and for a folder that is not empty or lies in the database", async () => {
    const db = ["--db", older.dir, "--config", CONFIG];
    const block = ["--block", `${SHARD}:${tipHeight}`];
    const full = join(folder, "full");
    mkdirSync(full);
    writeFileSync(join(full, "mine.txt"), "mine");
    expect(await exportDatabase(...db, "--out", join(folder, "none"))).toBe(1);
    expect(await exportDatabase("case.json", ...block, ...db, "--out", join(folder, "none"))).toBe(1);
    expect(await exportDatabase("--block", "1:0", ...db, "--out", join(folder, "none"))).toBe(1);
    expect(await exportDatabase(...block, ...db, "--out", full)).toBe(1);
    expect(await exportDatabase(...block, ...db, "--out", join(older.dir, "small"))).toBe(1);
    expect(noted).toMatch(
      /name one block.*\n.*name one block.*\n.*block 0 of shard 1 is not executed.*\n.*is not empty.*\n.*inside the database/s,
    );
    expect(readdirSync(full)).toEqual(["mine.txt"]);
  });

  test("an excerpt of a later version is not checked", async () => {
    const out = join(folder, "clean");
    const file = join(out, EXCERPT_FILE);
    const later = readFileSync(file, "utf8").replace("qkc-excerpt/1", "qkc-excerpt/2");
    writeFileSync(file, later);
    expect(await checkInProcess(out)).toMatchObject({ exitCode: 3 });
  });
});

const NO_ENGINE = () => Promise.reject(new Error("no engine is needed"));

async function lookedAt(db: string, divergences: readonly FoundDivergence[], configPath: string | undefined) {
  const reports = mkdtempSync(join(folder, "report-"));
  const open = { db, configPath, rootTip: undefined, verifyChecksums: "default" } as const;
  const { triages } = await triageDivergences({ ...open, divergences, folder: reports });
  return { triage: triages.get(divergences[0].hash), folder: reports };
}

function bytesIn(dir: string): number {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
