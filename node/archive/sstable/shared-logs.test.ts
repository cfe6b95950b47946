import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { utf8 } from "../../codec/bytes.ts";
import { DatabaseTwin } from "../pyquarkchain/database-twin.testkit.ts";
import { put, writeBatch, writeLog } from "./log-writer.testkit.ts";
import { openRocksDb } from "./rocksdb-store.ts";
import { heldLogBytes, holdLogs } from "./shared-logs.ts";
import type { LogFile } from "./wal.ts";

const TYPESCRIPT_ENTRY = `
  import("tsx/esm/api").then((tsx) => {
    tsx.register();
    return import(${JSON.stringify(new URL("shared-logs.testkit.ts", import.meta.url).href)});
  });
`;
const HOUR = 3600;

let dir: string;
let logs: readonly LogFile[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "qkc-logs-"));
  const path = join(dir, "000001.log");
  const bytes = writeLog([writeBatch(1, [put("a", "1"), put("b", "2"), put("a", "3")])]);
  writeFileSync(path, bytes);
  logs = [{ number: 1, path, size: bytes.length }];
});

afterEach(() => rmSync(dir, { recursive: true }));

async function seenByThread(): Promise<unknown> {
  const worker = new Worker(TYPESCRIPT_ENTRY, { eval: true, workerData: logs });
  const [seen] = await once(worker, "message");
  await worker.terminate();
  return seen;
}

/** Whoever reads the file now, sees nothing in it. */
function spoil(secondsLater: number): void {
  const [{ path, size }] = logs;
  const { mtimeMs } = statSync(path);
  writeFileSync(path, new Uint8Array(size).fill(0xff));
  utimesSync(path, mtimeMs / 1000, mtimeMs / 1000 + secondsLater);
}

const SPOILED = [0, ["the record is cut off"]];

test("threads see the rows that were read before they were started, and do not read the log", async () => {
  // A whole second, which every file system keeps.
  utimesSync(logs[0].path, HOUR, HOUR);
  holdLogs(logs);
  spoil(0);
  expect(await seenByThread()).toEqual([2, []]);
});

test("a log that was written to since is read anew, and what it had before is let go", async () => {
  const others = heldLogBytes();
  holdLogs(logs);
  const before = heldLogBytes() - others;
  expect(before).toBeGreaterThan(0);
  const [{ path, number }] = logs;
  const longer = writeLog([writeBatch(1, [put("a", "1"), put("b", "2".repeat(100_000))])]);
  writeFileSync(path, longer);
  logs = [{ number, path, size: longer.length }];
  expect(await seenByThread()).toEqual([2, []]);
  holdLogs(logs);
  const after = heldLogBytes() - others;
  expect(after).toBeGreaterThan(100_000);
  expect(after).toBeLessThan(100_000 + 2 * before);
  spoil(HOUR);
  expect(await seenByThread()).toEqual(SPOILED);
});

test("logs without rows are not held", () => {
  const before = heldLogBytes();
  holdLogs([]);
  expect(heldLogBytes()).toBe(before);
});

test("rows stay for threads when the store that read them is closed", async () => {
  const twin = new DatabaseTwin("fixtures/pyqkc-small").put("shard-1.db", utf8("key"), utf8("value")).write();
  try {
    const folder = join(twin.dir, "shard-1.db");
    utimesSync(join(folder, "000008.log"), HOUR, HOUR);
    const store = openRocksDb(folder);
    logs = store.describe().logs;
    store.close();
    spoil(0);
    expect(await seenByThread()).toEqual([1, []]);
  } finally {
    twin.remove();
  }
});
