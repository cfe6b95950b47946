import { statSync } from "node:fs";
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { type LogRowColumns, LogRows } from "./log-rows.ts";
import { type LogFile, type LogStop, type ReplayedLogs, replayLogs } from "./wal.ts";

/** Logs as threads pass them to each other: the rows are one piece of memory for all of them. */
interface SharedLogs {
  readonly columns: LogRowColumns;
  readonly stops: readonly LogStop[];
}

interface HeldLogs {
  readonly key: string;
  readonly bytes: number;
}

/** What this thread holds, by the files' paths: of files that were written to since, the newest alone. */
const held = new Map<string, HeldLogs>();

/**
 * Replays logs as replayLogs does, unless the thread that started this one has done so: every thread opens every store,
 * and a client that was killed leaves logs of some hundred megabytes in each. The rows stay here when their store is
 * closed: who plans a run closes its stores before the threads that it starts open them again.
 */
export function holdLogs(logs: readonly LogFile[]): ReplayedLogs {
  const key = keyOf(logs);
  const known = getEnvironmentData(key) as unknown as SharedLogs | undefined;
  if (known !== undefined) return { rows: new LogRows(known.columns), stops: known.stops };
  const replayed = replayLogs(logs);
  if (replayed.rows.size > 0) hold(logs, key, replayed);
  return replayed;
}

/** Memory that logs take which this thread has replayed and holds. */
export function heldLogBytes(): number {
  let sum = 0;
  for (const { bytes } of held.values()) sum += bytes;
  return sum;
}

function hold(logs: readonly LogFile[], key: string, { rows: { columns }, stops }: ReplayedLogs): void {
  const paths = logs.map(({ path }) => path).join("\0");
  const older = held.get(paths);
  if (older !== undefined) setEnvironmentData(older.key, undefined as never);
  // What is set here, threads started later are given.
  setEnvironmentData(key, { columns, stops } satisfies SharedLogs as never);
  held.set(paths, { key, bytes: bytesOf(columns) });
}

/** A log that was written to since is another one. */
function keyOf(logs: readonly LogFile[]): string {
  const files = logs.map(({ path, size }) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return [path, size, stats?.ino, stats?.mtimeMs];
  });
  return `write-ahead logs ${JSON.stringify(files)}`;
}

function bytesOf({ chunks, ...columns }: LogRowColumns): number {
  return [...chunks, ...Object.values(columns)].reduce((sum, { byteLength }) => sum + byteLength, 0);
}
