import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesFromKey, bytesKey, type Hash32, toHex, uint32ToBytes } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT, keccak256 } from "../../codec/keccak.ts";
import { MemoryNodeStore } from "./trie.testkit.ts";
import { Trie } from "./trie.ts";
import { trieDifferences } from "./trie-diff.ts";

type Entries = ReadonlyMap<string, Uint8Array>;

const shortKey = fc
  .array(fc.constantFrom(0x00, 0x01, 0x10, 0x11, 0xff), { minLength: 1, maxLength: 4 })
  .map((bytes) => bytesKey(Uint8Array.from(bytes)));
const hashedKey = fc.integer({ min: 0, max: 60 }).map((number) => bytesKey(keccak256(uint32ToBytes(number))));
const value = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 3 }),
  fc.uint8Array({ minLength: 28, maxLength: 70 }),
  fc.constantFrom(Uint8Array.of(1), Uint8Array.of(2)),
);
const entries = fc
  .oneof(
    fc.array(fc.tuple(shortKey, value), { maxLength: 40 }),
    fc.array(fc.tuple(hashedKey, value), { maxLength: 40 }),
  )
  .map((pairs) => new Map(pairs));

function committed(store: MemoryNodeStore, content: Entries, base: Hash32 = EMPTY_TRIE_ROOT): Hash32 {
  const trie = new Trie(store, base);
  for (const [key, bytes] of content) trie.put(bytesFromKey(key), bytes);
  return trie.commit();
}

function expected(left: Entries, right: Entries): (string | undefined)[][] {
  const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : toHex(bytes));
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((key) => [toHex(bytesFromKey(key)), hex(left.get(key)), hex(right.get(key))])
    .filter(([, a, b]) => a !== b)
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
}

function found(store: MemoryNodeStore, left: Hash32, right: Hash32): (string | undefined)[][] {
  const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : toHex(bytes));
  return [...trieDifferences(store, left, right)].map((one) => [toHex(one.key), hex(one.left), hex(one.right)]);
}

describe("trieDifferences", () => {
  it("finds what two maps differ in, in the order of the keys, whatever shapes their tries have", () => {
    fc.assert(
      fc.property(entries, entries, fc.boolean(), (first, second, alike) => {
        const store = new MemoryNodeStore();
        const right = alike ? new Map([...first, ...[...second].slice(0, 3)]) : second;
        const [a, b] = [committed(store, first), committed(store, right)];
        expect(found(store, a, b)).toEqual(expected(first, right));
      }),
      { numRuns: 400 },
    );
  });

  it("reads nothing where the roots are the same, and only the way to what differs where they are not", () => {
    const store = new MemoryNodeStore();
    const content = new Map(
      Array.from({ length: 5000 }, (_, i) => [bytesKey(keccak256(uint32ToBytes(i))), new Uint8Array(40).fill(i)]),
    );
    const left = committed(store, content);
    const key = bytesKey(keccak256(uint32ToBytes(77)));
    const right = committed(store, new Map([[key, Uint8Array.of(1)]]), left);
    store.reads = 0;
    expect([...trieDifferences(store, left, left)]).toEqual([]);
    expect(store.reads).toBe(0);
    expect([...trieDifferences(store, left, right)]).toHaveLength(1);
    expect(store.reads).toBeLessThan(14);
  });

  it("takes an empty trie for one without entries", () => {
    const store = new MemoryNodeStore();
    const root = committed(store, new Map([["k", Uint8Array.of(1)]]));
    expect(found(store, EMPTY_TRIE_ROOT, root)).toEqual([["6b", undefined, "01"]]);
    expect(found(store, root, EMPTY_TRIE_ROOT)).toEqual([["6b", "01", undefined]]);
  });
});
