/*
 * The table reader against RocksDB: ORACLE_PYTHON=<python with rocksdict> npm run test:oracle -- scripts/oracle/sstable.
 * ORACLE_SEED and ORACLE_COUNT repeat, shorten or lengthen a run; database N of seed S is that of seed S + N.
 */

import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, test } from "vitest";
import type { KeyValueEntry } from "../../../node/archive/key-value-reader.ts";
import { compareScan } from "../../../node/archive/sstable/compare-scan.testkit.ts";
import { folderDigest } from "../../../node/archive/sstable/folder-digest.testkit.ts";
import { openRocksDb, type RocksDbReader } from "../../../node/archive/sstable/rocksdb-store.ts";
import { bytesEqual, compareBytes, toHex } from "../../../node/codec/bytes.ts";
import { UnsupportedError } from "../../../node/codec/errors.ts";

const python = process.env.ORACLE_PYTHON ?? "python3";
const firstSeed = Number(process.env.ORACLE_SEED ?? Date.now() % 1_000_000_000);
const count = Number(process.env.ORACLE_COUNT ?? 1000);
const BATCH = 50;
/** So small that blocks leave the cache all the time, and so large that none does. */
const CACHE_SIZES = [0, 20_000, 1 << 26];
const RANGES_PER_DATABASE = 12;

interface Expected {
  readonly outcome: "rows" | "refused" | "error" | "hang";
  readonly note: { readonly refused?: string; readonly error?: string };
  readonly rows: readonly KeyValueEntry[];
  readonly absent: readonly Uint8Array[];
}

const ready = spawnSync(python, ["-c", "import rocksdict"]).status === 0;
if (!ready) console.info(`scripts/oracle/sstable: skipped, ${python} lacks the module rocksdict (set ORACLE_PYTHON)`);

describe.skipIf(!ready)(`table reader against RocksDB, seed ${firstSeed}`, () => {
  test(`${count} databases`, { timeout: 7_200_000 }, async () => {
    const seen = new Map<string, number>();
    for (let done = 0; done < count; done += BATCH) {
      const folder = mkdtempSync(join(tmpdir(), "sstable-oracle-"));
      try {
        const howMany = Math.min(BATCH, count - done);
        await writeDatabases(folder, firstSeed + done, howMany);
        for (let seed = firstSeed + done; seed < firstSeed + done + howMany; seed++) {
          checkDatabase(join(folder, `${seed}`), seed, seen);
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
    console.info(
      [...seen]
        .sort()
        .map(([what, times]) => `${times} x ${what}`)
        .join("\n"),
    );
  });
});

async function writeDatabases(folder: string, seed: number, howMany: number): Promise<void> {
  const script = fileURLToPath(new URL("write_databases.py", import.meta.url));
  const args = ["-W", "ignore", script, "--out", folder, "--seed", `${seed}`, "--count", `${howMany}`];
  try {
    await promisify(execFile)(python, args);
  } catch (error) {
    throw new Error(`${python} could not write databases: ${(error as { stderr?: string }).stderr || error}`);
  }
}

function checkDatabase(folder: string, seed: number, seen: Map<string, number>): void {
  const expected = readExpected(join(folder, "expected.bin"));
  const dir = join(folder, "db");
  const before = folderDigest(dir);
  const cacheBytes = CACHE_SIZES[seed % CACHE_SIZES.length];
  const verifyChecksums = seed % 2 === 0 ? "all" : "default";
  try {
    if (expected.outcome === "rows") checkRows(openRocksDb(dir, { cacheBytes, verifyChecksums }), expected, seed, seen);
    else if (expected.outcome === "hang") expectTornLog(dir);
    else checkRefusal(dir, expected);
    if (folderDigest(dir) !== before) throw new Error("the folder has changed");
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${JSON.stringify(expected.note)}`, { cause: error });
  }
  seen.set(expected.outcome, (seen.get(expected.outcome) ?? 0) + 1);
}

function checkRows(db: RocksDbReader, { rows, absent }: Expected, seed: number, seen: Map<string, number>): void {
  compareScan(db, {}, rows);
  compareScan(db, { reverse: true }, rows.toReversed());
  const random = randomNumbers(seed);
  const border = (): Uint8Array | undefined => {
    const draw = random();
    if (draw < 0.2) return undefined;
    const pool = draw < 0.6 ? rows.map(({ key }) => key) : absent;
    return pool[Math.floor(random() * pool.length)];
  };
  for (let i = 0; i < RANGES_PER_DATABASE; i++) {
    const gte = border();
    const lt = border();
    const inside = rows.filter(
      ({ key }) =>
        (gte === undefined || compareBytes(key, gte) >= 0) && (lt === undefined || compareBytes(key, lt) < 0),
    );
    compareScan(db, { gte, lt }, inside);
    compareScan(db, { gte, lt, reverse: true }, inside.toReversed());
  }
  for (const { key, value } of rows) {
    for (const found of [db.get(key), db.getSelfProving(key)]) {
      if (found === undefined || !bytesEqual(found, value))
        throw new Error(`get ${toHex(key)}: ${found && toHex(found)}`);
    }
  }
  for (const key of absent) {
    const found = db.get(key) ?? db.getSelfProving(key);
    if (found !== undefined || db.has(key)) throw new Error(`absent key ${toHex(key)} is found`);
  }
  for (const { formatVersion, checksum, indexType, compression, level } of db.describe().tables) {
    for (const what of [`format ${formatVersion}`, checksum, `${indexType} index`, compression, `level ${level}`]) {
      seen.set(`table: ${what}`, (seen.get(`table: ${what}`) ?? 0) + 1);
    }
  }
  for (const { reason } of db.describe().logStops) seen.set(`log: ${reason}`, (seen.get(`log: ${reason}`) ?? 0) + 1);
  db.close();
}

/** RocksDB has no answer; this reader takes what comes before the damage and says where that is. */
function expectTornLog(dir: string): void {
  const db = openRocksDb(dir);
  for (const _ of db.entries());
  if (db.describe().logStops.length === 0) throw new Error("a damaged log is read to its end");
  db.close();
}

/** A database with a feature that is not read, or one that RocksDB itself does not open, must not yield all its rows. */
function checkRefusal(dir: string, { outcome, note }: Expected): void {
  try {
    const db = openRocksDb(dir);
    for (const _ of db.entries());
    db.close();
  } catch (error) {
    if (outcome === "error") return;
    if (error instanceof UnsupportedError && error.message.includes(note.refused ?? "")) return;
    throw error;
  }
  throw new Error(`opened what RocksDB refuses or this reader must refuse: ${note.refused ?? note.error}`);
}

function readExpected(path: string): Expected {
  const bytes = readFileSync(path);
  const headEnd = bytes.indexOf(10);
  const { outcome, note } = JSON.parse(bytes.toString("utf8", 0, headEnd));
  let at = headEnd + 1;
  const take = (length: number): Uint8Array => {
    at += length;
    return new Uint8Array(bytes.subarray(at - length, at));
  };
  const next = (): number => {
    at += 4;
    return bytes.readUInt32LE(at - 4);
  };
  const rowCount = next();
  const absentCount = next();
  const rows = Array.from({ length: rowCount }, () => {
    const keyLength = next();
    const valueLength = next();
    return { key: take(keyLength), value: take(valueLength) };
  });
  return { outcome, note, rows, absent: Array.from({ length: absentCount }, () => take(next())) };
}

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
