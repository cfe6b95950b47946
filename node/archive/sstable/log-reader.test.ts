import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, toHex, utf8 } from "../../codec/bytes.ts";
import { UnsupportedError } from "../../codec/errors.ts";
import { LogReader, type LogTear } from "./log-reader.ts";
import { physicalRecord, writeLog } from "./log-writer.testkit.ts";

const LOG_NUMBER = 7;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;
const RECYCLABLE_FULL = 5;

function readLog(bytes: Uint8Array): { records: string[]; tear: LogTear | undefined } {
  const reader = new LogReader(bytes, "000007.log", LOG_NUMBER);
  const records: string[] = [];
  for (let record = reader.next(); record !== undefined; record = reader.next()) records.push(toHex(record.payload));
  return { records, tear: reader.tear };
}

const one = utf8("one");
const two = utf8("two");

test("records of any size come back, plain and recyclable", () => {
  const sizes = fc.array(fc.oneof(fc.nat(20), fc.integer({ min: 32700, max: 32800 }), fc.nat(100_000)), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(sizes, fc.boolean(), (lengths, recycled) => {
      const records = lengths.map((length, i) => new Uint8Array(length).fill(i + 1));
      const read = readLog(writeLog(records, recycled ? LOG_NUMBER : undefined));
      expect(read.records.length).toBe(records.length);
      expect(read.records.every((hex, i) => hex === toHex(records[i]))).toBe(true);
      expect(read.tear).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});

test("any bytes end in records and at most one tear", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const { tear } = readLog(concatBytes(writeLog([one]), bytes));
      if (tear !== undefined) expect(tear.offset).toBeLessThanOrEqual(10 + bytes.length);
    }),
  );
});

describe("reading stops", () => {
  const fragment = (type: number): Uint8Array => physicalRecord(type, two);

  test.each([
    ["at a wrong checksum", fragment(FIRST).map((byte, i) => (i === 9 ? byte ^ 1 : byte)), /checksum mismatch/],
    ["at a header that is cut off", Uint8Array.of(1, 2, 3), /header is cut off/],
    ["at a record that is cut off", fragment(1).slice(0, 8), /record is cut off/],
    ["at a record without end", fragment(FIRST), /has no end/],
    ["at a new record inside a record", concatBytes(fragment(FIRST), fragment(1)), /has no end/],
    ["at a record without beginning", fragment(LAST), /has no beginning/],
    ["at a middle without beginning", fragment(MIDDLE), /has no beginning/],
    ["at unused space inside a record", concatBytes(fragment(FIRST), new Uint8Array(20)), /has no end/],
    ["at an unknown type", fragment(50), /unknown record type 50/],
    ["at a type 0 with contents", fragment(0), /unknown record type 0/],
    ["at a recycled record after plain ones", physicalRecord(RECYCLABLE_FULL, two, LOG_NUMBER), /follows a plain one/],
  ])("%s", (_name, tail, reason) => {
    const { records, tear } = readLog(concatBytes(writeLog([one]), tail));
    expect(records).toEqual([toHex(one)]);
    expect(tear?.reason).toMatch(reason);
    expect(tear?.offset).toBe(10);
  });

  test("where an older log's records begin", () => {
    const bytes = concatBytes(writeLog([one], LOG_NUMBER), writeLog([two], LOG_NUMBER - 1));
    expect(readLog(bytes)).toEqual({
      records: [toHex(one)],
      tear: { offset: 14, reason: "the rest is left over from an older log" },
    });
  });
});

test("newer records that may be ignored are", () => {
  expect(readLog(concatBytes(physicalRecord(130, two), writeLog([one]))).records).toEqual([toHex(one)]);
});

test("an empty first fragment at a block's end is no record", () => {
  const filler = new Uint8Array(32768 - 7 - 7);
  const bytes = concatBytes(writeLog([filler]), physicalRecord(FIRST, new Uint8Array()), writeLog([one]));
  expect(readLog(bytes)).toEqual({ records: [toHex(filler), toHex(one)], tear: undefined });
});

test.each([
  [9, /compressed write-ahead logs/],
  [10, /user-defined timestamps/],
])("record type %i is refused", (type, message) => {
  expect(() => readLog(physicalRecord(type, one))).toThrow(UnsupportedError);
  expect(() => readLog(physicalRecord(type, one))).toThrow(message);
});
