import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fromHex, toHex, utf8 } from "../../codec/bytes.ts";
import { NotADatabaseError, UnsupportedError, UsageError } from "../../codec/errors.ts";
import { databaseKind } from "./database-files.ts";
import { folderDigest } from "./folder-digest.testkit.ts";
import { fileNamed, getAllHex, loadRecorded, recordedNames, scanHex, withFolder } from "./recorded-database.testkit.ts";
import { openRocksDb, type RocksDbDescription, type RocksDbReader } from "./rocksdb-store.ts";

const names = recordedNames();
const readable = names.filter((name) => !name.startsWith("refused-"));
const refused = names.filter((name) => name.startsWith("refused-"));

/** Opens a recorded database in a folder that lives as long as `use` runs. */
function withDatabase<T>(
  name: string,
  use: (db: RocksDbReader, dir: string) => T,
  options: Parameters<typeof openRocksDb>[1] = {},
): T {
  return withFolder(loadRecorded(name).files, (dir) => {
    const db = openRocksDb(dir, options);
    try {
      return use(db, dir);
    } finally {
      db.close();
    }
  });
}

describe.each(readable)("%s", (name) => {
  const { rows } = loadRecorded(name);
  const keys = rows.map(([key]) => key);

  test.each([
    [0, "all"],
    [3000, "default"],
    [1 << 24, "default"],
  ] as const)("reads what RocksDB reads, with %i bytes of cache and checksums %s", (cacheBytes, verifyChecksums) => {
    withDatabase(
      name,
      (db) => {
        expect(scanHex(db)).toEqual(rows);
        expect(scanHex(db, { reverse: true })).toEqual(rows.toReversed());
        expect(getAllHex(db, keys)).toEqual(rows.map(([, value]) => value));
        for (const [key, value] of rows) {
          expect(toHex(db.getSelfProving(fromHex(key)) ?? utf8("absent"))).toBe(value);
          expect(db.has(fromHex(key))).toBe(true);
        }
      },
      { cacheBytes, verifyChecksums },
    );
  });

  test("finds no keys that are not there", () => {
    const present = new Set(keys);
    const near = keys.flatMap((key) => [`${key}00`, key.slice(0, -2), `${key.slice(0, -2)}ff`, `00${key}`]);
    withDatabase(name, (db) => {
      for (const key of ["", "ff".repeat(50), ...near].filter((candidate) => !present.has(candidate))) {
        expect(db.get(fromHex(key))).toBeUndefined();
        expect(db.getSelfProving(fromHex(key))).toBeUndefined();
        expect(db.has(fromHex(key))).toBe(false);
      }
    });
  });

  test("scans any range both ways", () => {
    const borders = [undefined, "", ...keys.filter((_, i) => i % 11 === 0).flatMap((key) => [key, `${key}00`]), "ff"];
    withDatabase(name, (db) => {
      for (const from of borders) {
        for (const to of borders) {
          const gte = from === undefined ? undefined : fromHex(from);
          const lt = to === undefined ? undefined : fromHex(to);
          const inside = rows.filter(([key]) => (from === undefined || key >= from) && (to === undefined || key < to));
          // As text: thousands of comparisons of rows one by one take seconds.
          expect(JSON.stringify(scanHex(db, { gte, lt }))).toBe(JSON.stringify(inside));
          expect(JSON.stringify(scanHex(db, { gte, lt, reverse: true }))).toBe(JSON.stringify(inside.toReversed()));
        }
      }
    });
  });

  test("leaves the folder as it is", () => {
    withDatabase(name, (db, dir) => {
      const before = folderDigest(dir);
      scanHex(db);
      db.describe();
      expect(folderDigest(dir)).toBe(before);
    });
  });
});

