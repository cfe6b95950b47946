import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseDamagedError, NotADatabaseError, UnsupportedError } from "../../codec/errors.ts";
import { readRegularFile } from "../../codec/regular-file.ts";
import { errnoOf, systemRefusal } from "../../codec/system-error.ts";
import type { LogFile } from "./wal.ts";

const CURRENT = "CURRENT";
const LOG_FILE = /^(\d+)\.log$/;
const MANIFEST_FILE = /^MANIFEST-(\d+)$/;
const OPTIONS_FILE = /^OPTIONS-(\d+)$/;
/** goleveldb writes CURRENT beside under such a name and renames it. */
const PENDING_CURRENT = /^CURRENT\.(\d{1,15})$/;
/** Names that only a database has. */
const DATABASE_FILE = /^(MANIFEST-\d+|OPTIONS-\d+|IDENTITY|\d+\.(sst|ldb|log))$/;
/** Names that RocksDB makes with every database and LevelDB never; LevelDB's tables were called .sst once, too. */
const ROCKSDB_FILE = /^(OPTIONS-\d+|IDENTITY)$/;
const PEBBLE_FILE = /^marker\.(manifest|format-version)\./;
/** More than a MANIFEST of any history has: it is written anew when a store is opened. */
const MOST_MANIFEST_BYTES = 1 << 30;
const MOST_CURRENT_BYTES = 4096;
const MOST_OPTIONS_BYTES = 1 << 24;

/**
 * Which database a folder seems to hold, damaged or not, by its names alone. A folder that is no database at all counts
 * as LevelDB: opening it says so. Throws UnsupportedError for Pebble, which goes by the same names otherwise.
 */
export function databaseKind(dir: string): "rocksdb" | "leveldb" {
  const names = listFolder(dir);
  if (names.some((name) => PEBBLE_FILE.test(name))) {
    throw new UnsupportedError(`${dir} holds a Pebble database, which is not read`);
  }
  return names.some((name) => ROCKSDB_FILE.test(name)) ? "rocksdb" : "leveldb";
}

/** A MANIFEST with its number. */
export interface Manifest {
  readonly path: string;
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Set where it was not CURRENT that named it. */
  readonly note: string | undefined;
}

/** The MANIFEST that CURRENT names. */
export function findManifest(dir: string): Manifest {
  const names = listFolder(dir);
  if (!names.includes(CURRENT)) throw withoutCurrent(dir, names);
  const { manifest, reason } = pointedTo(dir, CURRENT, names);
  if (manifest === undefined) throw new DatabaseDamagedError(...reason);
  return { ...read(dir, manifest), note: undefined };
}

/**
 * The MANIFEST that goleveldb would open (goleveldb leveldb/storage/file_storage.go: GetMeta): the newest of CURRENT.<n>
 * that a rename left behind if it names a later one than CURRENT or CURRENT.bak, whichever of those is whole first.
 */
export function findGoLevelDbManifest(dir: string): Manifest {
  const names = listFolder(dir);
  const first = (pointers: readonly string[]) => {
    for (const pointer of pointers.filter((name) => names.includes(name))) {
      const { manifest } = pointedTo(dir, pointer, names);
      if (manifest !== undefined) return { pointer, manifest };
    }
    return undefined;
  };
  const pending = first(pendingPointers(names));
  const settled = first([CURRENT, `${CURRENT}.bak`]);
  const isNewer = pending !== undefined && numberOf(pending.manifest) > numberOf(settled?.manifest ?? "");
  const taken = isNewer ? pending : settled;
  if (taken === undefined) {
    if (!names.includes(CURRENT)) throw withoutCurrent(dir, names);
    throw new DatabaseDamagedError(...pointedTo(dir, CURRENT, names).reason);
  }
  const { pointer, manifest } = taken;
  const note =
    pointer === CURRENT
      ? undefined
      : `${join(dir, CURRENT)} is torn or out of date: ${pointer} was taken instead, as goleveldb does`;
  return { ...read(dir, manifest), note };
}

