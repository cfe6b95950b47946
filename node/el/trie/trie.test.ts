import { createMPT } from "@ethereumjs/mpt";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asHash32, bytesKey, toHex, utf8 } from "../../codec/bytes.ts";
import { DatabaseDamagedError } from "../../codec/errors.ts";
import { EMPTY_TRIE_ROOT, keccak256 } from "../../codec/keccak.ts";
import { MemoryNodeStore } from "./trie.testkit.ts";
import { Trie } from "./trie.ts";
import { trieDifferences } from "./trie-diff.ts";
import { trieLeaves } from "./trie-leaves.ts";
import { WarmNodes } from "./warm-nodes.ts";

type Step = { key: Uint8Array; value: Uint8Array } | "commit" | "reopen" | "forget";

/** Keys from a small alphabet, so that paths meet, part, end inside branches and are hit again. */
const shortKey = fc
  .array(fc.constantFrom(0x00, 0x01, 0x10, 0x11, 0xff), { minLength: 1, maxLength: 4 })
  .map((a) => Uint8Array.from(a));
/** Long common prefixes: extensions that grow, split, shrink and merge. */
const twinKey = fc.array(fc.constantFrom(0x00, 0x01), { minLength: 4, maxLength: 4 }).map((a) => Uint8Array.from(a));
const hashedKey = fc.integer({ min: 0, max: 40 }).map((i) => keccak256(Uint8Array.of(i)) as Uint8Array);
const value = fc.oneof(
  fc.constant(new Uint8Array(0)),
  fc.uint8Array({ minLength: 1, maxLength: 3 }),
  fc.uint8Array({ minLength: 28, maxLength: 70 }),
);
const steps = (key: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ key, value }) },
      { weight: 1, arbitrary: fc.constantFrom("commit" as const, "reopen" as const, "forget" as const) },
    ),
    { maxLength: 80 },
  );

async function runAgainstOracle(script: readonly Step[]): Promise<void> {
  const store = new MemoryNodeStore();
  const warm = new WarmNodes(2000);
  const model = new Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>();
  let trie = new Trie(store, EMPTY_TRIE_ROOT, warm);
  for (const step of script) {
    if (typeof step === "string") {
      const root = trie.commit();
      expect(toHex(root)).toBe(await oracleRoot(model.values()));
      if (step === "reopen") trie = new Trie(store, root, warm);
      if (step === "forget") warm.nextBlock();
    } else {
      trie.put(step.key, step.value);
      if (step.value.length === 0) model.delete(bytesKey(step.key));
      else model.set(bytesKey(step.key), step);
      expect(trie.get(step.key)).toEqual(step.value.length === 0 ? undefined : step.value);
    }
  }
  const root = trie.commit();
  expect(toHex(root)).toBe(await oracleRoot(model.values()));
  const leaves = [...trieLeaves(store, root)].map((leaf) => [bytesKey(leaf.key), toHex(leaf.value)]);
  const expected = [...model].map(([key, { value }]) => [key, toHex(value)]).sort(([a], [b]) => (a < b ? -1 : 1));
  expect(leaves).toEqual(expected);
}

/** Only insertions: @ethereumjs/mpt leaves another trie behind after some deletions that pyquarkchain's makes as ours does. */
async function oracleRoot(rows: Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>): Promise<string> {
  const oracle = await createMPT();
  for (const { key, value } of rows) await oracle.put(key, value);
  return toHex(oracle.root());
}

