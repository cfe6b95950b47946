import { compareBytes } from "../../codec/bytes.ts";
import { operations } from "../../measure/operations.ts";
import { enterStage, leaveStage, READ } from "../../measure/stages.ts";
import type { KeyValueEntry, KeyValueReader, ScanRange } from "../key-value-reader.ts";
import { BlockCache } from "./block-cache.ts";
import { FilePool } from "./file-pool.ts";
import { type LiveTable, liveTable, SortedLevel } from "./level.ts";
import type { LiveFiles } from "./manifest.ts";
import { mergeRows, type RowCursor } from "./row-cursor.ts";
import type { TableContext } from "./table-file.ts";
import type { TableFormat } from "./table-format.ts";
import type { TableFile } from "./version-edit.ts";
import type { LogFile, LogStop, ReplayedLogs } from "./wal.ts";

const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024;
/** File handles of one store; a process may have many stores open in many threads. */
const MAX_OPEN_FILES = 128;

export interface StoreOptions {
  /** Limit of decompressed blocks kept in memory, index blocks included. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** "all" checks block checksums in getSelfProving too. Default "default". */
  readonly verifyChecksums?: "default" | "all";
}

/** The live tables, each to be opened at its first use; `find` gives the path of one and throws where it is missing. */
export function openTables(
  files: LiveFiles,
  format: TableFormat,
  { cacheBytes = DEFAULT_CACHE_BYTES }: StoreOptions,
  find: (table: TableFile) => string,
): Pick<StoreParts, "context" | "level0" | "levels"> {
  const context = { files: new FilePool(MAX_OPEN_FILES), cache: new BlockCache(cacheBytes), format };
  const open = (table: TableFile): LiveTable => liveTable(table, find(table), context);
  return {
    context,
    level0: files.level0.map(open),
    levels: files.sortedLevels.map((tables) => new SortedLevel(tables.map(open))),
  };
}

/** What a store is made of. */
export interface StoreDescription<Table> {
  readonly manifest: string;
  readonly lastSequence: number;
  /** Level 0 newest first, then each level by key. */
  readonly tables: readonly Table[];
  readonly logs: readonly LogFile[];
  /** Distinct keys that the logs hold over the tables. */
  readonly logKeys: number;
  /** Where log replay stopped early; empty for a cleanly written database. */
  readonly logStops: readonly LogStop[];
  readonly notes: readonly OpeningNote[];
}

/** Something about a store that was opened otherwise than by the book. */
export interface OpeningNote {
  readonly text: string;
  /** Whether rows that a client had written may be missing. */
  readonly mayLackRows: boolean;
}

/** An opened database: its files and what its logs hold over them. */
export interface StoreParts {
  readonly manifest: string;
  readonly files: LiveFiles;
  readonly context: TableContext;
  readonly level0: readonly LiveTable[];
  readonly levels: readonly SortedLevel[];
  readonly logs: readonly LogFile[];
  readonly replayed: ReplayedLogs;
  readonly verifyAll: boolean;
  readonly notes: readonly OpeningNote[];
}

/** Reads the rows of a database of sorted tables and logs, where it lies. */
export class TableStore implements KeyValueReader {
  protected readonly parts: StoreParts;

  constructor(parts: StoreParts) {
    this.parts = parts;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#lookUp(key, true) ?? undefined;
  }

  getSelfProving(key: Uint8Array): Uint8Array | undefined {
    // A damaged block can hide a key as well as change it, and only the caller of a found value can prove it.
    return (this.parts.verifyAll ? undefined : this.#lookUp(key, false)) ?? this.#lookUp(key, true) ?? undefined;
  }

  has(key: Uint8Array): boolean {
    return this.get(key) !== undefined;
  }

  *entries(range: ScanRange = {}): Generator<KeyValueEntry> {
    const { gte, lt, reverse = false } = range;
    if (gte !== undefined && lt !== undefined && compareBytes(gte, lt) >= 0) return;
    const { level0, levels, replayed } = this.parts;
    const inRange = ({ first, last }: LiveTable): boolean =>
      (lt === undefined || compareBytes(first, lt) < 0) && (gte === undefined || compareBytes(last, gte) >= 0);
    const sources: RowCursor[] = [
      replayed.rows.rows(gte, lt, reverse),
      ...level0.filter(inRange).map(({ table }) => table.rows(gte, lt, reverse)),
      ...levels.map((level) => level.rows(gte, lt, reverse)),
    ];
    yield* mergeRows(sources, reverse);
  }

  /** The store's description; `describeTable` says of a live table what its format tells. */
  protected describeWith<Table>(describeTable: (table: LiveTable) => Table): StoreDescription<Table> {
    const { manifest, files, level0, levels, logs, replayed } = this.parts;
    const tables = [...level0, ...levels.flatMap((level) => level.tables)];
    return {
      manifest,
      lastSequence: files.lastSequence,
      tables: tables.map(describeTable),
      logs,
      logKeys: replayed.rows.size,
      logStops: replayed.stops,
      notes: this.notes,
    };
  }

  /** Where log replay stopped early; empty for a cleanly written database. */
  get logStops(): readonly LogStop[] {
    return this.parts.replayed.stops;
  }

  get notes(): readonly OpeningNote[] {
    return this.parts.notes;
  }

  close(): void {
    this.parts.context.files.close();
    this.parts.context.cache.clear();
  }

  /** Null or undefined when there is no live value. */
  #lookUp(key: Uint8Array, verify: boolean): Uint8Array | null | undefined {
    operations.rowReads++;
    const outer = enterStage(READ);
    const value = this.#found(key, verify);
    leaveStage(outer);
    return value;
  }

  #found(key: Uint8Array, verify: boolean): Uint8Array | null | undefined {
    const { level0, levels, replayed } = this.parts;
    let value = replayed.rows.get(key);
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
