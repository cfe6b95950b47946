import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fromHex, utf8 } from "../../codec/bytes.ts";
import { DatabaseDamagedError, NotADatabaseError, UnsupportedError } from "../../codec/errors.ts";
import { everyNth } from "../../codec/thoroughness.testkit.ts";
import { databaseKind } from "./database-files.ts";
import { checkLevelDb, compareWithLevelDb } from "./leveldb-differential.testkit.ts";
import { openLevelDbOrRocksDb } from "./leveldb-or-rocksdb.ts";
import { openLevelDb } from "./leveldb-store.ts";
import { LEVELDB_TABLES } from "./leveldb-tables.ts";
import {
  getAllHex,
  loadRecorded,
  type RecordedDatabase,
  recordedNames,
  scanHex,
  withFolder,
} from "./recorded-database.testkit.ts";

const names = recordedNames("leveldb");
const load = (name: string): RecordedDatabase => loadRecorded(name, "leveldb");
const rowsOf = ({ rows }: RecordedDatabase) =>
  rows.map(([key, value]) => ({ key: fromHex(key), value: fromHex(value) }));

describe.each(names)("%s", (name) => {
  const recorded = load(name);

  test.each([0, 1, 2])("reads what goleveldb reads, both ways and any range, settings %i", (seed) => {
    const absent = recorded.rows.flatMap(([key]) => [`${key}00`, key.slice(0, -2), `00${key}`]);
    const present = new Set(recorded.rows.map(([key]) => key));
    const missing = absent.filter((key) => !present.has(key)).map((key) => fromHex(key));
    withFolder(recorded.files, (dir) => checkLevelDb(dir, rowsOf(recorded), missing, seed));
  });

  test("is told from RocksDB", () => {
    withFolder(recorded.files, (dir) => {
      expect(databaseKind(dir)).toBe("leveldb");
      const db = openLevelDbOrRocksDb(dir);
      expect(scanHex(db)).toEqual(recorded.rows);
      db.close();
    });
  });
});

test.each(["pyquarkchain-closed", "levels"])("RocksDB's %s is told from LevelDB", (name) => {
  const { files, rows } = loadRecorded(name);
  withFolder(files, (dir) => {
    expect(databaseKind(dir)).toBe("rocksdb");
    const db = openLevelDbOrRocksDb(dir);
    expect(scanHex(db)).toEqual(rows);
    db.close();
  });
});

const SEED = 20_000 + (Date.now() % 10_000);
const SEEDS = Array.from({ length: 8 / everyNth(2) }, (_, i) => i);
test.each(SEEDS)(`reads what LevelDB reads: seed ${SEED} + %i`, async (i) => {
  await compareWithLevelDb(SEED + i);
});

test("describe names tables, levels and logs", () => {
  withFolder(load("goleveldb-abandoned").files, (dir) => {
    const db = openLevelDb(dir);
    const { manifest, tables, logs, logStops, lastSequence } = db.describe();
    db.close();
    expect(manifest).toContain("MANIFEST-");
    expect(tables.length).toBeGreaterThan(3);
    expect(tables.every(({ file, size }) => file.endsWith(".ldb") && size > 0)).toBe(true);
    expect(logs.length).toBeGreaterThan(0);
    expect(logStops).toEqual([]);
    expect(lastSequence).toBeGreaterThan(0);
  });
});

test("a truncated log is read up to the tear, and the tear is told", () => {
  withFolder(load("goleveldb-truncated-log").files, (dir) => {
    const db = openLevelDb(dir);
    expect(db.describe().logStops).toHaveLength(1);
    db.close();
  });
});

test("tables by their older name", () => {
  const { files, rows } = load("goleveldb-closed");
  withFolder(files, (dir) => {
    for (const name of files.keys()) {
      if (name.endsWith(".ldb")) renameSync(join(dir, name), join(dir, name.replace(".ldb", ".sst")));
    }
    const db = openLevelDb(dir);
    expect(scanHex(db)).toEqual(rows);
    db.close();
  });
});

describe("what is not a database or not whole", () => {
  const closed = load("goleveldb-closed");
  const without = (pattern: RegExp) => new Map([...closed.files].filter(([name]) => !pattern.test(name)));

  test("an empty folder, a missing one", () => {
    const dir = mkdtempSync(join(tmpdir(), "leveldb-"));
    expect(() => openLevelDbOrRocksDb(dir)).toThrow(NotADatabaseError);
    rmSync(dir, { recursive: true });
    expect(() => openLevelDbOrRocksDb(dir)).toThrow(NotADatabaseError);
  });

  test.each([
    ["CURRENT", /^CURRENT$/, /CURRENT is missing/],
    ["MANIFEST", /^MANIFEST/, /MANIFEST that CURRENT names is missing/],
    ["a table", /\.ldb$/, /a live table is missing/],
    ["every log", /\.log$/, /there is no log from the one on that the MANIFEST names/],
  ])("missing: %s", (_name, pattern, message) => {
    withFolder(without(pattern), (dir) => {
      expect(() => openLevelDb(dir)).toThrow(DatabaseDamagedError);
      expect(() => openLevelDb(dir)).toThrow(message);
    });
  });

  test("a table that is shorter than the MANIFEST says", () => {
    const files = new Map(
      [...closed.files].map(([name, bytes]) => [name, /\.ldb$/.test(name) ? bytes.slice(1) : bytes]),
    );
    withFolder(files, (dir) => expect(() => openLevelDb(dir)).toThrow(/where the MANIFEST says/));
  });

  test("a table with another magic number", () => {
    const files = new Map(
      [...closed.files].map(([name, bytes]) => [name, /\.ldb$/.test(name) ? bytes.map((byte) => byte ^ 1) : bytes]),
    );
    withFolder(files, (dir) => {
      const db = openLevelDb(dir);
      expect(() => [...db.entries()]).toThrow(/without LevelDB's magic number/);
      db.close();
    });
  });

  test("blocks compressed in a way that LevelDB learned later, or that does not exist", () => {
    const origin = { file: "000005.ldb", offset: 7 };
    expect(() => LEVELDB_TABLES.decompress(2, utf8("x"), origin)).toThrow(UnsupportedError);
    expect(() => LEVELDB_TABLES.decompress(4, utf8("x"), origin)).toThrow(DatabaseDamagedError);
  });
});

/* A flip in a table, the MANIFEST or CURRENT must be noticed or change no answer: checksums cover what matters. */
test("flipped bytes are noticed, or no answer depends on them", () => {
  const recorded = load("goleveldb-closed");
  const keys = recorded.rows.map(([key]) => key);
  for (const [file, bytes] of recorded.files) {
    if (!/^(CURRENT|MANIFEST-\d+|\d+\.ldb)$/.test(file)) continue;
    const step = Math.max(1, Math.floor(bytes.length / 300));
    for (let at = 0; at < bytes.length; at += step) {
      const damaged = bytes.slice();
      damaged[at] ^= 1 << (at % 8);
      withFolder(new Map(recorded.files).set(file, damaged), (dir) => {
        try {
          const db = openLevelDb(dir, { verifyChecksums: "all" });
          expect(scanHex(db), `${file} byte ${at}`).toEqual(recorded.rows);
          expect(getAllHex(db, keys), `${file} byte ${at}`).toEqual(recorded.rows.map(([, value]) => value));
          db.close();
        } catch (error) {
          if (!(error instanceof DatabaseDamagedError) && !(error instanceof UnsupportedError)) throw error;
        }
      });
    }
  }
});
