/*
 * The table reader against LevelDB (classic-level) and against goleveldb, which goquarkchain is built on:
 * ORACLE_GO=<the go command> npx vitest run --config vitest.oracle.config.ts scripts/oracle/leveldb
 * ORACLE_SEED and ORACLE_COUNT repeat, shorten or lengthen a run; database N of seed S is that of seed S + N.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, test } from "vitest";
import { checkLevelDb, compareWithLevelDb } from "../../../node/archive/sstable/leveldb-differential.testkit.ts";
import { fromHex } from "../../../node/codec/bytes.ts";

const firstSeed = Number(process.env.ORACLE_SEED ?? Date.now() % 1_000_000_000);
const count = Number(process.env.ORACLE_COUNT ?? 200);
const go = process.env.ORACLE_GO;
const BATCH = 25;

if (go === undefined) console.info("scripts/oracle/leveldb: goleveldb skipped, set ORACLE_GO to the go command");

describe(`table reader, seed ${firstSeed}`, () => {
  test(`against LevelDB, ${count} databases`, { timeout: 7_200_000 }, async () => {
    const seen = new Map<string, number>();
    for (let seed = firstSeed; seed < firstSeed + count; seed++) note(seen, await compareWithLevelDb(seed));
    console.info("LevelDB", Object.fromEntries(seen));
  });

  test.skipIf(go === undefined)(`against goleveldb, ${count} databases`, { timeout: 7_200_000 }, async () => {
    const seen = new Map<string, number>();
    for (let done = 0; done < count; done += BATCH) {
      const folder = mkdtempSync(join(tmpdir(), "goleveldb-"));
      try {
        const howMany = Math.min(BATCH, count - done);
        const args = ["run", ".", "-out", folder, "-seed", `${firstSeed + done}`, "-count", `${howMany}`];
        await promisify(execFile)(go ?? "", args, { cwd: fileURLToPath(new URL(".", import.meta.url)) });
        for (let seed = firstSeed + done; seed < firstSeed + done + howMany; seed++) {
          note(seen, checkRecorded(join(folder, `${seed}`), seed));
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
    console.info("goleveldb", Object.fromEntries(seen));
  });
});

function checkRecorded(folder: string, seed: number): string {
  const expected: { ending: string; rows: [string, string][]; absent: string[] } = JSON.parse(
    readFileSync(join(folder, "expected.json"), "utf8"),
  );
  const rows = expected.rows.map(([key, value]) => ({ key: fromHex(key), value: fromHex(value) }));
  try {
    checkLevelDb(
      join(folder, "db"),
      rows,
      expected.absent.map((key) => fromHex(key)),
      seed,
    );
  } catch (error) {
    throw new Error(`seed ${seed} (${expected.ending}): ${(error as Error).message}`, { cause: error });
  }
  return expected.ending;
}

function note(seen: Map<string, number>, what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}
