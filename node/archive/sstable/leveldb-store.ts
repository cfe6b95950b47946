import type { KeyValueReader } from "../key-value-reader.ts";
import { checkLogPresent, findGoLevelDbManifest, findLevelDbTable, findLogs } from "./database-files.ts";
import { LEVELDB_TABLES } from "./leveldb-tables.ts";
import { readManifest } from "./manifest.ts";
import { holdLogs } from "./shared-logs.ts";
import { openTables, type StoreDescription, type StoreOptions, TableStore } from "./table-store.ts";

/** One live table, as the MANIFEST describes it. */
interface LevelDbTableDescription {
  readonly file: string;
  readonly level: number;
  /** Bytes. */
  readonly size: number;
}

export type LevelDbDescription = StoreDescription<LevelDbTableDescription>;

/** A LevelDB database, read where it lies: files are opened for reading only, no lock is taken. */
export interface LevelDbReader extends KeyValueReader {
  describe(): LevelDbDescription;
}

/**
 * Opens the database in `dir`, of LevelDB or of goleveldb. Live files are those that CURRENT and the MANIFEST name, so
 * tables that were being written when the client stopped are not read; logs are replayed in memory, up to a torn end.
 * Throws NotADatabaseError when nothing in the folder belongs to a database, DatabaseDamagedError with file and offset
 * when its files contradict themselves, UnsupportedError naming a feature that is not read.
 */
export function openLevelDb(dir: string, options: StoreOptions = {}): LevelDbReader {
  const manifest = findGoLevelDbManifest(dir);
  const files = readManifest(manifest.bytes, manifest.path, manifest.number);
  const tables = openTables(files, LEVELDB_TABLES, options, ({ number, size }) => findLevelDbTable(dir, number, size));
  const logs = findLogs(dir, files.firstLog);
  checkLogPresent(dir, logs, files.firstLog);
  return new LevelDbStore({
    manifest: manifest.path,
    files,
    ...tables,
    logs,
    replayed: holdLogs(logs),
    verifyAll: options.verifyChecksums === "all",
    notes: manifest.note === undefined ? [] : [{ text: manifest.note, mayLackRows: false }],
  });
}

class LevelDbStore extends TableStore implements LevelDbReader {
  describe(): LevelDbDescription {
    return this.describeWith(({ description: { level, size }, table }) => ({
      file: table.path,
      level,
      size,
    }));
  }
}