/** CURRENT.<n>, highest first. */
function pendingPointers(names: readonly string[]): string[] {
  const numbers = names.flatMap((name) => {
    const match = PENDING_CURRENT.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  return numbers.sort((a, b) => b - a).map((number) => `${CURRENT}.${number}`);
}

/** The MANIFEST that a file such as CURRENT names; else what is wrong with it. */
function pointedTo(
  dir: string,
  pointer: string,
  names: readonly string[],
): { readonly manifest: string | undefined; readonly reason: [string, { file: string; offset?: number }] } {
  const path = join(dir, pointer);
  const content = readWhole(path, MOST_CURRENT_BYTES).toString("latin1");
  const match = content.endsWith("\n") ? MANIFEST_FILE.exec(content.slice(0, -1)) : null;
  if (match === null) {
    return { manifest: undefined, reason: [`${pointer} does not name a MANIFEST`, { file: path, offset: 0 }] };
  }
  const [manifest] = match;
  const reason: [string, { file: string }] = [
    `the MANIFEST that ${pointer} names is missing`,
    { file: join(dir, manifest) },
  ];
  return { manifest: names.includes(manifest) ? manifest : undefined, reason };
}

function read(dir: string, manifest: string): Omit<Manifest, "note"> {
  const path = join(dir, manifest);
  return { path, number: numberOf(manifest), bytes: readWhole(path, MOST_MANIFEST_BYTES) };
}

function numberOf(manifest: string): number {
  return Number(MANIFEST_FILE.exec(manifest)?.[1] ?? -1);
}

function withoutCurrent(dir: string, names: readonly string[]): Error {
  const rest = names.find((name) => DATABASE_FILE.test(name));
  if (rest === undefined) return new NotADatabaseError(`${dir} holds no database: there is no file CURRENT`);
  return new DatabaseDamagedError(`the file CURRENT is missing beside ${rest}`, { file: join(dir, CURRENT) });
}

/**
 * Where RocksDB keeps its logs: the folder itself unless wal_dir in its newest OPTIONS file names another. A wal_dir that
 * is the folder under an earlier path, as in a copy, is the folder.
 */
export function logFolder(dir: string): string {
  const newest = listFolder(dir)
    .flatMap((name) => OPTIONS_FILE.exec(name)?.[1] ?? [])
    .sort((a, b) => Number(b) - Number(a))
    .at(0);
  if (newest === undefined) return dir;
  const text = readWhole(join(dir, `OPTIONS-${newest}`), MOST_OPTIONS_BYTES).toString("latin1");
  const walDir = /^\s*wal_dir=(.*)$/m.exec(text)?.[1]?.trim() ?? "";
  if (walDir === "" || basename(walDir) === basename(dir)) return dir;
  if (isFolder(walDir)) return walDir;
  throw new DatabaseDamagedError(`OPTIONS-${newest} says that the logs lie in ${walDir}, where no folder is`, {
    file: join(dir, `OPTIONS-${newest}`),
  });
}

/**
 * Path of a live table. Throws DatabaseDamagedError when it is missing or has another size than the MANIFEST says.
 */
export function findTable(dir: string, number: number, size: number): string {
  const base = numbered(dir, number);
  const path = `${base}.sst`;
  const actual = sizeOf(path);
  if (actual === undefined) {
    if (sizeOf(`${base}.ldb`) !== undefined) throw new UnsupportedError(`${base}.ldb: LevelDB tables are not read`);
  }
  return wholeTable(path, actual, size);
}

/** As findTable for LevelDB, whose tables were named .sst before they were named .ldb. */
export function findLevelDbTable(dir: string, number: number, size: number): string {
  const base = numbered(dir, number);
  const older = sizeOf(`${base}.sst`);
  const actual = sizeOf(`${base}.ldb`);
  if (actual === undefined && older !== undefined) return wholeTable(`${base}.sst`, older, size);
  return wholeTable(`${base}.ldb`, actual, size);
}

function wholeTable(path: string, actual: number | undefined, size: number): string {
  if (actual === undefined) throw new DatabaseDamagedError("a live table is missing", { file: path });
  if (actual !== size) {
    throw new DatabaseDamagedError(`a live table has ${actual} bytes where the MANIFEST says ${size}`, {
      file: path,
      offset: Math.min(actual, size),
    });
  }
  return path;
}

/** Write-ahead logs from number `first` on, oldest first. */
export function findLogs(dir: string, first: number): LogFile[] {
  const logs: LogFile[] = [];
  for (const name of listFolder(dir)) {
    const match = LOG_FILE.exec(name);
    if (match === null || Number(match[1]) < first) continue;
    const path = join(dir, name);
    logs.push({ number: Number(match[1]), path, size: sizeOf(path) ?? 0 });
  }
  return logs.sort((a, b) => a.number - b.number);
}

/** Throws DatabaseDamagedError when a log that the MANIFEST says was synced is missing or shorter. */
export function checkSyncedLogs(dir: string, logs: readonly LogFile[], synced: ReadonlyMap<number, number>): void {
  for (const [number, size] of synced) {
    const log = logs.find((candidate) => candidate.number === number);
    const path = log?.path ?? `${numbered(dir, number)}.log`;
    if (log === undefined) throw new DatabaseDamagedError("a live write-ahead log is missing", { file: path });
    if (log.size < size) {
      throw new DatabaseDamagedError(`a write-ahead log has ${log.size} bytes where the MANIFEST says ${size}`, {
        file: path,
        offset: log.size,
      });
    }
  }
}

/**
 * Throws DatabaseDamagedError when none of a LevelDB's logs is there: a log is created before a MANIFEST names it, and
 * what was written last lies in it. The named one itself may be gone: goleveldb drops an empty log without a record.
 */
export function checkLogPresent(dir: string, logs: readonly LogFile[], firstLog: number): void {
  // A MANIFEST begins with number 0, for no log at all.
  if (firstLog === 0 || logs.length > 0) return;
  throw new DatabaseDamagedError("there is no log from the one on that the MANIFEST names", {
    file: `${numbered(dir, firstLog)}.log`,
  });
}

function numbered(dir: string, number: number): string {
  return join(dir, String(number).padStart(6, "0"));
}

function listFolder(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENOTDIR") throw systemRefusal(error, dir, "read");
    throw new NotADatabaseError(`${dir} holds no database: ${(error as Error).message}`, { cause: error });
  }
}

function readWhole(path: string, mostBytes: number): Buffer {
  const bytes = readRegularFile(path, mostBytes);
  if (bytes === undefined) throw new DatabaseDamagedError("the file is missing", { file: path });
  return bytes;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Undefined for what is no file. */
function sizeOf(path: string): number | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat?.isFile() ? stat.size : undefined;
  } catch (error) {
    throw systemRefusal(error, path, "look at");
  }
}
