import { compareBytes } from "../../codec/bytes.ts";
import type { KeyValueEntry, KeyValueReader, ScanRange } from "../key-value-reader.ts";
import { BlockCache } from "./block-cache.ts";
import { CHECKSUM_NAMES } from "./checksum.ts";
import { checkSyncedLogs, findLogs, findManifest, findTable } from "./database-files.ts";
import { FilePool } from "./file-pool.ts";
import { type LiveTable, liveTable, SortedLevel } from "./level.ts";
import { type LiveFiles, readManifest } from "./manifest.ts";
import { mergeRows, type RowCursor } from "./row-cursor.ts";
import type { TableFile } from "./version-edit.ts";
import { type LogFile, type LogStop, type ReplayedLogs, replayLogs } from "./wal.ts";

const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024;
/** File handles of one store; a process may have many stores open in many threads. */
const MAX_OPEN_FILES = 128;

export interface RocksDbOptions {
  /** Limit of decompressed blocks kept in memory, index blocks included. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** "all" checks block checksums in getSelfProving too. Default "default". */
  readonly verifyChecksums?: "default" | "all";
}

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

export interface RocksDbDescription {
  readonly manifest: string;
  readonly lastSequence: number;
  /** Level 0 newest first, then each level by key. */
  readonly tables: readonly TableDescription[];
  readonly logs: readonly LogFile[];
  /** Distinct keys that the logs hold over the tables. */
  readonly logKeys: number;
  /** Where log replay stopped early; empty for a cleanly written database. */
  readonly logStops: readonly LogStop[];
}

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
export function openRocksDb(dir: string, options: RocksDbOptions = {}): RocksDbReader {
  const manifest = findManifest(dir);
  const files = readManifest(manifest.bytes, manifest.path, manifest.number);
  const context = {
    files: new FilePool(MAX_OPEN_FILES),
    cache: new BlockCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES),
  };
  const open = (table: TableFile): LiveTable => liveTable(table, findTable(dir, table.number, table.size), context);
  const level0 = files.level0.map(open);
  const levels = files.sortedLevels.map((tables) => new SortedLevel(tables.map(open)));
  const logs = findLogs(dir, files.firstLog);
  checkSyncedLogs(dir, logs, files.syncedLogs);
  return new RocksDbStore({
    manifest: manifest.path,
    files,
    context,
    level0,
    levels,
    logs,
    replayed: replayLogs(logs),
    verifyAll: options.verifyChecksums === "all",
  });
}

interface StoreParts {
  readonly manifest: string;
  readonly files: LiveFiles;
  readonly context: { readonly files: FilePool; readonly cache: BlockCache };
  readonly level0: readonly LiveTable[];
  readonly levels: readonly SortedLevel[];
  readonly logs: readonly LogFile[];
  readonly replayed: ReplayedLogs;
  readonly verifyAll: boolean;
}

class RocksDbStore implements RocksDbReader {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#lookUp(key, true) ?? undefined;
  }

  getSelfProving(key: Uint8Array): Uint8Array | undefined {
    // A damaged block can hide a key as well as change it, and only the caller of a found value can prove it.
    return (this.#parts.verifyAll ? undefined : this.#lookUp(key, false)) ?? this.#lookUp(key, true) ?? undefined;
  }

  has(key: Uint8Array): boolean {
    return this.get(key) !== undefined;
  }

  *entries(range: ScanRange = {}): Generator<KeyValueEntry> {
    const { gte, lt, reverse = false } = range;
    if (gte !== undefined && lt !== undefined && compareBytes(gte, lt) >= 0) return;
    const { level0, levels, replayed } = this.#parts;
    const inRange = ({ first, last }: LiveTable): boolean =>
      (lt === undefined || compareBytes(first, lt) < 0) && (gte === undefined || compareBytes(last, gte) >= 0);
    const sources: RowCursor[] = [
      replayed.memtable.rows(gte, lt, reverse),
      ...level0.filter(inRange).map(({ table }) => table.rows(gte, lt, reverse)),
      ...levels.map((level) => level.rows(gte, lt, reverse)),
    ];
    yield* mergeRows(sources, reverse);
  }

  describe(): RocksDbDescription {
    const { manifest, files, level0, levels, logs, replayed } = this.#parts;
    const tables = [...level0, ...levels.flatMap((level) => level.tables)];
    return {
      manifest,
      lastSequence: files.lastSequence,
      tables: tables.map(describeTable),
      logs,
      logKeys: replayed.memtable.size,
      logStops: replayed.stops,
    };
  }

  close(): void {
    this.#parts.context.files.close();
    this.#parts.context.cache.clear();
  }

  /** Null or undefined when there is no live value. */
  #lookUp(key: Uint8Array, verify: boolean): Uint8Array | null | undefined {
    const { level0, levels, replayed } = this.#parts;
    let value = replayed.memtable.get(key);
    if (value !== undefined) return value;
    for (const { first, last, table } of level0) {
      if (compareBytes(key, first) < 0 || compareBytes(key, last) > 0) continue;
      value = table.get(key, verify);
      if (value !== undefined) return value;
    }
    for (const level of levels) {
      value = level.get(key, verify);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

function describeTable({ description, table }: LiveTable): TableDescription {
  const { file, layout } = table.open();
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
