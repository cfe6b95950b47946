import { asHash32, bytesEqual, bytesKey, bytesToBigInt, type Hash32, toHex } from "../../codec/bytes.ts";
import { CodecError, DatabaseDamagedError } from "../../codec/errors.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from "../../codec/keccak.ts";
import { rlpString } from "../../codec/rlp.ts";
import { Trie } from "../trie/trie.ts";
import { trieDifferences } from "../trie/trie-diff.ts";
import { trieLeaves } from "../trie/trie-leaves.ts";
import { type Account, decodeAccount } from "./account.ts";
import type { NodeStore } from "./node-store.ts";
import { numberTrieKey } from "./number-trie.ts";
import { readTokenField } from "./token-field.ts";

/** Where in a state two states differ. */
export type StateField = "exists" | "nonce" | "balance" | "code" | "fullShardKey" | "storage" | "tokenBalances";

/** Numbers as they are; `code` is its hash, `tokenBalances` the account's field as it is stored. */
export type StateValue = bigint | Uint8Array | boolean;

/** One entry on which two states differ, and what it was before; undefined: there is no such entry. */
export interface StateEntryDifference {
  /** keccak-256 of the address. */
  readonly addressHash: Hash32;
  readonly field: StateField;
  /** Key of a balance or a slot in its trie: keccak-256 of the token's id or the slot. */
  readonly keyHash: Hash32 | undefined;
  /** Token id of a balance where it is stored beside it; of a trie only the keys are known. */
  readonly tokenId: bigint | undefined;
  readonly before: StateValue | undefined;
  readonly declared: StateValue | undefined;
  readonly computed: StateValue | undefined;
}

export interface StateRoots {
  /** The state that both build on. */
  readonly before: Hash32;
  readonly declared: Hash32;
  readonly computed: Hash32;
}

export interface StateDifferences {
  readonly differences: readonly StateEntryDifference[];
  /** Differences beyond the first `limit`, which are counted only. */
  readonly omitted: number;
}

/**
 * What two states differ in, in the order of the keys of their tries: only subtrees that differ are read. Of an account
 * that one of them lacks, everything is a difference. Throws DatabaseDamagedError at a row that is missing or unreadable.
 */
export function diffStates(nodes: NodeStore, roots: StateRoots, limit: number): StateDifferences {
  const differences: StateEntryDifference[] = [];
  let omitted = 0;
  for (const difference of stateDifferences(nodes, roots)) {
    if (differences.length < limit) differences.push(difference);
    else omitted++;
  }
  return { differences, omitted };
}

function* stateDifferences(nodes: NodeStore, roots: StateRoots): Generator<StateEntryDifference> {
  const before = new Trie(nodes, roots.before);
  for (const { key, left, right } of trieDifferences(nodes, roots.declared, roots.computed)) {
    const addressHash = asHash32(key);
    const account = (row: Uint8Array | undefined) => row && readable(addressHash, () => decodeAccount(row));
    const three = { before: account(before.get(key)), declared: account(left), computed: account(right) };
    for (const entry of accountDifferences(nodes, addressHash, three)) yield { addressHash, ...entry };
  }
}

/** The same thing of the state before, the declared and the computed one. */
interface Three<T> {
  readonly before: T;
  readonly declared: T;
  readonly computed: T;
}

type Entry = Omit<StateEntryDifference, "addressHash">;

const NO_KEY = { keyHash: undefined, tokenId: undefined };

function* accountDifferences(
  nodes: NodeStore,
  addressHash: Hash32,
  accounts: Three<Account | undefined>,
): Generator<Entry> {
  const { declared, computed } = accounts;
  const fields: readonly (readonly [StateField, (account: Account) => StateValue])[] = [
    ["nonce", ({ nonce }) => nonce],
    ["code", ({ codeHash }) => codeHash],
    ["fullShardKey", ({ fullShardKey }) => BigInt(fullShardKey)],
  ];
  if ((declared === undefined) !== (computed === undefined)) {
    yield { field: "exists", ...NO_KEY, ...each(accounts, (account) => account !== undefined) };
  }
  for (const [field, read] of fields) {
    const values = each(accounts, (account) => account && read(account));
    if (isOther(values, field === "code" ? KECCAK_EMPTY : 0n)) yield { field, ...NO_KEY, ...values };
  }
  yield* balanceDifferences(nodes, addressHash, accounts);
  yield* storageDifferences(nodes, accounts);
}

