import type { NodeStore } from "../state/node-store.ts";
import { pathLength } from "./nibble-path.ts";
import { type ChildNode, decodeStoredNode, EXTENSION, type TrieNode, UNRESOLVED } from "./trie-node.ts";

/**
 * The node that a child stands for, behind any extensions without a path: no client makes those, but whoever makes a block
 * may nest them deeper than any stack. Throws DatabaseDamagedError where a node is missing or unreadable.
 */
export function storedNode(store: NodeStore, child: ChildNode): TrieNode {
  let node = resolved(store, child);
  while (node.kind === EXTENSION && pathLength(node.path) === 0) node = resolved(store, node.child);
  return node;
}

function resolved(store: NodeStore, child: ChildNode): TrieNode {
  return child.kind === UNRESOLVED ? decodeStoredNode(store.get(child.hash), child.hash) : child;
}
