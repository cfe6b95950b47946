import { statSync } from "node:fs";
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { type LogRowColumns, LogRows } from "./log-rows.ts";
import { type LogFile, type LogStop, type ReplayedLogs, replayLogs } from "./wal.ts";

/** Logs as threads pass them to each other: the rows are one piece of memory for all of them. */
interface SharedLogs {
  readonly columns: LogRowColumns;
  readonly stops: readonly LogStop[];
}

/** Bytes that the logs opened in this thread hold, by their key. */
const held = new Map<string, number>();

/** Logs of an opened store. */
export interface HeldLogs extends ReplayedLogs {
  /** Threads started from now on read the logs themselves. */
  release(): void;
}

/**
 * Replays logs as replayLogs does, unless the thread that started this one has done so: every thread opens every store,
 * and a client that was killed leaves logs of some hundred megabytes in each.
 */
export function holdLogs(logs: readonly LogFile[]): HeldLogs {
  const key = keyOf(logs);
  const known = getEnvironmentData(key) as unknown as SharedLogs | undefined;
  if (known !== undefined) return { rows: new LogRows(known.columns), stops: known.stops, release: () => {} };
  const { rows, stops } = replayLogs(logs);
  // What is set here, threads started later are given.
  setEnvironmentData(key, { columns: rows.columns, stops } satisfies SharedLogs as never);
  held.set(key, bytesOf(rows.columns));
  const release = (): void => {
    setEnvironmentData(key, undefined as never);
    held.delete(key);
  };
  return { rows, stops, release };
}

/** Memory that logs take which this thread has replayed and still holds. */
export function heldLogBytes(): number {
  let sum = 0;
  for (const bytes of held.values()) sum += bytes;
  return sum;
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
