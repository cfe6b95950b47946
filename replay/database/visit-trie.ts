import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import { bytesEqual, type Hash32 } from "../../node/codec/bytes.ts";
import { CodecError, DatabaseDamagedError } from "../../node/codec/errors.ts";
import { EMPTY_TRIE_ROOT } from "../../node/codec/keccak.ts";
import { type NibblePath, nibbleAt } from "../../node/el/trie/nibble-path.ts";
import {
  BRANCH,
  BRANCH_WIDTH,
  type BranchNode,
  type ChildNode,
  childFromReference,
  childOffset,
  decodeStoredNode,
  LEAF,
  type TrieNode,
  UNRESOLVED,
} from "../../node/el/trie/trie-node.ts";
import { type RowFault, readProvedRow } from "./proved-rows.ts";

/** Keys of the state, storage and token tries are keccaks. */
const KEY_NIBBLES = 64;

/** What a walk over a trie tells of. Paths and keys are nibbles from the trie's root, one hex digit each. */
export interface TrieVisitor {
  /** Asked before a node is read; true leaves it out with all under it. */
  readonly skip?: (hash: Hash32, path: string) => boolean;
  /** A stored node was read; nodes that stand inside their parent are not told of. */
  readonly node: (bytes: number) => void;
  readonly leaf: (key: string, value: Uint8Array) => void;
  /** A node that cannot be used; the walk goes on beside it. */
  readonly fault: (kind: RowFault, hash: Hash32, path: string, message: string) => void;
}

/** Visits everything under the node `root`, to which `path` leads, in the order of the keys. One path is in memory. */
export function visitTrie(rows: KeyValueReader, root: Hash32, path: string, visitor: TrieVisitor): void {
  if (!bytesEqual(root, EMPTY_TRIE_ROOT)) visitStored(rows, root, path, visitor);
}

function visitStored(rows: KeyValueReader, hash: Hash32, path: string, visitor: TrieVisitor): void {
  if (visitor.skip?.(hash, path)) return;
  const row = readProvedRow(rows, hash);
  if ("fault" in row) {
    visitor.fault(row.fault, hash, path, row.message);
    return;
  }
  const node = decodedOr(row.bytes, hash, (message) => visitor.fault("unreadable", hash, path, message));
  if (node === undefined) return;
  visitor.node(row.bytes.length);
  visitNode(rows, node, hash, path, visitor);
}

function decodedOr(bytes: Uint8Array, hash: Hash32, fault: (message: string) => void): TrieNode | undefined {
  try {
    return decodeStoredNode(bytes, hash);
  } catch (error) {
    if (!(error instanceof DatabaseDamagedError)) throw error;
    fault(error.message);
    return undefined;
  }
}

/** `hash` is that of the row which the node stands in. */
function visitNode(rows: KeyValueReader, node: TrieNode, hash: Hash32, path: string, visitor: TrieVisitor): void {
  if (node.kind === BRANCH) {
    if (node.value.length > 0)
      visitor.fault("unreadable", hash, path, "a branch with a value in a trie of hashed keys");
    for (let i = 0; i < BRANCH_WIDTH; i++) {
      const child = childAt(node, i, (message) => visitor.fault("unreadable", hash, path, message));
      if (child !== null) visitChild(rows, child, hash, path + i.toString(16), visitor);
    }
    return;
  }
  const below = path + nibblesOf(node.path);
  // Such nodes can be nested without end: what lies behind one is not walked.
  if (node.kind !== LEAF && below === path) visitor.fault("unreadable", hash, path, "an extension without a path");
  else if (node.kind !== LEAF) visitChild(rows, node.child, hash, below, visitor);
  else if (below.length === KEY_NIBBLES) visitor.leaf(below, node.value);
  else visitor.fault("unreadable", hash, path, `a leaf at ${below.length} nibbles, where a key has ${KEY_NIBBLES}`);
}

/** A node inside its parent is read only here. */
function childAt(node: BranchNode, index: number, fault: (message: string) => void): ChildNode | null {
  try {
    return childFromReference(node.source, childOffset(node, index));
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    fault(error.message);
    return null;
  }
}

function visitChild(rows: KeyValueReader, child: ChildNode, hash: Hash32, path: string, visitor: TrieVisitor): void {
  if (path.length > KEY_NIBBLES) visitor.fault("unreadable", hash, path, "the path is longer than a key");
  else if (child.kind === UNRESOLVED) visitStored(rows, child.hash, path, visitor);
  else visitNode(rows, child, hash, path, visitor);
}

function nibblesOf(path: NibblePath): string {
  let text = "";
  for (let i = path.from; i < path.to; i++) text += nibbleAt(path.bytes, i).toString(16);
  return text;
}
