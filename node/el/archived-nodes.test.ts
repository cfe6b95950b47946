import { describe, expect, test } from "vitest";
import type { KeyValueReader } from "../archive/key-value-reader.ts";
import { asHash32, utf8 } from "../codec/bytes.ts";
import { DatabaseDamagedError } from "../codec/errors.ts";
import { keccak256 } from "../codec/keccak.ts";
import { ArchivedNodes } from "./archived-nodes.ts";

const EMPTY: KeyValueReader = {
  get: () => undefined,
  getSelfProving: () => undefined,
  has: () => false,
  entries: () => [],
  close: () => {},
};

/** A cache so small that every row pushes out those before it. */
const nodes = () => new ArchivedNodes(EMPTY, { name: "shard-1.db", cacheBytes: 0 });
const values = Array.from({ length: 20 }, (_, i) => utf8(`row ${i}`));
const hashOf = (value: Uint8Array) => asHash32(keccak256(value));

describe("rows that the database does not have", () => {
  test("are lost once they leave the cache", () => {
    const plain = nodes();
    for (const value of values) plain.put(hashOf(value), value);
    expect(() => plain.get(hashOf(values[0]))).toThrow(DatabaseDamagedError);
  });

  test("stay while they are held, and go when they are released", () => {
    const holding = nodes();
    expect(holding.isHolding).toBe(false);
    holding.holdProduced();
    for (const value of [...values, ...values]) holding.put(hashOf(value), value);
    expect(holding.isHolding).toBe(true);
    expect(values.map((value) => holding.get(hashOf(value)))).toEqual(values);
    const perRow = holding.heldBytes / values.length;
    expect(perRow).toBeGreaterThan(values[0].length);
    expect(perRow).toBeLessThan(1000);

    holding.release();
    expect(holding.isHolding).toBe(false);
    expect(holding.heldBytes).toBe(0);
    expect(() => values.map((value) => holding.get(hashOf(value)))).toThrow(/missing row in shard-1.db/);
  });
});
