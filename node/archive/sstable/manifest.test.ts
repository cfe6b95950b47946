import { describe, expect, test } from "vitest";
import { concatBytes, fromHex, toHex, utf8 } from "../../codec/bytes.ts";
import { DatabaseDamagedError, UnsupportedError } from "../../codec/errors.ts";
import { fixed64, prefixed, varint, writeLog } from "./log-writer.testkit.ts";
import { type LiveFiles, readManifest } from "./manifest.ts";

const NEW_FILE_4 = 103;
const NEW_FILE_3 = 102;
const NEW_FILE_2 = 100;
const NEW_FILE = 7;

function edit(...fields: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...fields);
}

function field(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(varint(tag), ...parts);
}

const comparator = (name: string): Uint8Array => field(1, prefixed(utf8(name)));
const BASE = edit(
  comparator("leveldb.BytewiseComparator"),
  field(2, varint(9)),
  field(3, varint(20)),
  field(4, varint(500)),
);

function internalKey(user: string, sequence: number): Uint8Array {
  return prefixed(concatBytes(utf8(user), fixed64(sequence * 256 + 1)));
}

interface TableParts {
  readonly tag?: number;
  readonly level?: number;
  readonly number: number;
  readonly first?: string;
  readonly last?: string;
  readonly sequences?: readonly [number, number];
  readonly custom?: readonly Uint8Array[];
}

function table({
  tag = NEW_FILE_4,
  level = 1,
  number,
  first = "a",
  last = "m",
  sequences = [1, 2],
  custom = [],
}: TableParts) {
  return field(
    tag,
    varint(level),
    varint(number),
    ...(tag === NEW_FILE_3 ? [varint(0)] : []),
    varint(1000),
    internalKey(first, sequences[0]),
    internalKey(last, sequences[1]),
    ...(tag === NEW_FILE ? [] : sequences.map(varint)),
    ...(tag === NEW_FILE_4 ? [...custom, varint(1)] : []),
  );
}

const custom = (tag: number, value: Uint8Array): Uint8Array => concatBytes(varint(tag), prefixed(value));
const remove = (level: number, number: number): Uint8Array => field(6, varint(level), varint(number));

function read(...records: readonly Uint8Array[]): LiveFiles {
  return readManifest(writeLog(records), "MANIFEST-000005", 5);
}

const numbers = (files: readonly { number: number }[]): number[] => files.map(({ number }) => number);

test("tables come and go, in each dialect of the record", () => {
  const files = read(
    edit(BASE, table({ number: 1 }), table({ tag: NEW_FILE_2, number: 2, first: "n", last: "p" })),
    edit(table({ tag: NEW_FILE_3, number: 3, first: "q", last: "r" }), remove(1, 1)),
    edit(table({ tag: NEW_FILE, number: 4, level: 2 }), table({ number: 5, first: "s", last: "z" })),
  );
  expect(files.level0).toEqual([]);
  expect(files.sortedLevels.map(numbers)).toEqual([[2, 3, 5], [4]]);
  expect(files.lastSequence).toBe(500);
  expect(files.sortedLevels[1][0]).toMatchObject({ level: 2, size: 1000, largestSequence: 0 });
  expect(toHex(files.sortedLevels[1][0].smallest)).toBe(`61${"01"}${"01"}${"00".repeat(6)}`);
});

test("level 0 is ordered by epoch where all tables have one, else by sequence numbers and file number", () => {
  const epoch = (value: number): Uint8Array[] => [custom(13, varint(value))];
  const level0 = [
    { level: 0, number: 1, sequences: [10, 90] as const, custom: epoch(2) },
    { level: 0, number: 2, sequences: [10, 80] as const, custom: epoch(5) },
    { level: 0, number: 3, sequences: [20, 80] as const, custom: epoch(5) },
  ];
  expect(numbers(read(edit(BASE, ...level0.map(table))).level0)).toEqual([3, 2, 1]);
  const without = { level: 0, number: 4, sequences: [10, 80] as const };
  expect(numbers(read(edit(BASE, ...[...level0, without].map(table))).level0)).toEqual([1, 3, 4, 2]);
});

test("a table may move between levels in one record", () => {
  const moved = read(edit(BASE, table({ level: 0, number: 1 })), edit(table({ level: 3, number: 1 }), remove(0, 1)));
  expect(moved.level0).toEqual([]);
  expect(moved.sortedLevels.map(numbers)).toEqual([[1]]);
});

