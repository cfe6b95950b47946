import { bytesEqual, type Hash32 } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import type { NodeStore } from "../state/node-store.ts";
import { joinPaths, type NibblePath, pathBytes, pathLength, singleNibble } from "./nibble-path.ts";
import {
  BRANCH,
  BRANCH_WIDTH,
  type ChildNode,
  childFromReference,
  childOffset,
  decodeStoredNode,
  EXTENSION,
  LEAF,
  type TrieNode,
  UNRESOLVED,
  UnresolvedNode,
} from "./trie-node.ts";

export interface TrieLeaf {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const NO_PATH: NibblePath = { bytes: new Uint8Array(0), from: 0, to: 0 };

/**
 * Every entry of a committed trie in the order of its keys. Holds one path in memory, whatever the trie's size.
 * Throws DatabaseDamagedError at a node that is missing or unreadable.
 */
export function* trieLeaves(store: NodeStore, rootHash: Hash32): Generator<TrieLeaf> {
  if (!bytesEqual(rootHash, EMPTY_TRIE_ROOT)) yield* leavesUnder(store, new UnresolvedNode(rootHash), NO_PATH);
}

function* leavesUnder(store: NodeStore, child: ChildNode, above: NibblePath): Generator<TrieLeaf> {
  let node = resolved(store, child);
  // As deep as whoever made the block likes.
  while (node.kind === EXTENSION && pathLength(node.path) === 0) node = resolved(store, node.child);
  if (node.kind === BRANCH) {
    if (node.value.length > 0) yield { key: pathBytes(above), value: node.value };
    for (let i = 0; i < BRANCH_WIDTH; i++) {
      const next = childFromReference(node.source, childOffset(node, i));
      if (next !== null) yield* leavesUnder(store, next, joinPaths(above, singleNibble(i)));
    }
    return;
  }
  const path = joinPaths(above, node.path);
  if (node.kind === LEAF) yield { key: pathBytes(path), value: node.value };
  else yield* leavesUnder(store, node.child, path);
}

function resolved(store: NodeStore, child: ChildNode): TrieNode {
  return child.kind === UNRESOLVED ? decodeStoredNode(store.get(child.hash), child.hash) : child;
}
