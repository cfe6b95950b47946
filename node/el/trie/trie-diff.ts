import { bytesEqual, EMPTY_BYTES, type Hash32 } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import type { NodeStore } from "../state/node-store.ts";
import { joinPaths, type NibblePath, nibbleAt, pathBytes, pathLength, pathTail, singleNibble } from "./nibble-path.ts";
import { storedNode } from "./stored-node.ts";
import {
  BRANCH,
  BRANCH_WIDTH,
  type ChildNode,
  childFromReference,
  childOffset,
  ExtensionNode,
  LEAF,
  LeafNode,
  type TrieNode,
  UNRESOLVED,
  UnresolvedNode,
} from "./trie-node.ts";

/** A key under which two tries do not hold the same; undefined: nothing. */
export interface TrieDifference {
  readonly key: Uint8Array;
  readonly left: Uint8Array | undefined;
  readonly right: Uint8Array | undefined;
}

const NO_PATH: NibblePath = { bytes: EMPTY_BYTES, from: 0, to: 0 };

/**
 * Where two committed tries differ, in the order of the keys. Subtrees with the same hash, and equal embedded ones, are
 * not read. Throws DatabaseDamagedError at a node that is missing or unreadable.
 */
export function* trieDifferences(store: NodeStore, left: Hash32, right: Hash32): Generator<TrieDifference> {
  yield* differencesUnder(store, rootOf(left), rootOf(right), NO_PATH);
}

function rootOf(hash: Hash32): UnresolvedNode | null {
  return bytesEqual(hash, EMPTY_TRIE_ROOT) ? null : new UnresolvedNode(hash);
}

function* differencesUnder(
  store: NodeStore,
  left: ChildNode | null,
  right: ChildNode | null,
  path: NibblePath,
): Generator<TrieDifference> {
  if (isSame(left, right)) return;
  const a = forkOf(store, left);
  const b = forkOf(store, right);
  if (!bytesEqual(a.value ?? EMPTY_BYTES, b.value ?? EMPTY_BYTES)) {
    yield { key: pathBytes(path), left: a.value, right: b.value };
  }
  for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
    const [leftChild, rightChild] = [a.child(nibble), b.child(nibble)];
    if (leftChild === null && rightChild === null) continue;
    yield* differencesUnder(store, leftChild, rightChild, joinPaths(path, singleNibble(nibble)));
  }
}

/** Whether both are the same as far as can be told without reading: what is not the same is looked into. */
function isSame(left: ChildNode | null, right: ChildNode | null): boolean {
  if (left === null || right === null) return left === right;
  if (left.hash !== undefined && right.hash !== undefined) return bytesEqual(left.hash, right.hash);
  if (left.kind === UNRESOLVED || right.kind === UNRESOLVED) return false;
  return left.encoded !== undefined && right.encoded !== undefined && bytesEqual(left.encoded, right.encoded);
}

/** A subtree as if a branch stood at its top: tries of different shape are compared nibble by nibble. */
interface Fork {
  readonly value: Uint8Array | undefined;
  child(nibble: number): ChildNode | null;
}

const NOTHING: Fork = { value: undefined, child: () => null };

function forkOf(store: NodeStore, child: ChildNode | null): Fork {
  if (child === null) return NOTHING;
  const node = storedNode(store, child);
  if (node.kind === BRANCH) {
    return {
      value: node.value.length === 0 ? undefined : node.value,
      child: (nibble) => childFromReference(node.source, childOffset(node, nibble)),
    };
  }
  if (pathLength(node.path) > 0) {
    const first = nibbleAt(node.path.bytes, node.path.from);
    return { value: undefined, child: (nibble) => (nibble === first ? shortened(node) : null) };
  }
  return { value: node.kind === LEAF ? node.value : undefined, child: () => null };
}

/** A short node without the first nibble of its path. */
function shortened(node: Exclude<TrieNode, { kind: typeof BRANCH }>): ChildNode {
  const path = pathTail(node.path, 1);
  if (node.kind === LEAF) return new LeafNode(path, node.value);
  return pathLength(path) === 0 ? node.child : new ExtensionNode(path, node.child);
}
