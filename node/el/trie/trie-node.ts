import { EMPTY_BYTES, type Hash32, toHex } from "../../codec/bytes.ts";
import { CodecError, DatabaseDamagedError } from "../../codec/errors.ts";
import { rlpSpan } from "../../codec/rlp.ts";
import { operations } from "../../measure/operations.ts";
import { isLeafPrefix, type NibblePath, readHexPrefix } from "./nibble-path.ts";

export const LEAF = 0;
export const EXTENSION = 1;
export const BRANCH = 2;
export const UNRESOLVED = 3;

/** First byte of a reference by hash: an RLP string of 32 bytes. */
export const HASH_REFERENCE = 0xa0;
/** RLP of the empty string: no child, no value. */
export const EMPTY_REFERENCE = 0x80;
export const BRANCH_WIDTH = 16;

/** Encoding of a branch whose 16 children are all referred to by hash and whose value takes one byte (none: 0x80). */
export const FULL_BRANCH_LENGTH = 532;
export const FULL_BRANCH_FIRST_CHILD = 3;
export const HASH_REFERENCE_LENGTH = 33;

/**
 * A node of a trie. One with `encoded` is clean: it never changes again and tries may share it. One without is
 * dirty: it belongs to the one trie that made it, and so do all its ancestors.
 */
export type TrieNode = LeafNode | ExtensionNode | BranchNode;
/** What a parent holds for a child. */
export type ChildNode = TrieNode | UnresolvedNode;

abstract class ResolvedNode {
  /** RLP of the node; undefined while it is dirty. */
  encoded: Uint8Array | undefined;
  /** keccak-256 of `encoded`; undefined while dirty, and for a node that stands embedded in its parent. */
  hash: Hash32 | undefined;
  /** When the node was last walked through (WarmNodes.age). */
  lastUsed = 0;

  constructor(encoded: Uint8Array | undefined, hash: Hash32 | undefined) {
    this.encoded = encoded;
    this.hash = hash;
  }
}

export class LeafNode extends ResolvedNode {
  readonly kind = LEAF;
  readonly path: NibblePath;
  readonly value: Uint8Array;

  constructor(path: NibblePath, value: Uint8Array, encoded?: Uint8Array, hash?: Hash32) {
    super(encoded, hash);
    this.path = path;
    this.value = value;
  }
}

export class ExtensionNode extends ResolvedNode {
  readonly kind = EXTENSION;
  readonly path: NibblePath;
  child: ChildNode;

  constructor(path: NibblePath, child: ChildNode, encoded?: Uint8Array, hash?: Hash32) {
    super(encoded, hash);
    this.path = path;
    this.child = child;
  }
}

export class BranchNode extends ResolvedNode {
  readonly kind = BRANCH;
  /** Encoding in which the children that `children` leaves undefined are found. */
  source: Uint8Array;
  /** Whether `source` refers to all 16 children by hash: their places need no search. */
  isFull: boolean;
  /** undefined: as in `source`; null: none. */
  readonly children: (ChildNode | null | undefined)[];
  /** Empty: none. */
  value: Uint8Array;
  /** One bit for each child that may differ from `source`. */
  changed = 0;

  constructor(
    source: Uint8Array,
    children: (ChildNode | null | undefined)[],
    value: Uint8Array,
    encoded?: Uint8Array,
    hash?: Hash32,
  ) {
    super(encoded, hash);
    this.source = source;
    this.isFull = hasFullWidth(source);
    this.children = children;
    this.value = value;
  }

  /** Makes a dirty branch clean. */
  seal(encoded: Uint8Array): void {
    this.encoded = encoded;
    this.source = encoded;
    this.isFull = hasFullWidth(encoded);
    this.changed = 0;
  }
}

/** A child known by its hash alone. */
export class UnresolvedNode {
  readonly kind = UNRESOLVED;
  readonly hash: Hash32;

  constructor(hash: Hash32) {
    this.hash = hash;
  }
}

/** Encoding of a branch without children: what a branch starts from that has no encoding yet. */
const EMPTY_BRANCH: Uint8Array = Uint8Array.of(0xd1, ...new Array<number>(17).fill(EMPTY_REFERENCE));

/** A dirty branch without children. */
export function emptyBranch(): BranchNode {
  return new BranchNode(EMPTY_BRANCH, new Array<undefined>(BRANCH_WIDTH).fill(undefined), EMPTY_BYTES);
}

/**
 * Reads a stored node. Throws DatabaseDamagedError naming `hash` when the bytes are no trie node.
 */
