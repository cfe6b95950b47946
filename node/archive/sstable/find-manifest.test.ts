import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { DatabaseDamagedError, UnsupportedError } from "../../codec/errors.ts";
import { databaseKind } from "./database-files.ts";
import { openLevelDb } from "./leveldb-store.ts";
import { loadRecorded, recordedNames, scanHex, withFolder } from "./recorded-database.testkit.ts";
import { openRocksDb } from "./rocksdb-store.ts";

const LEVELDB = recordedNames("leveldb")[0];
const recorded = loadRecorded(LEVELDB, "leveldb");

/** Rows and notes of the LevelDB after `edit`. */
function opened(edit: (dir: string) => void) {
  return withFolder(recorded.files, (dir) => {
    edit(dir);
    const db = openLevelDb(dir);
    try {
      return { rows: scanHex(db), notes: db.describe().notes.map(({ text }) => text) };
    } finally {
      db.close();
    }
  });
}

const torn = (dir: string) => writeFileSync(join(dir, "CURRENT"), new Uint8Array(16));

describe("goleveldb's ways to the MANIFEST", () => {
  test.each<[string, (dir: string) => void]>([
    ["CURRENT with zeros", torn],
    ["CURRENT empty", (dir) => writeFileSync(join(dir, "CURRENT"), "")],
    ["CURRENT that names a MANIFEST that is gone", (dir) => writeFileSync(join(dir, "CURRENT"), "MANIFEST-999999\n")],
    ["CURRENT missing", (dir) => rmSync(join(dir, "CURRENT"))],
  ])("%s: CURRENT.bak is taken, with a note", (_, damage) => {
    const { rows, notes } = opened((dir) => {
      copyFileSync(join(dir, "CURRENT"), join(dir, "CURRENT.bak"));
      damage(dir);
    });
    expect(rows).toEqual(recorded.rows);
    expect(notes).toEqual([expect.stringContaining("CURRENT.bak was taken instead")]);
  });

  test("CURRENT.<n> that a rename left behind is taken where nothing else is whole", () => {
    const { rows, notes } = opened((dir) => renameSync(join(dir, "CURRENT"), join(dir, "CURRENT.7")));
    expect(rows).toEqual(recorded.rows);
    expect(notes).toEqual([expect.stringContaining("CURRENT.7 was taken instead")]);
  });

  test("an older CURRENT.<n> does not take the place of CURRENT", () => {
    const { notes } = opened((dir) => copyFileSync(join(dir, "CURRENT"), join(dir, "CURRENT.3")));
    expect(notes).toEqual([]);
  });

  test("none that is whole: damage", () => {
    expect(() =>
      opened((dir) => {
        torn(dir);
        writeFileSync(join(dir, "CURRENT.bak"), "garbage");
      }),
    ).toThrow(DatabaseDamagedError);
  });
});

describe("RocksDB", () => {
  const { files, rows } = loadRecorded("pyquarkchain-closed");

  test("has no CURRENT.bak: there it stays damage", () => {
    withFolder(files, (dir) => {
      copyFileSync(join(dir, "CURRENT"), join(dir, "CURRENT.bak"));
      torn(dir);
      expect(() => openRocksDb(dir)).toThrow("CURRENT does not name a MANIFEST");
    });
  });

  test("logs are found where wal_dir says", () => {
    withFolder(files, (dir) => {
      const logs = join(dir, "logs");
      mkdirSync(logs);
      for (const name of readdirSync(dir).filter((file) => file.endsWith(".log"))) {
        renameSync(join(dir, name), join(logs, name));
      }
      writeFileSync(join(dir, "OPTIONS-999999"), `[DBOptions]\n  wal_dir=${logs}\n`);
      const db = openRocksDb(dir);
      expect([scanHex(db), db.describe().notes]).toEqual([rows, []]);
      db.close();
    });
  });

  test("a wal_dir that is the folder under the path it was copied from is the folder", () => {
    withFolder(files, (dir) => {
      writeFileSync(join(dir, "OPTIONS-999999"), `  wal_dir=/gone/${basename(dir)}\n`);
      const db = openRocksDb(dir);
      expect([scanHex(db), db.describe().notes]).toEqual([rows, []]);
      db.close();
      writeFileSync(join(dir, "OPTIONS-999999"), "  wal_dir=/gone/logs\n");
      expect(() => openRocksDb(dir)).toThrow("the logs lie in /gone/logs, where no folder is");
    });
  });

  test("a folder without any log may lack rows, and says so", () => {
    withFolder(files, (dir) => {
      for (const name of readdirSync(dir).filter((file) => file.endsWith(".log"))) rmSync(join(dir, name));
      const db = openRocksDb(dir);
      const note = { text: expect.stringContaining("has no write-ahead log"), mayLackRows: true };
      expect(db.describe().notes).toEqual([note]);
      db.close();
    });
  });
});

test("Pebble is named", () => {
  withFolder(new Map([["marker.manifest.000001.MANIFEST-000001", new Uint8Array()]]), (dir) => {
    expect(() => databaseKind(dir)).toThrow(UnsupportedError);
  });
});
