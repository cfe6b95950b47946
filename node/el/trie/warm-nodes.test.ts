import { describe, expect, it } from "vitest";
import { type Hash32, uint32ToBytes } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT, keccak256 } from "../../codec/keccak.ts";
import { MemoryNodeStore } from "./trie.testkit.ts";
import { Trie } from "./trie.ts";
import { WarmNodes } from "./warm-nodes.ts";

const KEYS = 2000;
const LIMIT_BYTES = 400_000;

function key(i: number): Uint8Array {
  return keccak256(uint32ToBytes(i));
}

function builtTrie(store: MemoryNodeStore): Hash32 {
  const trie = new Trie(store, EMPTY_TRIE_ROOT);
  for (let i = 0; i < KEYS; i++) trie.put(key(i), new Uint8Array(60).fill(i));
  return trie.commit();
}

describe("WarmNodes", () => {
  it("lets go of what was unused the longest, and keeps the rest", () => {
    const store = new MemoryNodeStore();
    const root = builtTrie(store);
    const warm = new WarmNodes(LIMIT_BYTES);
    const readsOf = (from: number, to: number) => {
      store.reads = 0;
      const trie = new Trie(store, root, warm);
      for (let i = from; i < to; i++) expect(trie.get(key(i))).toEqual(new Uint8Array(60).fill(i));
      return store.reads;
    };
    readsOf(0, 50);
    for (let i = 50; i < KEYS; i += 50) {
      warm.nextBlock();
      // Used in every block: always there.
      expect(readsOf(0, 50)).toBe(0);
      readsOf(i, i + 50);
    }
    // Used once, long ago: let go in between.
    expect(readsOf(50, 100)).toBeGreaterThan(40);
  });

  it("keeps no trie that went on to another root", () => {
    const store = new MemoryNodeStore();
    const warm = new WarmNodes();
    const before = builtTrie(store);
    const trie = new Trie(store, before, warm);
    trie.put(key(0), Uint8Array.of(1));
    const after = trie.commit();
    expect(warm.root(before)).toBeUndefined();
    expect(warm.root(after)).toBeDefined();
  });
});
