import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseDamagedError, NotADatabaseError, UnsupportedError } from "../../codec/errors.ts";
import type { LogFile } from "./wal.ts";

const CURRENT = "CURRENT";
const LOG_FILE = /^(\d+)\.log$/;
const MANIFEST_FILE = /^MANIFEST-(\d+)$/;
/** Names that only a database has. */
const DATABASE_FILE = /^(MANIFEST-\d+|OPTIONS-\d+|IDENTITY|\d+\.(sst|ldb|log))$/;
const ROCKSDB_FILE = /^(OPTIONS-\d+|IDENTITY|\d+\.sst)$/;
const LEVELDB_FILE = /^\d+\.ldb$/;

/** True when a folder seems to hold a RocksDB database, damaged or not: a look at names only. */
export function looksLikeRocksDb(dir: string): boolean {
  try {
    return readdirSync(dir).some((name) => ROCKSDB_FILE.test(name));
  } catch {
    return false;
  }
}

/**
 * True when the names in a folder speak for LevelDB: its tables, or nothing that only RocksDB has. A folder that is no
 * database at all counts too: opening it says so.
 */
export function looksLikeLevelDb(dir: string): boolean {
  try {
    if (readdirSync(dir).some((name) => LEVELDB_FILE.test(name))) return true;
  } catch {
    return true;
  }
  return !looksLikeRocksDb(dir);
}

/** The MANIFEST that CURRENT names, with its number. */
export function findManifest(dir: string): {
  readonly path: string;
  readonly number: number;
  readonly bytes: Uint8Array;
} {
  const names = listFolder(dir);
  if (!names.includes(CURRENT)) {
    const rest = names.find((name) => DATABASE_FILE.test(name));
    if (rest === undefined) throw new NotADatabaseError(`${dir} holds no database: there is no file CURRENT`);
    throw new DatabaseDamagedError(`the file CURRENT is missing beside ${rest}`, { file: join(dir, CURRENT) });
  }
  const current = join(dir, CURRENT);
  const name = readWhole(current).toString("latin1");
  const match = name.endsWith("\n") ? MANIFEST_FILE.exec(name.slice(0, -1)) : null;
  if (match === null) {
    throw new DatabaseDamagedError("CURRENT does not name a MANIFEST", { file: current, offset: 0 });
  }
  const path = join(dir, match[0]);
  if (!names.includes(match[0])) {
    throw new DatabaseDamagedError(`the MANIFEST that CURRENT names is missing`, { file: path });
  }
  return { path, number: Number(match[1]), bytes: readWhole(path) };
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
  } catch (cause) {
    throw new NotADatabaseError(`${dir} holds no database: ${(cause as Error).message}`, { cause });
  }
}

function readWhole(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new DatabaseDamagedError(`the file cannot be read: ${(cause as Error).message}`, { file: path }, { cause });
  }
}

function sizeOf(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? stat.size : undefined;
}
