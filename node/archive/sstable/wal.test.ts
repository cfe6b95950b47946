import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { concatBytes, utf8 } from "../../codec/bytes.ts";
import { DatabaseDamagedError, UnsupportedError } from "../../codec/errors.ts";
import { prefixed, put, remove, varint, writeBatch, writeLog } from "./log-writer.testkit.ts";
import { withFolder } from "./recorded-database.testkit.ts";
import { replayLogs } from "./wal.ts";

/** Replays logs 1, 2, … with these contents; rows as text, deleted keys as null. */
function replay(...logs: readonly Uint8Array[]): { rows: [string, string | null][]; stops: string[] } {
  const files = new Map(logs.map((bytes, i) => [`${i + 1}.log`, bytes]));
  return withFolder(files, (dir) => {
    const { rows: logRows, stops } = replayLogs(
      logs.map((bytes, i) => ({ number: i + 1, path: join(dir, `${i + 1}.log`), size: bytes.length })),
    );
    const rows: [string, string | null][] = [];
    for (const cursor = logRows.rows(undefined, undefined, false); cursor.key !== undefined; cursor.advance()) {
      const value = cursor.value();
      rows.push([Buffer.from(cursor.key).toString(), value === null ? null : Buffer.from(value).toString()]);
    }
    return { rows, stops: stops.map(({ reason }) => reason) };
  });
}

function operation(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(Uint8Array.of(tag), ...parts);
}

const key = prefixed(utf8("key"));
const value = prefixed(utf8("value"));
const torn = (log: Uint8Array): Uint8Array => log.slice(0, -1);

test("the last operation on a key counts", () => {
  const log = writeLog([
    writeBatch(1, [put("a", "1"), put("b", "2"), remove("c")]),
    writeBatch(4, [remove("a"), put("b", "3"), put("c", "")]),
  ]);
  expect(replay(log).rows).toEqual([
    ["a", null],
    ["b", "3"],
    ["c", ""],
  ]);
});

test("single deletions, log data and no-ops; operations of dropped column families are skipped", () => {
  const batch = writeBatch(
    1,
    [
      put("kept", "1"),
      operation(0x05, varint(0), prefixed(utf8("default")), value),
      operation(0x05, varint(3), key, value),
      operation(0x04, varint(3), prefixed(utf8("kept"))),
      operation(0x08, varint(3), prefixed(utf8("kept"))),
      operation(0x07, prefixed(utf8("gone"))),
      operation(0x03, value),
      operation(0x0d),
    ],
    6,
  );
  expect(replay(writeLog([batch])).rows).toEqual([
    ["default", "value"],
    ["gone", null],
    ["kept", "1"],
  ]);
});

describe("after a tear", () => {
  const first = writeLog([writeBatch(1, [put("a", "1")]), writeBatch(2, [put("b", "1")])]);

  test("a later log counts if it continues exactly where recovery stopped", () => {
    const continued = replay(torn(first), writeLog([writeBatch(2, [put("c", "1")]), writeBatch(3, [put("d", "1")])]));
    expect(continued.rows.map(([name]) => name)).toEqual(["a", "c", "d"]);
    expect(continued.stops.length).toBe(1);
  });

  test("and not if rows are missing between", () => {
    const gap = replay(
      torn(first),
      writeLog([writeBatch(3, [put("c", "1")])]),
      writeLog([writeBatch(2, [put("d", "1")])]),
    );
    expect(gap.rows.map(([name]) => name)).toEqual(["a", "d"]);
    expect(gap.stops).toEqual(["the record is cut off", "the log does not continue where recovery stopped"]);
  });

  test("without a tear, sequence numbers may leap: writes past the log count too", () => {
    expect(replay(first, writeLog([writeBatch(9, [put("c", "1")])])).rows.length).toBe(3);
  });

  test("a record too short for a batch, or with an impossible sequence number, is a tear", () => {
    expect(replay(writeLog([writeBatch(1, [put("a", "1")]), utf8("short")]))).toEqual({
      rows: [["a", "1"]],
      stops: ["the record holds no write batch"],
    });
    expect(replay(writeLog([writeBatch(2 ** 60, [put("a", "1")])])).stops.length).toBe(1);
  });
});

describe("a batch with a right checksum that is no batch is damage", () => {
  test.each([
    ["a wrong count", writeBatch(1, [put("a", "1")], 2)],
    ["a key that is cut off", writeBatch(1, [operation(0x00, varint(9), utf8("short"))])],
    ["a length that is no varint", writeBatch(1, [operation(0x00, new Uint8Array(12).fill(0xff))])],
    ["an unknown operation", writeBatch(1, [operation(0x60, key)])],
  ])("%s", (_name, batch) => {
    expect(() => replay(writeLog([batch]))).toThrow(DatabaseDamagedError);
    expect(() => replay(writeLog([batch]))).toThrow(/1\.log, offset \d+/);
  });
});

test.each([
  [0x02, "merge operands"],
  [0x06, "merge operands"],
  [0x09, "transactions"],
  [0x0f, "range deletions"],
  [0x11, "blob files"],
  [0x16, "wide-column entities"],
  [0x18, "timed puts"],
])("operation %i is refused by name", (tag, feature) => {
  const log = writeLog([writeBatch(1, [operation(tag, key, value)])]);
  expect(() => replay(log)).toThrow(UnsupportedError);
  expect(() => replay(log)).toThrow(feature);
});