/** An absent account's field is no difference to one that holds nothing: that the account is absent says it all. */
function isOther({ declared, computed }: Three<StateValue | undefined>, nothing: StateValue): boolean {
  return !sameValue(declared ?? nothing, computed ?? nothing);
}

function sameValue(a: StateValue, b: StateValue): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? bytesEqual(a, b) : a === b;
}

function* balanceDifferences(
  nodes: NodeStore,
  addressHash: Hash32,
  accounts: Three<Account | undefined>,
): Generator<Entry> {
  const encoded = each(accounts, (account) => account?.tokenBalances);
  if (!isOther(encoded, new Uint8Array(0))) return;
  const holdings = each(encoded, (field) => readable(addressHash, () => holdingsOf(nodes, field)));
  let any = false;
  for (const { keyHash, tokenId } of differingTokens(nodes, holdings)) {
    any = true;
    yield { field: "balance", keyHash, tokenId, ...each(holdings, (side) => side.balance(keyHash)) };
  }
  // The same balances in another form: entries of zero leave an empty list, more than 16 tokens a trie.
  if (!any) yield { field: "tokenBalances", ...NO_KEY, ...encoded };
}

interface TokenKey {
  readonly keyHash: Hash32;
  readonly tokenId: bigint | undefined;
}

/** Balances of one account in either form. */
interface Holdings {
  /** Root of the trie that holds them; undefined for a list. */
  readonly root: Hash32 | undefined;
  balance(keyHash: Hash32): bigint | undefined;
  keys(): Iterable<TokenKey>;
}

function holdingsOf(nodes: NodeStore, encoded: Uint8Array | undefined): Holdings {
  const field = readTokenField(encoded ?? new Uint8Array(0));
  if (field.form === "trie") {
    const trie = new Trie(nodes, field.root);
    return {
      root: field.root,
      balance: (keyHash) => numberIn(trie.get(keyHash), keyHash),
      *keys() {
        for (const { key } of trieLeaves(nodes, field.root)) yield { keyHash: asHash32(key), tokenId: undefined };
      },
    };
  }
  const rows = [...field.balances].map(([tokenId, amount]) => ({ keyHash: numberTrieKey(tokenId), tokenId, amount }));
  const byKey = new Map(rows.map(({ keyHash, amount }) => [bytesKey(keyHash), amount]));
  return { root: undefined, balance: (keyHash) => byKey.get(bytesKey(keyHash)), keys: () => rows };
}

/** Two tries are walked together, everything else is compared key by key. */
function* differingTokens(nodes: NodeStore, { declared, computed }: Three<Holdings>): Generator<TokenKey> {
  if (declared.root !== undefined && computed.root !== undefined) {
    for (const { key } of trieDifferences(nodes, declared.root, computed.root)) {
      yield { keyHash: asHash32(key), tokenId: undefined };
    }
    return;
  }
  const keys = new Map<string, TokenKey>();
  for (const key of [...declared.keys(), ...computed.keys()]) {
    const known = keys.get(bytesKey(key.keyHash));
    if (known?.tokenId === undefined) keys.set(bytesKey(key.keyHash), key);
  }
  for (const key of keys.values()) {
    if ((declared.balance(key.keyHash) ?? 0n) !== (computed.balance(key.keyHash) ?? 0n)) yield key;
  }
}

function* storageDifferences(nodes: NodeStore, accounts: Three<Account | undefined>): Generator<Entry> {
  const roots = each(accounts, (account) => account?.storageRoot ?? EMPTY_TRIE_ROOT);
  const before = new Trie(nodes, roots.before);
  for (const { key, left, right } of trieDifferences(nodes, roots.declared, roots.computed)) {
    const keyHash = asHash32(key);
    const values = each({ before: before.get(key), declared: left, computed: right }, (row) => numberIn(row, keyHash));
    yield { field: "storage", keyHash, tokenId: undefined, ...values };
  }
}

function numberIn(row: Uint8Array | undefined, key: Hash32): bigint | undefined {
  return row && readable(key, () => bytesToBigInt(rlpString(row, "number")));
}

/** What is read here is proved by its hash: where it cannot be read, its writer is at fault. */
function readable<T>(key: Hash32, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new DatabaseDamagedError(`an entry of the state cannot be read: ${error.message}`, { key: toHex(key) });
  }
}

function each<T, U>({ before, declared, computed }: Three<T>, change: (value: T) => U): Three<U> {
  return { before: change(before), declared: change(declared), computed: change(computed) };
}