export function decodeStoredNode(encoded: Uint8Array, hash: Hash32): TrieNode {
  operations.decodes++;
  try {
    return decodeNode(encoded, hash);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new DatabaseDamagedError(
      `not a trie node: ${error.message}`,
      { key: toHex(hash) },
      {
        cause: error,
      },
    );
  }
}

/** Where the reference to a branch's child starts in `branch.source`. */
export function childOffset(branch: BranchNode, index: number): number {
  if (branch.isFull) return FULL_BRANCH_FIRST_CHILD + HASH_REFERENCE_LENGTH * index;
  const { source } = branch;
  let at = listPayloadOffset(source);
  for (let i = 0; i < index; i++) at += referenceLength(source, at);
  return at;
}

/** Length of the child reference at `at`: nothing, a hash, or an embedded node. */
export function referenceLength(source: Uint8Array, at: number): number {
  const first = source[at];
  if (first === EMPTY_REFERENCE) return 1;
  return first === HASH_REFERENCE ? HASH_REFERENCE_LENGTH : 1 + first - 0xc0;
}

/** The child that the reference at `at` stands for: an embedded node is read, a hash is not followed. */
export function childFromReference(source: Uint8Array, at: number): ChildNode | null {
  const first = source[at];
  if (first === EMPTY_REFERENCE) return null;
  if (first === HASH_REFERENCE) return new UnresolvedNode(source.subarray(at + 1, at + 33) as Hash32);
  return decodeNode(source.subarray(at, at + referenceLength(source, at)), undefined);
}

function decodeNode(encoded: Uint8Array, hash: Hash32 | undefined): TrieNode {
  const list = rlpSpan(encoded, 0, encoded.length);
  if (!list.isList) throw new CodecError("an rlp list was expected");
  if (list.end !== encoded.length) throw new CodecError(`${encoded.length - list.end} bytes behind the rlp list`);
  const first = rlpSpan(encoded, list.start, list.end);
  const second = rlpSpan(encoded, first.end, list.end);
  if (second.end !== list.end) return decodeBranch(encoded, list.start, hash);
  if (first.isList || first.end === first.start) throw new CodecError("the path of a short node is no hex prefix");
  const path = readHexPrefix(encoded, first.start, first.end);
  if (path.from > path.to) throw new CodecError("the path of a short node is no hex prefix");
  if (isLeafPrefix(encoded[first.start])) {
    if (second.isList) throw new CodecError("the value of a leaf is a list");
    return new LeafNode(path, encoded.subarray(second.start, second.end), encoded, hash);
  }
  checkReference(encoded, first.end);
  const child = childFromReference(encoded, first.end);
  if (child === null) throw new CodecError("an extension leads nowhere");
  return new ExtensionNode(path, child, encoded, hash);
}

function decodeBranch(encoded: Uint8Array, start: number, hash: Hash32 | undefined): BranchNode {
  let at = start;
  for (let i = 0; i < BRANCH_WIDTH; i++) at = checkReference(encoded, at);
  const value = rlpSpan(encoded, at, encoded.length);
  if (value.isList) throw new CodecError("the value of a branch is a list");
  if (value.end !== encoded.length) throw new CodecError("a node has 2 or 17 items");
  return new BranchNode(
    encoded,
    new Array<undefined>(BRANCH_WIDTH).fill(undefined),
    value.start === value.end ? EMPTY_BYTES : encoded.subarray(value.start, value.end),
    encoded,
    hash,
  );
}

/** Offset behind the child reference at `at`. Throws CodecError when it is none. */
function checkReference(encoded: Uint8Array, at: number): number {
  const first = encoded[at];
  if (first === EMPTY_REFERENCE) return at + 1;
  if (first === HASH_REFERENCE && at + HASH_REFERENCE_LENGTH <= encoded.length) return at + HASH_REFERENCE_LENGTH;
  const span = rlpSpan(encoded, at, encoded.length);
  if (!span.isList || span.end - at > 31) throw new CodecError(`no child reference at offset ${at}`);
  return span.end;
}

function hasFullWidth(source: Uint8Array): boolean {
  if (source.length !== FULL_BRANCH_LENGTH) return false;
  for (let i = 0; i < BRANCH_WIDTH; i++) {
    if (source[FULL_BRANCH_FIRST_CHILD + HASH_REFERENCE_LENGTH * i] !== HASH_REFERENCE) return false;
  }
  return true;
}

function listPayloadOffset(encoded: Uint8Array): number {
  return encoded[0] < 0xf8 ? 1 : encoded[0] - 0xf7 + 1;
}
