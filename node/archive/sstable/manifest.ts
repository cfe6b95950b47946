import { compareBytes } from "../../codec/bytes.ts";
import { DatabaseDamagedError, UnsupportedError } from "../../codec/errors.ts";
import { shown } from "../../codec/shown.ts";
import { readUint32 } from "./decoder.ts";
import { LogReader } from "./log-reader.ts";
import { decodeVersionEdit, INTERNAL_KEY_SUFFIX, type TableFile, type VersionEdit } from "./version-edit.ts";

const BYTEWISE_COMPARATOR = "leveldb.BytewiseComparator";

/** The set of live files that a MANIFEST describes. */
export interface LiveFiles {
  /** Tables of level 0, newest first: their key ranges may overlap. */
  readonly level0: readonly TableFile[];
  /** Tables of levels 1 and up, each level sorted by key and free of overlap; empty levels are left out. */
  readonly sortedLevels: readonly (readonly TableFile[])[];
  readonly lastSequence: number;
  /** Logs with smaller numbers are already in the tables. */
  readonly firstLog: number;
  /** Logs that must exist with at least this size. */
  readonly syncedLogs: ReadonlyMap<number, number>;
}

/**
 * Replays a MANIFEST. Throws DatabaseDamagedError when it is torn anywhere (RocksDB tolerates a torn last record and
 * opens the state before it, which may have lost tables or logs), when it contradicts itself or lacks what every
 * MANIFEST has; UnsupportedError for another comparator or further column families.
 */
export function readManifest(bytes: Uint8Array, file: string, manifestNumber: number): LiveFiles {
  const state = new ManifestState(file);
  const reader = new LogReader(bytes, file, manifestNumber);
  for (let record = reader.next(); record !== undefined; record = reader.next()) {
    state.add(decodeVersionEdit(record.payload, { file, offset: record.offset }), record.offset);
  }
  if (reader.tear !== undefined) {
    throw new DatabaseDamagedError(`the MANIFEST is torn: ${reader.tear.reason}`, {
      file,
      offset: reader.tear.offset,
    });
  }
  return state.finish(bytes.length);
}

class ManifestState {
  readonly #file: string;
  readonly #tables = new Map<number, TableFile>();
  readonly #families = new Map<number, string>();
  readonly #syncedLogs = new Map<number, number>();
  /** Additions of lower ones count no more, whenever they come (RocksDB db/wal_edit.cc: WalSet::AddWal). */
  #logsDeletedBefore = 0;
  #atomicGroup: VersionEdit[] = [];
  #comparator: string | undefined;
  #logNumber: number | undefined;
  #nextFileNumber: number | undefined;
  #lastSequence: number | undefined;
  #minLogNumberToKeep = 0;

  constructor(file: string) {
    this.#file = file;
  }

