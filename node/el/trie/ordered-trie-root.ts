import type { Hash32 } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import { rlpEncodeUint } from "../../codec/rlp.ts";
import type { NodeStore } from "../state/node-store.ts";
import { Trie } from "./trie.ts";

const NO_STORE: NodeStore = {
  get: () => {
    throw new Error("a trie built from nothing reads no node");
  },
  put: () => {},
};

/**
 * Root of the trie that holds values[i] under rlp(i) (pyquarkchain core.py mk_receipt_sha). No value may be empty.
 * The nodes are handed to `store` when one is given.
 */
export function orderedTrieRoot(values: readonly Uint8Array[], store: Pick<NodeStore, "put"> = NO_STORE): Hash32 {
  const trie = new Trie({ get: NO_STORE.get, put: (hash, node) => store.put(hash, node) }, EMPTY_TRIE_ROOT);
  for (const [i, value] of values.entries()) trie.put(rlpEncodeUint(BigInt(i)), value);
  return trie.commit();
}
