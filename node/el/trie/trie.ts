import { compactBytes } from "../../codec/byte-slab.ts";
import { bytesEqual, EMPTY_BYTES, type Hash32 } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT, keccak256 } from "../../codec/keccak.ts";
import type { NodeStore } from "../state/node-store.ts";
import { joinPaths, nibbleAt, pathHead, pathLength, pathTail, sharedNibbles, singleNibble } from "./nibble-path.ts";
import { encodeNode } from "./trie-encoding.ts";
import {
  BRANCH,
  BRANCH_WIDTH,
  BranchNode,
  type ChildNode,
  childFromReference,
  childOffset,
  decodeStoredNode,
  EMPTY_REFERENCE,
  EXTENSION,
  ExtensionNode,
  emptyBranch,
  LEAF,
  LeafNode,
  type TrieNode,
  UNRESOLVED,
  UnresolvedNode,
} from "./trie-node.ts";
import { WarmNodes } from "./warm-nodes.ts";

/**
 * Merkle-Patricia trie over content-addressed nodes (yellow paper, appendix D; pyquarkchain quarkchain/evm/trie.py).
 * Changes stay in memory until `commit` hashes each changed node once and puts it into the store. Keys and values
 * that are put must not change afterwards. Missing or unreadable nodes throw DatabaseDamagedError.
 */
export class Trie {
  readonly #store: NodeStore;
  readonly #warm: WarmNodes;
  #root: ChildNode | null;
  #rootHash: Hash32;

  constructor(store: NodeStore, rootHash: Hash32, warm: WarmNodes = new WarmNodes()) {
    this.#store = store;
    this.#warm = warm;
    this.#rootHash = rootHash;
    this.#root = bytesEqual(rootHash, EMPTY_TRIE_ROOT) ? null : (warm.root(rootHash) ?? new UnresolvedNode(rootHash));
  }

  /** Root of the last commit. */
  get rootHash(): Hash32 {
    return this.#rootHash;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    let node = this.#resolvedRoot();
    let at = 0;
    const end = key.length * 2;
    while (node !== null) {
      if (node.kind === BRANCH) {
        if (at === end) return node.value.length === 0 ? undefined : node.value;
        node = this.#branchChild(node, nibbleAt(key, at));
        at++;
        continue;
      }
      const length = pathLength(node.path);
      if (sharedNibbles(node.path, key, at) !== length) return undefined;
      at += length;
      if (node.kind === LEAF) return at === end ? node.value : undefined;
      node = this.#extensionChild(node);
    }
    return undefined;
  }

  /** Sets a value; an empty one deletes the key. */
  put(key: Uint8Array, value: Uint8Array): void {
    if (value.length === 0) this.delete(key);
    else this.#root = this.#inserted(this.#resolvedRoot(), key, 0, value);
  }

  /** Deleting an absent key changes nothing. */
  delete(key: Uint8Array): void {
    this.#root = this.#without(this.#resolvedRoot(), key, 0);
  }

  /** Hashes what changed, puts it into the store and returns the new root. */
  commit(): Hash32 {
    const root = this.#root;
    if (root !== null && (root.kind === UNRESOLVED || root.hash === this.#rootHash)) return this.#rootHash;
    this.#warm.dropRoot(this.#rootHash);
    if (root === null) this.#rootHash = EMPTY_TRIE_ROOT;
    else {
      this.#seal(root);
      this.#rootHash = root.hash ?? this.#sealShortRoot(root);
      this.#warm.keepRoot(this.#rootHash, root);
    }
    return this.#rootHash;
  }

  #resolvedRoot(): TrieNode | null {
    const root = this.#root;
    if (root === null) return null;
    const node = root.kind === UNRESOLVED ? this.#load(root.hash) : root;
    if (node !== root) {
      this.#root = node;
      this.#warm.keepRoot(this.#rootHash, node);
    }
    node.lastUsed = this.#warm.age;
    return node;
  }

  #branchChild(branch: BranchNode, index: number): TrieNode | null {
    let child = branch.children[index];
    if (child === undefined) {
      const at = childOffset(branch, index);
      if (branch.source[at] === EMPTY_REFERENCE) return null;
      child = childFromReference(branch.source, at);
    }
    if (child === null) return null;
    const node = child.kind === UNRESOLVED ? this.#load(child.hash) : child;
    branch.children[index] = node;
    node.lastUsed = this.#warm.age;
    return node;
  }

