import { createMPT } from "@ethereumjs/mpt";
import { describe, expect, it } from "vitest";
import { toHex } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import { rlpEncodeUint } from "../../codec/rlp.ts";
import { orderedTrieRoot } from "./ordered-trie-root.ts";
import { MemoryNodeStore } from "./trie.testkit.ts";
import { trieLeaves } from "./trie-leaves.ts";

/** As long as a receipt without logs; every third shares all bytes with others. */
function receiptLike(i: number): Uint8Array {
  return new Uint8Array(300).fill(i % 3 === 0 ? 1 : i);
}

describe("orderedTrieRoot", () => {
  it("of nothing is the empty root", () => {
    expect(orderedTrieRoot([])).toEqual(EMPTY_TRIE_ROOT);
  });

  it.each([1, 2, 17, 127, 128, 129, 300])("agrees with @ethereumjs/mpt on %i values", async (count) => {
    const oracle = await createMPT();
    const values = Array.from({ length: count }, (_, i) => receiptLike(i));
    for (const [i, value] of values.entries()) await oracle.put(rlpEncodeUint(BigInt(i)), value);
    expect(toHex(orderedTrieRoot(values))).toBe(toHex(oracle.root()));
  });

  it("hands over every node of the trie", () => {
    const store = new MemoryNodeStore();
    const root = orderedTrieRoot(
      Array.from({ length: 130 }, (_, i) => receiptLike(i)),
      store,
    );
    const leaves = [...trieLeaves(store, root)].map((leaf) => [toHex(leaf.key), toHex(leaf.value)]);
    const expected = Array.from({ length: 130 }, (_, i) => [toHex(rlpEncodeUint(BigInt(i))), toHex(receiptLike(i))]);
    expect(leaves).toEqual(expected.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
});
