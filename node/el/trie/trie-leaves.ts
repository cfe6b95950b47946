import { bytesEqual, type Hash32 } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import type { NodeStore } from "../state/node-store.ts";
import {
  joinPaths,
  type NibblePath,
  nibbleAt,
  pathBytes,
  pathLength,
  sharedNibbles,
  singleNibble,
} from "./nibble-path.ts";
import { storedNode } from "./stored-node.ts";
import {
  BRANCH,
  BRANCH_WIDTH,
  type ChildNode,
  childFromReference,
  childOffset,
  LEAF,
  UnresolvedNode,
} from "./trie-node.ts";

export interface TrieLeaf {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const NO_PATH: NibblePath = { bytes: new Uint8Array(0), from: 0, to: 0 };

/**
 * Every entry of a committed trie in the order of its keys. Holds one path in memory, whatever the trie's size. With
 * `from`, whole branches of lower keys are left out unread; some lower keys may still come. Throws
 * DatabaseDamagedError at a node that is missing or unreadable.
 */
export function* trieLeaves(store: NodeStore, rootHash: Hash32, from?: Uint8Array): Generator<TrieLeaf> {
  if (!bytesEqual(rootHash, EMPTY_TRIE_ROOT)) yield* leavesUnder(store, new UnresolvedNode(rootHash), NO_PATH, from);
}

function* leavesUnder(
  store: NodeStore,
  child: ChildNode,
  above: NibblePath,
  from: Uint8Array | undefined,
): Generator<TrieLeaf> {
  const node = storedNode(store, child);
  if (node.kind === BRANCH) {
    if (node.value.length > 0) yield { key: pathBytes(above), value: node.value };
    const depth = pathLength(above);
    const first = from === undefined || depth >= from.length * 2 ? 0 : nibbleAt(from, depth);
    for (let i = first; i < BRANCH_WIDTH; i++) {
      const next = childFromReference(node.source, childOffset(node, i));
      if (next === null) continue;
      // Behind the bound's own branch nothing is below it.
      yield* leavesUnder(store, next, joinPaths(above, singleNibble(i)), i === first ? from : undefined);
    }
    return;
  }
  const path = joinPaths(above, node.path);
  if (node.kind === LEAF) yield { key: pathBytes(path), value: node.value };
  else {
    const shared = from === undefined ? 0 : sharedNibbles(path, from, 0);
    const isOnPath = shared === pathLength(path);
    if (from !== undefined && !isOnPath && isBelow(path, from, shared)) return;
    yield* leavesUnder(store, node.child, path, isOnPath ? from : undefined);
  }
}

/** At the first nibble in which they differ. */
function isBelow(path: NibblePath, from: Uint8Array, at: number): boolean {
  return at < from.length * 2 && nibbleAt(path.bytes, path.from + at) < nibbleAt(from, at);
}