  #extensionChild(extension: ExtensionNode): TrieNode {
    const { child } = extension;
    const node = child.kind === UNRESOLVED ? this.#load(child.hash) : child;
    extension.child = node;
    node.lastUsed = this.#warm.age;
    return node;
  }

  /** No client makes extensions without a path, but whoever makes a block may nest them deeper than any stack. */
  #behindPathless(node: TrieNode): TrieNode {
    let inner = node;
    while (inner.kind === EXTENSION && pathLength(inner.path) === 0) inner = this.#extensionChild(inner);
    return inner;
  }

  #load(hash: Hash32): TrieNode {
    const node = decodeStoredNode(compactBytes(this.#store.get(hash)), hash);
    this.#warm.added(node);
    return node;
  }

  /** The subtree with the value set. The same object means: nothing changed above it. */
  #inserted(node: TrieNode | null, key: Uint8Array, at: number, value: Uint8Array): TrieNode {
    if (node === null) return new LeafNode({ bytes: key, from: at, to: key.length * 2 }, value);
    if (node.kind === BRANCH) return this.#insertedIntoBranch(node, key, at, value);
    const inner = this.#behindPathless(node);
    // It goes where something is put below (evm/trie.py _update_kv_node).
    if (inner !== node) return this.#inserted(inner, key, at, value);
    const shared = sharedNibbles(node.path, key, at);
    if (shared < pathLength(node.path)) return split(node, shared, key, at, value);
    if (node.kind === EXTENSION) {
      const child = this.#extensionChild(node);
      return withChild(node, child, this.#inserted(child, key, at + shared, value));
    }
    if (at + shared < key.length * 2) return split(node, shared, key, at, value);
    return bytesEqual(node.value, value) ? node : new LeafNode(node.path, value);
  }

  #insertedIntoBranch(branch: BranchNode, key: Uint8Array, at: number, value: Uint8Array): BranchNode {
    if (at === key.length * 2) {
      if (bytesEqual(branch.value, value)) return branch;
      const changed = changeable(branch);
      changed.value = value;
      return changed;
    }
    const index = nibbleAt(key, at);
    const child = this.#branchChild(branch, index);
    const next = this.#inserted(child, key, at + 1, value);
    if (next === child) return branch;
    const changed = changeable(branch);
    setChild(changed, index, next);
    return changed;
  }

  /** The subtree without the key; null when nothing is left. The same object means: nothing changed above it. */
  #without(node: TrieNode | null, key: Uint8Array, at: number): TrieNode | null {
    if (node === null) return null;
    if (node.kind === BRANCH) return this.#branchWithout(node, key, at);
    const inner = this.#behindPathless(node);
    if (inner !== node) {
      const next = this.#without(inner, key, at);
      return next === inner ? node : next;
    }
    const shared = sharedNibbles(node.path, key, at);
    if (shared < pathLength(node.path)) return node;
    if (node.kind === LEAF) return at + shared === key.length * 2 ? null : node;
    const child = this.#extensionChild(node);
    const next = this.#without(child, key, at + shared);
    return next === null ? null : withChild(node, child, next);
  }

  #branchWithout(branch: BranchNode, key: Uint8Array, at: number): TrieNode {
    if (at === key.length * 2) {
      if (branch.value.length === 0) return branch;
      const changed = changeable(branch);
      changed.value = EMPTY_BYTES;
      return this.#collapsed(changed);
    }
    const index = nibbleAt(key, at);
    const child = this.#branchChild(branch, index);
    const next = this.#without(child, key, at + 1);
    if (next === child) return branch;
    const changed = changeable(branch);
    setChild(changed, index, next);
    return next === null ? this.#collapsed(changed) : changed;
  }

  /** A branch that lost an entry; with a single one left it becomes a shorter node. */
  #collapsed(branch: BranchNode): TrieNode {
    let only = -1;
    for (let i = 0; i < BRANCH_WIDTH; i++) {
      if (!hasChild(branch, i)) continue;
      if (only !== -1 || branch.value.length !== 0) return branch;
      only = i;
    }
    if (only === -1) return new LeafNode({ bytes: EMPTY_BYTES, from: 0, to: 0 }, branch.value);
    const child = this.#branchChild(branch, only) as TrieNode;
    if (child.kind === BRANCH) return new ExtensionNode(singleNibble(only), child);
    const path = joinPaths(singleNibble(only), child.path);
    return child.kind === LEAF ? new LeafNode(path, child.value) : new ExtensionNode(path, child.child);
  }

  #seal(node: ChildNode): void {
    if (node.kind === UNRESOLVED || node.encoded !== undefined) return;
    if (node.kind === BRANCH) {
      for (let i = 0; i < BRANCH_WIDTH; i++) {
        const child = (node.changed & (1 << i)) === 0 ? null : node.children[i];
        if (child) this.#seal(child);
      }
    } else if (node.kind === EXTENSION) this.#seal(node.child);
    const encoded = encodeNode(node);
    if (node.kind === BRANCH) node.seal(encoded);
    else node.encoded = encoded;
    node.lastUsed = this.#warm.age;
    this.#warm.added(node);
    if (encoded.length < 32) return;
    node.hash = keccak256(encoded);
    this.#store.put(node.hash, encoded);
  }

  /** A root is stored under its hash however short it is (trie.py _update_root_hash). */
  #sealShortRoot(root: TrieNode): Hash32 {
    const encoded = encodeNode(root);
    const hash = keccak256(encoded);
    this.#store.put(hash, encoded);
    return hash;
  }
}