test("logs: the first live one, and sizes that were synced", () => {
  const added = (number: number, size: number): Uint8Array =>
    field(8192 + 7, prefixed(concatBytes(varint(number), varint(2), varint(size), varint(1))));
  const files = read(
    edit(BASE, field(10, varint(12)), added(11, 5), added(12, 70), added(13, 1)),
    edit(added(12, 60), field(8192 + 8, prefixed(varint(12)))),
    edit(field(8192 + 4, varint(14), varint(1)), field(8192 + 5, varint(13))),
  );
  expect(files.firstLog).toBe(12);
  expect([...files.syncedLogs]).toEqual([[13, 1]]);
  const hack = table({ number: 1, custom: [custom(3, fixed64(15))] });
  expect(read(edit(BASE, hack)).firstLog).toBe(15);
});

test("records of a group count together", () => {
  const grouped = (rest: number, ...fields: readonly Uint8Array[]): Uint8Array =>
    edit(field(300, varint(rest)), ...fields);
  expect(read(BASE, grouped(1, table({ number: 1 })), grouped(0, remove(1, 1))).sortedLevels).toEqual([]);
  expect(() => read(BASE, grouped(1, table({ number: 1 })))).toThrow(/a group of records has no end/);
});

test("fields of newer versions that may be ignored are, and dropped column families do not matter", () => {
  const ignorable = edit(field(8192 + 500, prefixed(utf8("?"))), table({ number: 1, custom: [custom(30, utf8("?"))] }));
  const added = edit(field(200, varint(2)), field(201, prefixed(utf8("other"))), comparator("other.comparator"));
  const dropped = edit(field(200, varint(2)), field(202));
  expect(read(BASE, ignorable, added, dropped).sortedLevels.map(numbers)).toEqual([[1]]);
});

test("goleveldb lists the tables of a recovered log twice in its first record", () => {
  const recovered = table({ tag: NEW_FILE, number: 1, level: 0 });
  expect(numbers(read(edit(BASE, recovered, recovered)).level0)).toEqual([1]);
  const other = table({ tag: NEW_FILE, number: 1, level: 0, last: "n" });
  expect(() => read(edit(BASE, recovered, other))).toThrow(/table 1 twice/);
  expect(() => read(edit(BASE, recovered), recovered)).toThrow(/table 1 twice/);
});

describe("refused by name", () => {
  test.each([
    ["another comparator", edit(BASE, comparator("rocksdb.ReverseBytewiseComparator")), "ReverseBytewiseComparator"],
    ["column families", edit(field(200, varint(2)), field(201, prefixed(utf8("other")))), '"other"'],
    ["blob files", field(400, new Uint8Array(8)), "blob files"],
    ["tables with blobs", table({ number: 1, custom: [custom(4, varint(8))] }), "blob files"],
    ["timestamps", table({ number: 1, custom: [custom(16, varint(0))] }), "user-defined timestamps"],
    ["further paths", table({ number: 1, custom: [custom(65, varint(1))] }), "further database paths"],
    ["fields that must be known", table({ number: 1, custom: [custom(90, varint(1))] }), "field 90"],
  ])("%s", (_name, record, message) => {
    expect(() => read(BASE, record)).toThrow(UnsupportedError);
    expect(() => read(BASE, record)).toThrow(message);
  });
});

describe("damage", () => {
  const reversed = { number: 1, first: "m", last: "a" };
  test.each([
    ["no records", []],
    ["no comparator", [edit(field(2, varint(9)), field(3, varint(20)), field(4, varint(5)))]],
    ["no sequence number", [edit(comparator("leveldb.BytewiseComparator"), field(2, varint(9)), field(3, varint(20)))]],
    ["a table that is removed but was not there", [edit(BASE, remove(1, 1))]],
    ["a table removed from another level", [edit(BASE, table({ number: 1 })), remove(2, 1)]],
    ["a table added twice", [edit(BASE, table({ number: 1 })), table({ number: 1, level: 2 })]],
    ["overlapping tables", [edit(BASE, table({ number: 1 }), table({ number: 2, first: "k", last: "z" }))]],
    ["a table that ends before it begins", [edit(BASE, table(reversed))]],
    ["a table newer than everything", [edit(BASE, table({ number: 1, sequences: [1, 501] }))]],
    ["an unknown tag", [BASE, field(77)]],
    ["an implausible level", [BASE, remove(999, 1)]],
    ["a number beyond 2^53", [BASE, field(2, fromHex("ffffffffffffffff7f"))]],
    ["a name that is cut off", [field(1, varint(200), utf8("level"))]],
    ["a key that is too short", [edit(BASE, field(5, varint(1), prefixed(utf8("short"))))]],
  ])("%s", (_name, records) => {
    expect(() => read(...records)).toThrow(DatabaseDamagedError);
    expect(() => read(...records)).toThrow(/MANIFEST-000005, offset \d+/);
  });

  test("a torn record", () => {
    const torn = writeLog([BASE, table({ number: 1 })]).slice(0, -1);
    expect(() => readManifest(torn, "MANIFEST-000005", 5)).toThrow(/the MANIFEST is torn: the record is cut off/);
  });
});