  add(edit: VersionEdit, offset: number): void {
    if (edit.atomicGroupRest === undefined) {
      this.#apply(edit, offset);
      return;
    }
    this.#atomicGroup.push(edit);
    if (edit.atomicGroupRest > 0) return;
    for (const member of this.#atomicGroup) this.#apply(member, offset);
    this.#atomicGroup = [];
  }

  finish(end: number): LiveFiles {
    if (this.#atomicGroup.length > 0) throw this.#damage("the MANIFEST is torn: a group of records has no end", end);
    const family = this.#families.values().next();
    if (!family.done) {
      throw new UnsupportedError(
        `${this.#file}: column families other than "default" are not read: "${shown(family.value)}"`,
      );
    }
    if (this.#comparator === undefined) throw this.#damage("the MANIFEST names no comparator", end);
    if (this.#logNumber === undefined) throw this.#damage("the MANIFEST has no log number", end);
    if (this.#nextFileNumber === undefined) throw this.#damage("the MANIFEST has no next file number", end);
    if (this.#lastSequence === undefined) throw this.#damage("the MANIFEST has no last sequence number", end);
    const tables = [...this.#tables.values()];
    for (const table of tables) {
      if (table.largestSequence > this.#lastSequence) {
        throw this.#damage(`table ${table.number} is newer than the MANIFEST's last sequence number`, end);
      }
    }
    const deepest = tables.reduce((level, table) => Math.max(level, table.level), 0);
    const sortedLevels: (readonly TableFile[])[] = [];
    for (let level = 1; level <= deepest; level++) {
      const files = tables.filter((table) => table.level === level);
      if (files.length > 0) sortedLevels.push(this.#sortLevel(files, end));
    }
    return {
      level0: newestFirst(tables.filter((table) => table.level === 0)),
      sortedLevels,
      lastSequence: this.#lastSequence,
      firstLog: Math.max(this.#logNumber, this.#minLogNumberToKeep),
      syncedLogs: new Map([...this.#syncedLogs].filter(([number]) => number >= this.#logsDeletedBefore)),
    };
  }

  #apply(edit: VersionEdit, offset: number): void {
    this.#nextFileNumber = edit.nextFileNumber ?? this.#nextFileNumber;
    this.#lastSequence = edit.lastSequence ?? this.#lastSequence;
    this.#minLogNumberToKeep = Math.max(this.#minLogNumberToKeep, edit.minLogNumberToKeep ?? 0);
    this.#applyLogs(edit);
    if (edit.columnFamily !== 0) {
      if (edit.columnFamilyAdded !== undefined) this.#families.set(edit.columnFamily, edit.columnFamilyAdded);
      if (edit.columnFamilyDropped) this.#families.delete(edit.columnFamily);
      return;
    }
    if (edit.comparator !== undefined && edit.comparator !== BYTEWISE_COMPARATOR) {
      throw new UnsupportedError(
        `${this.#file}: tables ordered by comparator "${shown(edit.comparator)}" are not read`,
      );
    }
    this.#comparator = edit.comparator ?? this.#comparator;
    this.#logNumber = edit.logNumber ?? this.#logNumber;
    for (const { level, number } of edit.deletedFiles) {
      if (this.#tables.get(number)?.level !== level) {
        throw this.#damage(`the MANIFEST removes table ${number} from level ${level}, where it is not`, offset);
      }
      this.#tables.delete(number);
    }
    const added = new Set<number>();
    for (const table of edit.newFiles) {
      const known = this.#tables.get(table.number);
      if (known !== undefined && !(added.has(table.number) && sameTable(known, table))) {
        throw this.#damage(`the MANIFEST adds table ${table.number} twice`, offset);
      }
      added.add(table.number);
      this.#tables.set(table.number, table);
    }
  }

  #applyLogs(edit: VersionEdit): void {
    for (const { number, size } of edit.syncedLogs) {
      this.#syncedLogs.set(number, Math.max(size, this.#syncedLogs.get(number) ?? 0));
    }
    this.#logsDeletedBefore = Math.max(this.#logsDeletedBefore, edit.deleteLogsBefore ?? 0);
  }

  #sortLevel(files: TableFile[], end: number): TableFile[] {
    files.sort((a, b) => compareInternalKeys(a.smallest, b.smallest));
    for (let i = 0; i < files.length; i++) {
      const { smallest, largest, number, level } = files[i];
      if (compareInternalKeys(smallest, largest) > 0) throw this.#damage(`table ${number} ends before it begins`, end);
      if (i > 0 && compareInternalKeys(files[i - 1].largest, smallest) >= 0) {
        throw this.#damage(`tables ${files[i - 1].number} and ${number} of level ${level} overlap`, end);
      }
    }
    return files;
  }

  #damage(message: string, offset: number): DatabaseDamagedError {
    return new DatabaseDamagedError(message, { file: this.#file, offset });
  }
}

/** goleveldb's first record lists tables of the recovered log twice, alike (goleveldb session_util.go: newManifest). */
function sameTable(a: TableFile, b: TableFile): boolean {
  return (
    a.level === b.level &&
    a.size === b.size &&
    compareInternalKeys(a.smallest, b.smallest) === 0 &&
    compareInternalKeys(a.largest, b.largest) === 0
  );
}

/** The user's part of an internal key. */
export function userKey(internalKey: Uint8Array): Uint8Array {
  return internalKey.subarray(0, internalKey.length - INTERNAL_KEY_SUFFIX);
}

/** User keys ascending, then sequence number and type descending: the newest of a key comes first. */
function compareInternalKeys(a: Uint8Array, b: Uint8Array): number {
  const aEnd = a.length - INTERNAL_KEY_SUFFIX;
  const bEnd = b.length - INTERNAL_KEY_SUFFIX;
  return (
    compareBytes(a.subarray(0, aEnd), b.subarray(0, bEnd)) ||
    readUint32(b, bEnd + 4) - readUint32(a, aEnd + 4) ||
    readUint32(b, bEnd) - readUint32(a, aEnd)
  );
}

/** RocksDB's order of level 0: by epoch where every table has one, else by sequence numbers (db/version_builder.cc). */
function newestFirst(tables: readonly TableFile[]): TableFile[] {
  const byEpoch = tables.every((table) => table.epoch !== 0);
  return tables.toSorted(
    (a, b) =>
      (byEpoch ? b.epoch - a.epoch : 0) ||
      b.largestSequence - a.largestSequence ||
      b.smallestSequence - a.smallestSequence ||
      b.number - a.number,
  );
}
