import { newBytes } from "../../codec/byte-slab.ts";
import { EMPTY_BYTES } from "../../codec/bytes.ts";
import { headerLength, writeListHeader } from "../../codec/rlp.ts";
import { hexPrefixLength, type NibblePath, writeHexPrefix } from "./nibble-path.ts";
import {
  BRANCH,
  BRANCH_WIDTH,
  type BranchNode,
  type ChildNode,
  childOffset,
  EMPTY_REFERENCE,
  FULL_BRANCH_FIRST_CHILD,
  FULL_BRANCH_LENGTH,
  HASH_REFERENCE,
  HASH_REFERENCE_LENGTH,
  LEAF,
  referenceLength,
  type TrieNode,
} from "./trie-node.ts";

/** Fewer are copied sooner one by one than by a call. */
const LEAST_BYTES_TO_SET = 64;

/** RLP of a node whose changed children are all clean. */
export function encodeNode(node: TrieNode): Uint8Array {
  if (node.kind === BRANCH) return patchedFullBranch(node) ?? encodeBranch(node);
  const isLeaf = node.kind === LEAF;
  const pathBytes = hexPrefixLength(node.path);
  const payload =
    stringLength(pathBytes, pathBytes === 1) + (isLeaf ? valueLength(node.value) : childReferenceLength(node.child));
  const out = newBytes(headerLength(payload) + payload);
  const at = writePath(out, writeListHeader(out, 0, payload), node.path, isLeaf);
  if (isLeaf) writeValue(out, at, node.value);
  else writeChildReference(out, at, node.child);
  return out;
}

/**
 * The usual branch near the root has 16 children that are referred to by hash, before and after the change: only
 * the changed hashes are written over a copy.
 */
function patchedFullBranch(node: BranchNode): Uint8Array | undefined {
  if (!node.isFull || node.value.length !== 0) return undefined;
  for (let i = 0; i < BRANCH_WIDTH; i++) {
    if ((node.changed & (1 << i)) === 0) continue;
    const child = node.children[i];
    if (child === null || child === undefined || child.hash === undefined) return undefined;
  }
  const out = newBytes(FULL_BRANCH_LENGTH);
  out.set(node.source);
  out[FULL_BRANCH_LENGTH - 1] = EMPTY_REFERENCE;
  for (let i = 0; i < BRANCH_WIDTH; i++) {
    if ((node.changed & (1 << i)) === 0) continue;
    const hash = node.children[i]?.hash;
    if (hash !== undefined) out.set(hash, FULL_BRANCH_FIRST_CHILD + HASH_REFERENCE_LENGTH * i + 1);
  }
  return out;
}

function encodeBranch(node: BranchNode): Uint8Array {
  const { source, children, changed } = node;
  let payload = valueLength(node.value);
  for (let i = 0, at = childOffset(node, 0); i < BRANCH_WIDTH; i++) {
    const sourceLength = referenceLength(source, at);
    payload += (changed & (1 << i)) === 0 ? sourceLength : childReferenceLength(children[i]);
    at += sourceLength;
  }
  const out = newBytes(headerLength(payload) + payload);
  let put = writeListHeader(out, 0, payload);
  let at = childOffset(node, 0);
  // What did not change between two changed children is copied in one go.
  let copied = at;
  for (let i = 0; i < BRANCH_WIDTH; i++) {
    const next = at + referenceLength(source, at);
    if ((changed & (1 << i)) !== 0) {
      put = copyRange(out, put, source, copied, at);
      put = writeChildReference(out, put, children[i]);
      copied = next;
    }
    at = next;
  }
  put = copyRange(out, put, source, copied, at);
  writeValue(out, put, node.value);
  return out;
}

/** Returns the offset behind the copy. */
function copyRange(out: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  if (end - start < LEAST_BYTES_TO_SET)
    for (let from = start, to = at; from < end; from++, to++) out[to] = source[from];
  else out.set(source.subarray(start, end), at);
  return at + end - start;
}

function childReferenceLength(child: ChildNode | null | undefined): number {
  if (child === null || child === undefined) return 1;
  return child.hash === undefined ? embeddedBytes(child).length : HASH_REFERENCE_LENGTH;
}

function writeChildReference(out: Uint8Array, at: number, child: ChildNode | null | undefined): number {
  if (child === null || child === undefined) {
    out[at] = EMPTY_REFERENCE;
    return at + 1;
  }
  if (child.hash !== undefined) {
    out[at] = HASH_REFERENCE;
    out.set(child.hash, at + 1);
    return at + HASH_REFERENCE_LENGTH;
  }
  const embedded = embeddedBytes(child);
  out.set(embedded, at);
  return at + embedded.length;
}

function embeddedBytes(child: ChildNode): Uint8Array {
  return "encoded" in child && child.encoded !== undefined ? child.encoded : EMPTY_BYTES;
}

function stringLength(length: number, isSmallByte: boolean): number {
  return isSmallByte ? 1 : headerLength(length) + length;
}

function valueLength(value: Uint8Array): number {
  return stringLength(value.length, value.length === 1 && value[0] < 0x80);
}

/** A hex prefix of one byte is below 0x40: RLP writes it as itself. */
function writePath(out: Uint8Array, at: number, path: NibblePath, isLeaf: boolean): number {
  const length = hexPrefixLength(path);
  const start = length === 1 ? at : writeStringHeader(out, at, length);
  writeHexPrefix(out, start, path, isLeaf);
  return start + length;
}

function writeValue(out: Uint8Array, at: number, value: Uint8Array): void {
  const isSmallByte = value.length === 1 && value[0] < 0x80;
  out.set(value, isSmallByte ? at : writeStringHeader(out, at, value.length));
}

function writeStringHeader(out: Uint8Array, at: number, length: number): number {
  const next = writeListHeader(out, at, length);
  // A string's header is a list's with 0x40 less in its first byte.
  out[at] -= 0x40;
  return next;
}
