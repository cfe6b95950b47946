import { describe, expect, test } from "vitest";
import { concatBytes, EMPTY_BYTES, fromHex, utf8 } from "../../codec/bytes.ts";
import { DatabaseDamagedError } from "../../codec/errors.ts";
import { Block, DATA_LAYOUT, EntryReader, META_LAYOUT, seekEntry } from "./block.ts";
import { BlockCache } from "./block-cache.ts";
import { BlockCursor } from "./block-cursor.ts";
import { prefixed, varint } from "./log-writer.testkit.ts";

const origin = { file: "000001.sst", offset: 512 };

function uint32s(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function entry(shared: number, key: string, value = ""): Uint8Array {
  return concatBytes(varint(shared), varint(key.length), prefixed(utf8(value)).subarray(0, 1), utf8(key), utf8(value));
}

function block(entries: readonly Uint8Array[], restarts: readonly number[]): Block {
  return new Block(concatBytes(...entries, uint32s(...restarts, restarts.length)), origin);
}

function keysOf(cursor: BlockCursor, reverse: boolean): string[] {
  const keys: string[] = [];
  if (reverse) cursor.toLast();
  else cursor.toFirst();
  while (cursor.valid) {
    keys.push(Buffer.from(cursor.userKey).toString());
    if (reverse) cursor.previous();
    else cursor.next();
  }
  return keys;
}

describe("a block of prefix-compressed entries", () => {
  const parts = [entry(0, "apple", "1"), entry(3, "ly", "2"), entry(0, "banana", "3"), entry(3, "k", "4")];
  const starts = [0, parts[0].length + parts[1].length];
  const fruits = block(parts, starts);
  const keys = ["apple", "apply", "banana", "bank"];

  test("walks both ways", () => {
    const cursor = new BlockCursor(META_LAYOUT);
    cursor.load(fruits);
    expect(keysOf(cursor, false)).toEqual(keys);
    expect(keysOf(cursor, true)).toEqual(keys.toReversed());
  });

  test("seeks", () => {
    const reader = new EntryReader();
    const cursor = new BlockCursor(META_LAYOUT);
    cursor.load(fruits);
    for (const target of ["", "a", "apple", "applf", "apply", "az", "banana", "bananas", "bank", "c"]) {
      const after = keys.find((key) => key >= target);
      const found = seekEntry(reader, fruits, META_LAYOUT, utf8(target));
      expect(found).toBe(after === undefined ? "none" : after === target ? "same" : "later");
      if (after !== undefined) expect(Buffer.from(reader.key.subarray(0, reader.keyLength)).toString()).toBe(after);
      cursor.toAtLeast(utf8(target));
      expect(cursor.valid ? Buffer.from(cursor.userKey).toString() : undefined).toBe(after);
      cursor.toBelow(utf8(target));
      const before = keys.findLast((key) => key < target);
      expect(cursor.valid ? Buffer.from(cursor.userKey).toString() : undefined).toBe(before);
    }
  });
});

test("an empty block has no entries either way", () => {
  const cursor = new BlockCursor(META_LAYOUT);
  cursor.load(block([], [0]));
  expect(keysOf(cursor, false)).toEqual([]);
  expect(keysOf(cursor, true)).toEqual([]);
  expect(seekEntry(new EntryReader(), block([], [0]), META_LAYOUT, utf8("a"))).toBe("none");
});

describe("hostile blocks", () => {
  test.each([
    ["nothing", EMPTY_BYTES],
    ["no restart points", uint32s(0)],
    ["more restart points than bytes", uint32s(0, 1000)],
    ["a hash index larger than the block", concatBytes(fromHex("ff00"), uint32s(0x80000001))],
    ["a hash index without its size", uint32s(0x80000001)],
  ])("%s", (_name, bytes) => {
    expect(() => new Block(bytes, origin)).toThrow(DatabaseDamagedError);
  });

  const walks: readonly (readonly [string, (bad: Block) => unknown])[] = [
    ["seek", (bad) => seekEntry(new EntryReader(), bad, DATA_LAYOUT, utf8("zz"))],
    [
      "walk",
      (bad) => {
        const cursor = new BlockCursor(DATA_LAYOUT);
        cursor.load(bad);
        return keysOf(cursor, false);
      },
    ],
  ];
  const whole = entry(0, "key12345678");

  test.each([
    ["a restart point outside", block([whole], [9999])],
    ["a restart point inside an entry", block([whole, whole], [0, 3])],
    ["an entry that shares more than there is", block([entry(5, "key12345678")], [0])],
    ["a key that is cut off", block([whole.slice(0, 8)], [0])],
    ["a length without end", block([new Uint8Array(12).fill(0xff)], [0])],
    ["a key without its suffix", block([entry(0, "short")], [0])],
  ])("%s", (_name, bad) => {
    for (const [, walk] of walks) {
      expect(() => walk(bad)).toThrow(DatabaseDamagedError);
      expect(() => walk(bad)).toThrow(/000001\.sst, offset 512/);
    }
  });

  test("restart points that do not ascend", () => {
    const cursor = new BlockCursor(DATA_LAYOUT);
    cursor.load(block([whole, whole], [0, 0]));
    expect(() => keysOf(cursor, false)).toThrow(/do not ascend/);
  });

  test("keys that unfold without bound", () => {
    const long = entry(0, "k".repeat(100_000));
    const repeats = Array.from({ length: 1500 }, () => concatBytes(varint(100_000), varint(0), varint(0)));
    const cursor = new BlockCursor(DATA_LAYOUT);
    cursor.load(block([long, ...repeats], [0]));
    expect(() => cursor.toFirst()).toThrow(/unfold to an implausible size/);
  });
});

describe("block cache", () => {
  const bytesPerBlock = 1000 + 256;
  const make = (): Block => new Block(concatBytes(new Uint8Array(992), uint32s(0, 1)), origin);

  test("stays within its limit and lets go of what was used once first", () => {
    const cache = new BlockCache(4 * bytesPerBlock);
    const owner = new Map();
    for (let offset = 0; offset < 4; offset++) cache.put(owner, offset, make(), true);
    cache.get(owner, 1);
    cache.get(owner, 3);
    for (let offset = 10; offset < 12; offset++) cache.put(owner, offset, make(), true);
    expect([...owner.keys()].sort((a, b) => a - b)).toEqual([1, 3, 10, 11]);
    expect(cache.bytes).toBe(4 * bytesPerBlock);
    for (let offset = 20; offset < 100; offset++) cache.put(owner, offset, make(), true);
    expect(owner.size).toBe(4);
  });

  test("replaces an unverified block in place", () => {
    const cache = new BlockCache(4 * bytesPerBlock);
    const owner = new Map();
    cache.put(owner, 0, make(), false);
    expect(cache.get(owner, 0)?.verified).toBe(false);
    cache.put(owner, 0, make(), true);
    expect(cache.get(owner, 0)?.verified).toBe(true);
    expect(cache.bytes).toBe(bytesPerBlock);
  });

  test("keeps nothing larger than itself, and nothing after clear", () => {
    const cache = new BlockCache(bytesPerBlock);
    const owner = new Map();
    cache.put(owner, 0, new Block(concatBytes(new Uint8Array(5000), uint32s(0, 1)), origin), true);
    expect(cache.get(owner, 0)).toBeUndefined();
    cache.put(owner, 0, make(), true);
    cache.clear();
    expect(owner.size).toBe(0);
    expect(cache.bytes).toBe(0);
  });
});
