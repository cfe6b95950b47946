import { DatabaseDamagedError } from "../../codec/errors.ts";
import { readRegularFile } from "../../codec/regular-file.ts";
import { LogReader } from "./log-reader.ts";
import type { LogRows } from "./log-rows.ts";
import { Memtable } from "./memtable.ts";
import { readBatchHeader, replayBatch } from "./write-batch.ts";

/** What a system call can read at once; a client begins a new log at a sixteenth of this. */
const MOST_LOG_BYTES = 2 ** 31 - 1;

/** A write-ahead log file. */
export interface LogFile {
  readonly number: number;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** Where replay stopped before a log's end, as RocksDB's recovery does; later rows are as if never written. */
export interface LogStop {
  readonly file: string;
  readonly offset: number;
  readonly reason: string;
}

export interface ReplayedLogs {
  readonly rows: LogRows;
  readonly stops: readonly LogStop[];
}

/**
 * Replays logs, oldest first, as RocksDB recovers them by default (kPointInTimeRecovery, RocksDB
 * db/db_impl/db_impl_open.cc: RecoverLogFiles): up to the first damage, and past it only if a later log continues with
 * exactly the next sequence number. Damage inside a record whose checksum is right throws DatabaseDamagedError.
 */
export function replayLogs(logs: readonly LogFile[]): ReplayedLogs {
  const memtable = new Memtable();
  const stops: LogStop[] = [];
  let nextSequence: bigint | undefined;
  let stopped = false;
  for (const { number, path } of logs) {
    const reader = new LogReader(readLog(path), path, number);
    for (let record = reader.next(); record !== undefined; record = reader.next()) {
      const header = readBatchHeader(record.payload);
      if (header === undefined) {
        stops.push({ file: path, offset: record.offset, reason: "the record holds no write batch" });
        stopped = true;
        break;
      }
      if (header.sequence === nextSequence) stopped = false;
      if (stopped) {
        stops.push({ file: path, offset: record.offset, reason: "the log does not continue where recovery stopped" });
        break;
      }
      replayBatch(record, path, memtable);
      nextSequence = header.sequence + BigInt(header.count);
    }
    if (reader.tear !== undefined) {
      stops.push({ file: path, ...reader.tear });
      stopped = true;
    }
  }
  return { rows: memtable.sorted(), stops };
}

function readLog(path: string): Uint8Array {
  const bytes = readRegularFile(path, MOST_LOG_BYTES);
  if (bytes === undefined) throw new DatabaseDamagedError("the log is missing", { file: path });
  return bytes;
}