describe("describe", () => {
  const describeRecorded = (name: string): RocksDbDescription => withDatabase(name, (db) => db.describe());

  test.each(readable.filter((name) => name.startsWith("table-v")))("%s says how its table is built", (name) => {
    const [table] = describeRecorded(name).tables;
    expect(table.formatVersion).toBe(Number(name[7]));
    expect(table.entries).toBeGreaterThan(100);
    expect(table.size).toBeGreaterThan(0);
  });

  test("the recorded tables cover all versions, checksums, compressions and index types", () => {
    const tables = readable.flatMap((name) => describeRecorded(name).tables);
    const all = (field: "formatVersion" | "checksum" | "compression" | "indexType") =>
      [...new Set(tables.map((table) => table[field]))].sort();
    expect(all("formatVersion")).toEqual([2, 3, 4, 5, 6]);
    expect(all("checksum")).toEqual(["XXH3", "crc32c", "none", "xxHash", "xxHash64"]);
    expect(all("compression")).toEqual(["LZ4", "LZ4HC", "NoCompression", "Snappy", "ZSTD", "Zlib"]);
    expect(all("indexType")).toEqual(["binary search", "binary search with first keys", "hash", "two-level"]);
  });

  test("tells levels, deletions and rows in the logs", () => {
    const { tables, logKeys, lastSequence } = describeRecorded("levels");
    expect(tables.filter(({ level }) => level === 0).length).toBeGreaterThan(2);
    expect(tables.filter(({ level }) => level > 0).length).toBeGreaterThan(1);
    expect(tables.reduce((sum, { deletions }) => sum + deletions, 0)).toBeGreaterThan(10);
    expect(logKeys).toBe(16);
    expect(lastSequence).toBeGreaterThan(250);
  });

  test("lists logs and where their replay stopped", () => {
    expect(describeRecorded("log-only").logStops).toEqual([]);
    expect(describeRecorded("several-logs").logs.length).toBeGreaterThan(1);
    const recycled = describeRecorded("recycled-log");
    expect(recycled.logStops.map(({ reason }) => reason)).toEqual(["the rest is left over from an older log"]);
    expect(recycled.logStops[0].file).toBe(recycled.logs.at(-1)?.path);
  });
});

describe("what is not a database", () => {
  test("an empty folder, a missing one, a file and foreign files", () => {
    const dir = mkdtempSync(join(tmpdir(), "sstable-"));
    try {
      expect(() => openRocksDb(dir)).toThrow(NotADatabaseError);
      expect(() => openRocksDb(join(dir, "missing"))).toThrow(NotADatabaseError);
      expect(databaseKind(dir)).toBe("leveldb");
      expect(() => databaseKind(join(dir, "missing"))).toThrow(NotADatabaseError);
    } finally {
      rmSync(dir, { recursive: true });
    }
    withFolder(new Map([["notes.txt", utf8("hello")]]), (folder) => {
      expect(() => openRocksDb(folder)).toThrow(NotADatabaseError);
      expect(() => openRocksDb(join(folder, "notes.txt"))).toThrow(NotADatabaseError);
    });
  });

  test("databaseKind knows databases, whole or not, from LevelDB's", () => {
    const { files } = loadRecorded("pyquarkchain-closed");
    withFolder(files, (dir) => expect(databaseKind(dir)).toBe("rocksdb"));
    withFolder(new Map([...files].filter(([name]) => name !== "CURRENT")), (dir) =>
      expect(databaseKind(dir)).toBe("rocksdb"),
    );
    const levelDb = new Map(["CURRENT", "MANIFEST-000001", "000002.ldb", "000003.log"].map((name) => [name, utf8("")]));
    withFolder(levelDb, (dir) => expect(databaseKind(dir)).toBe("leveldb"));
  });
});

describe("what is refused", () => {
  test.each(refused)("%s", (name) => {
    const { files, refused: feature } = loadRecorded(name);
    withFolder(files, (dir) => {
      const readAll = (): unknown => scanHex(openRocksDb(dir));
      expect(readAll).toThrow(UnsupportedError);
      expect(readAll).toThrow(feature);
    });
  });

  test("LevelDB tables", () => {
    const recorded = loadRecorded("pyquarkchain-closed");
    const table = fileNamed(recorded, /\.sst$/);
    const files = new Map([...recorded.files].map(([name, bytes]) => [name.replace(".sst", ".ldb"), bytes]));
    expect(files.has(table)).toBe(false);
    withFolder(files, (dir) => expect(() => openRocksDb(dir)).toThrow(/LevelDB tables are not read/));
  });
});

test("a closed store reads nothing more", () => {
  withFolder(loadRecorded("pyquarkchain-closed").files, (dir) => {
    const db = openRocksDb(dir);
    const key = fromHex(loadRecorded("pyquarkchain-closed").rows[0][0]);
    expect(db.get(key)).toBeDefined();
    db.close();
    expect(() => db.get(key)).toThrow(UsageError);
  });
});

test("values belong to the caller", () => {
  withDatabase("pyquarkchain-closed", (db) => {
    const [[key, value]] = loadRecorded("pyquarkchain-closed").rows;
    db.get(fromHex(key))?.fill(0);
    for (const row of db.entries()) row.value.fill(0);
    expect(toHex(db.get(fromHex(key)) ?? utf8("absent"))).toBe(value);
  });
});