/** A leaf or extension parts from the key after `shared` nibbles: a branch takes its place there. */
function split(
  node: LeafNode | ExtensionNode,
  shared: number,
  key: Uint8Array,
  at: number,
  value: Uint8Array,
): TrieNode {
  const branch = emptyBranch();
  if (shared === pathLength(node.path)) branch.value = (node as LeafNode).value;
  else setChild(branch, nibbleAt(node.path.bytes, node.path.from + shared), shortened(node, shared + 1));
  const next = at + shared;
  if (next === key.length * 2) branch.value = value;
  else {
    const leaf = new LeafNode({ bytes: key, from: next + 1, to: key.length * 2 }, value);
    setChild(branch, nibbleAt(key, next), leaf);
  }
  return shared === 0 ? branch : new ExtensionNode(pathHead(node.path, shared), branch);
}

/** The node without its first `skip` nibbles; an extension without a path is its child. */
function shortened(node: LeafNode | ExtensionNode, skip: number): ChildNode {
  const path = pathTail(node.path, skip);
  if (node.kind === LEAF) return new LeafNode(path, node.value);
  return pathLength(path) === 0 ? node.child : new ExtensionNode(path, node.child);
}

/** The extension above `next`, which has taken the place of `child`. */
function withChild(extension: ExtensionNode, child: TrieNode, next: TrieNode): TrieNode {
  if (next === child) return extension;
  if (next.kind === BRANCH) return new ExtensionNode(extension.path, next);
  const path = joinPaths(extension.path, next.path);
  return next.kind === LEAF ? new LeafNode(path, next.value) : new ExtensionNode(path, next.child);
}

/** The branch itself while it is dirty, a dirty copy of it once it is clean and may be shared. */
function changeable(branch: BranchNode): BranchNode {
  if (branch.encoded === undefined) return branch;
  return new BranchNode(branch.encoded, branch.children.slice(), branch.value);
}

function setChild(branch: BranchNode, index: number, child: ChildNode | null): void {
  branch.children[index] = child;
  branch.changed |= 1 << index;
}

function hasChild(branch: BranchNode, index: number): boolean {
  const child = branch.children[index];
  if (child !== undefined) return child !== null;
  return branch.source[childOffset(branch, index)] !== EMPTY_REFERENCE;
}
