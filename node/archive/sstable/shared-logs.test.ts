import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { put, writeBatch, writeLog } from "./log-writer.testkit.ts";
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
  const held = holdLogs(logs);
  expect(heldLogBytes()).toBeGreaterThan(0);
  spoil(0);
  expect(await seenByThread()).toEqual([2, []]);
  held.release();
  expect(heldLogBytes()).toBe(0);
  expect(await seenByThread()).toEqual(SPOILED);
});

test("a log that was written to since is read anew", async () => {
  const held = holdLogs(logs);
  spoil(HOUR);
  expect(await seenByThread()).toEqual(SPOILED);
  held.release();
});
