import type { Hash32 } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from "../../codec/keccak.ts";
import { decodeAccount } from "../state/account.ts";
import { readTokenField } from "../state/token-field.ts";
import {
  BRANCH,
  BRANCH_WIDTH,
  type ChildNode,
  childFromReference,
  childOffset,
  decodeStoredNode,
  LEAF,
  UNRESOLVED,
} from "../trie/trie-node.ts";

/** What a row is part of: accounts lead on to other tries and to code, numbers (storage, token balances) do not. */
type RowKind = "accounts" | "numbers" | "code";

export interface RowReference {
  readonly kind: RowKind;
  readonly hash: Hash32;
}

/** Rows that a trie node names. Throws DatabaseDamagedError or CodecError where it cannot be read. */
export function referencesOf(row: Uint8Array, { kind, hash }: RowReference): RowReference[] {
  const references: RowReference[] = [];
  if (kind !== "code") collect(decodeStoredNode(row, hash), kind, references);
  return references;
}

/**
 * Somebody may deploy a contract whose code is a trie node: met as code it leads nowhere, met as a node it does. So the
 * two are marked apart.
 */
export function markOf({ kind, hash }: RowReference): Hash32 {
  return kind === "code" ? codeMark(hash) : hash;
}

export function codeMark(hash: Hash32): Hash32 {
  const mark = hash.slice() as Hash32;
  mark[0] ^= 0xff;
  return mark;
}

function collect(node: ChildNode, kind: RowKind, references: RowReference[]): void {
  if (node.kind === UNRESOLVED) {
    references.push({ kind, hash: node.hash });
  } else if (node.kind === BRANCH) {
    for (let i = 0; i < BRANCH_WIDTH; i++) {
      const child = childFromReference(node.source, childOffset(node, i));
      if (child !== null) collect(child, kind, references);
    }
  } else if (node.kind !== LEAF) {
    collect(node.child, kind, references);
  } else if (kind === "accounts") {
    collectAccount(node.value, references);
  }
}

function collectAccount(leaf: Uint8Array, references: RowReference[]): void {
  const { storageRoot, codeHash, tokenBalances } = decodeAccount(leaf);
  if (storageRoot !== EMPTY_TRIE_ROOT) references.push({ kind: "numbers", hash: storageRoot });
  if (codeHash !== KECCAK_EMPTY) references.push({ kind: "code", hash: codeHash });
  const tokens = readTokenField(tokenBalances);
  if (tokens.form === "trie") references.push({ kind: "numbers", hash: tokens.root });
}
