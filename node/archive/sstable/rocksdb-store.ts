import type { KeyValueReader } from "../key-value-reader.ts";
import { CHECKSUM_NAMES } from "./checksum.ts";
import { checkSyncedLogs, findLogs, findManifest, findTable, logFolder } from "./database-files.ts";
import type { LiveTable } from "./level.ts";
import { readManifest } from "./manifest.ts";
import { holdLogs } from "./shared-logs.ts";
import { ROCKSDB_TABLES, readTableLayout } from "./table-properties.ts";
import { type OpeningNote, openTables, type StoreDescription, type StoreOptions, TableStore } from "./table-store.ts";

/** One live table, as the MANIFEST and the table itself describe it. */
interface TableDescription {
  readonly file: string;
  readonly level: number;
  /** Bytes. */
  readonly size: number;
  readonly formatVersion: number;
  readonly checksum: string;
  readonly compression: string;
  readonly indexType: string;
  /** Rows, deletions included. */
  readonly entries: number;
  readonly deletions: number;
}

export type RocksDbDescription = StoreDescription<TableDescription>;

/** A RocksDB database, read where it lies: files are opened for reading only, no lock is taken. */
export interface RocksDbReader extends KeyValueReader {
  /** Opens every table. Throws DatabaseDamagedError, or UnsupportedError naming a feature that is not read. */
  describe(): RocksDbDescription;
}

/**
 * Opens the database in `dir`. Live files are those that CURRENT and the MANIFEST name; logs are replayed in memory.
 * Throws NotADatabaseError when nothing in the folder belongs to a database, DatabaseDamagedError with file and offset
 * when its files contradict themselves, UnsupportedError naming a feature that is not read.
 */
export function openRocksDb(dir: string, options: StoreOptions = {}): RocksDbReader {
  const manifest = findManifest(dir);
  const files = readManifest(manifest.bytes, manifest.path, manifest.number);
  const tables = openTables(files, ROCKSDB_TABLES, options, ({ number, size }) => findTable(dir, number, size));
  const logs = findLogs(logFolder(dir), files.firstLog);
  checkSyncedLogs(dir, logs, files.syncedLogs);
  return new RocksDbStore({
    manifest: manifest.path,
    files,
    ...tables,
    logs,
    replayed: holdLogs(logs),
    verifyAll: options.verifyChecksums === "all",
    notes: logs.length === 0 ? [withoutLog(dir)] : [],
  });
}

function withoutLog(dir: string): OpeningNote {
  const text = `${dir} has no write-ahead log, which a client always leaves: what was written last may be missing`;
  return { text, mayLackRows: true };
}

class RocksDbStore extends TableStore implements RocksDbReader {
  describe(): RocksDbDescription {
    return this.describeWith(describeTable);
  }
}

function describeTable({ description, table }: LiveTable): TableDescription {
  const { file } = table.open();
  const layout = readTableLayout(file);
  return {
    file: table.path,
    level: description.level,
    size: description.size,
    formatVersion: file.footer.formatVersion,
    checksum: CHECKSUM_NAMES[file.footer.checksum],
    compression: layout.compression,
    indexType: layout.indexType,
    entries: layout.entries,
    deletions: layout.deletions,
  };
}