describe("Trie", () => {
  it("has pyquarkchain's root when it is empty, also after the last key went", () => {
    const trie = new Trie(new MemoryNodeStore(), EMPTY_TRIE_ROOT);
    expect(trie.commit()).toEqual(EMPTY_TRIE_ROOT);
    trie.put(utf8("a"), utf8("b"));
    trie.commit();
    trie.delete(utf8("a"));
    expect(trie.commit()).toEqual(EMPTY_TRIE_ROOT);
  });

  it("gives the root of the yellow paper's family of words", () => {
    const trie = new Trie(new MemoryNodeStore(), EMPTY_TRIE_ROOT);
    for (const [key, text] of [
      ["do", "verb"],
      ["horse", "stallion"],
      ["doge", "coin"],
      ["dog", "puppy"],
    ]) {
      trie.put(utf8(key), utf8(text));
    }
    expect(toHex(trie.commit())).toBe("5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84");
  });

  it.each([
    ["short keys of mixed lengths", shortKey],
    ["long common prefixes", twinKey],
    ["hashed keys", hashedKey],
  ])("agrees with @ethereumjs/mpt on random changes: %s", async (_, key) => {
    await fc.assert(fc.asyncProperty(steps(key), runAgainstOracle), { numRuns: 300 });
  });

  it("is not misled by branches that are as long as one with 16 hashed children", async () => {
    const long = (seed: number) => new Uint8Array(40).fill(seed);
    const child = (i: number) => Uint8Array.of(0xaa, i << 4);
    const branch = Uint8Array.of(0xaa);
    for (const [children, branchValue] of [
      [15, long(1).subarray(0, 32)],
      [16, Uint8Array.of(5)],
    ] as const) {
      const store = new MemoryNodeStore();
      const oracle = await createMPT();
      let trie = new Trie(store, EMPTY_TRIE_ROOT);
      const put = async (key: Uint8Array, bytes: Uint8Array) => {
        trie.put(key, bytes);
        await (bytes.length === 0 ? oracle.del(key) : oracle.put(key, bytes));
      };
      const expectSameRoot = () => {
        const root = trie.commit();
        expect(toHex(root)).toBe(toHex(oracle.root()));
        trie = new Trie(store, root);
      };
      // The empty child comes first, so that all others are out of their usual places.
      for (let i = 16 - children; i < 16; i++) await put(child(i), long(i));
      await put(branch, branchValue);
      expectSameRoot();
      expect(trie.get(child(9))).toEqual(long(9));
      await put(child(9), long(99));
      await put(branch, new Uint8Array(0));
      expectSameRoot();
    }
  });

  it("leaves a trie that was opened on an older root as it was", () => {
    const store = new MemoryNodeStore();
    const warm = new WarmNodes();
    const first = new Trie(store, EMPTY_TRIE_ROOT, warm);
    for (let i = 0; i < 50; i++) first.put(keccak256(Uint8Array.of(i)), Uint8Array.of(1));
    const root = first.commit();
    const reader = new Trie(store, root, warm);
    const writer = new Trie(store, root, warm);
    for (let i = 0; i < 50; i += 2) writer.delete(keccak256(Uint8Array.of(i)));
    writer.commit();
    for (let i = 0; i < 50; i++) expect(reader.get(keccak256(Uint8Array.of(i)))).toEqual(Uint8Array.of(1));
    expect(reader.commit()).toEqual(root);
  });

  it("reads no node twice while it is warm", () => {
    const store = new MemoryNodeStore();
    const first = new Trie(store, EMPTY_TRIE_ROOT);
    for (let i = 0; i < 200; i++) first.put(keccak256(Uint8Array.of(i)), new Uint8Array(60).fill(7));
    const root = first.commit();
    const warm = new WarmNodes();
    const cold = new Trie(store, root, warm);
    for (let i = 0; i < 200; i++) cold.get(keccak256(Uint8Array.of(i)));
    expect(store.reads).toBeGreaterThan(200);
    store.reads = 0;
    const again = new Trie(store, root, warm);
    for (let i = 0; i < 200; i++) again.get(keccak256(Uint8Array.of(i)));
    expect(store.reads).toBe(0);
  });

  it("names the hash of a row that is no node", () => {
    const store = new MemoryNodeStore();
    for (const bytes of [
      "c0",
      "8161",
      "c20080",
      "c3800102",
      "c2c080",
      "d18080808080808080808080808080808080c0",
      "e4",
    ]) {
      const row = new Uint8Array(Buffer.from(bytes, "hex"));
      const hash = asHash32(keccak256(row));
      store.put(hash, row);
      const read = () => new Trie(store, hash).get(utf8("k"));
      expect(read).toThrow(DatabaseDamagedError);
      expect(read).toThrow(toHex(hash));
    }
  });
});

describe("extensions without a path, nested as deep as somebody likes", () => {
  const key = keccak256(utf8("key"));
  const other = keccak256(utf8("other"));

  /** A trie of two keys under `depth` extensions of no path (hex prefix 00). */
  function nested(depth: number) {
    const store = new MemoryNodeStore();
    const trie = new Trie(store, EMPTY_TRIE_ROOT);
    trie.put(key, utf8("value"));
    trie.put(other, utf8("something else"));
    const inner = trie.commit();
    let root = inner;
    for (let i = 0; i < depth; i++) {
      const node = Uint8Array.from([0xc0 + 1 + 33, 0x00, 0xa0, ...root]);
      root = asHash32(keccak256(node));
      store.put(root, node);
    }
    return { store, inner, root };
  }

  it.each([1, 30_000])("are looked through, and go where something is put below: %i", (depth) => {
    const { store, inner, root } = nested(depth);
    const open = () => new Trie(store, root);
    expect(open().get(key)).toEqual(utf8("value"));
    expect([...trieLeaves(store, root)].map((leaf) => toHex(leaf.key)).sort()).toEqual(
      [toHex(key), toHex(other)].sort(),
    );
    expect([...trieDifferences(store, root, inner)]).toEqual([]);
    const changed = open();
    changed.put(key, utf8("another"));
    const plain = new Trie(store, inner);
    plain.put(key, utf8("another"));
    expect(toHex(changed.commit())).toBe(toHex(plain.commit()));
    const unchanged = open();
    unchanged.delete(keccak256(utf8("absent")));
    expect(toHex(unchanged.commit())).toBe(toHex(root));
  });
});
