import { addressFromHex, EMPTY_BYTES, type Hash32, toHex } from "../../../node/codec/bytes.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccak256 } from "../../../node/codec/keccak.ts";
import { rlpListItems, uintFromPayload } from "../../../node/codec/rlp.ts";
import { type Account, encodeAccount } from "../../../node/el/state/account.ts";
import type { NodeStore } from "../../../node/el/state/node-store.ts";
import { readNumber, writeNumber } from "../../../node/el/state/number-trie.ts";
import { readAccount } from "../../../node/el/state/read-account.ts";
import { QUARKCHAIN_STATE_RULES } from "../../../node/el/state/state-rules.ts";
import { TokenHoldings } from "../../../node/el/state/token-holdings.ts";
import { Trie } from "../../../node/el/trie/trie.ts";
import { WarmNodes } from "../../../node/el/trie/warm-nodes.ts";
import type { PreAccount } from "./format.ts";

/** Entries of an account that somebody looked at or wrote. */
export interface TouchedEntries {
  readonly tokens: ReadonlySet<bigint>;
  readonly slots: ReadonlySet<bigint>;
}

const LIST_FORM = 0;
const TRIE_FORM = 1;

/** Writes accounts into `store` and returns the state root. One without anything is written too: see PreAccount. */
export function writePreState(store: NodeStore, pre: Readonly<Record<string, PreAccount>>): Hash32 {
  const trie = new Trie(store, EMPTY_TRIE_ROOT);
  for (const [address, account] of Object.entries(pre)) {
    trie.put(keccak256(addressFromHex(address)), encodeAccount(writeAccount(store, account)));
  }
  return trie.commit();
}

/**
 * What the state under `root` has of an account: all of its tokens where they stand in a list, otherwise, and of its
 * storage, the entries that are named. Undefined for an absent one.
 */
export function readPreAccount(
  store: NodeStore,
  root: Hash32,
  address: string,
  touched: TouchedEntries,
): PreAccount | undefined {
  const account = readAccount(store, root, addressFromHex(address));
  if (account === undefined) return undefined;
  const hasTokenTrie = account.tokenBalances[0] === TRIE_FORM;
  return {
    nonce: account.nonce,
    balances: readBalances(store, account.tokenBalances, touched.tokens),
    ...(hasTokenTrie ? { hasTokenTrie } : {}),
    code: account.codeHash === KECCAK_EMPTY ? EMPTY_BYTES : store.get(account.codeHash),
    storage: readStorage(store, account.storageRoot, touched.slots),
    fullShardKey: account.fullShardKey,
  };
}

export function slotKey(slot: bigint): string {
  return `0x${slot.toString(16)}`;
}

export function addressKey(address: Uint8Array): string {
  return `0x${toHex(address)}`;
}

function writeAccount(store: NodeStore, account: PreAccount): Account {
  return {
    nonce: account.nonce,
    tokenBalances: writeBalances(store, account),
    storageRoot: writeNumbers(store, account.storage),
    codeHash: writeCode(store, account.code),
    fullShardKey: account.fullShardKey,
  };
}

function writeBalances(store: NodeStore, { balances, hasTokenTrie }: PreAccount): Uint8Array {
  if (hasTokenTrie) return Uint8Array.of(TRIE_FORM, ...writeNumbers(store, balances));
  const holdings = new TokenHoldings(store, new WarmNodes(), EMPTY_BYTES);
  for (const [tokenId, balance] of Object.entries(balances)) if (balance > 0n) holdings.set(BigInt(tokenId), balance);
  return holdings.encode(QUARKCHAIN_STATE_RULES.zeroBalancesLeaveList);
}

function writeNumbers(store: NodeStore, numbers: Readonly<Record<string, bigint>>): Hash32 {
  const trie = new Trie(store, EMPTY_TRIE_ROOT);
  for (const [key, value] of Object.entries(numbers)) writeNumber(trie, BigInt(key), value);
  return trie.commit();
}

function writeCode(store: NodeStore, code: Uint8Array): Hash32 {
  if (code.length === 0) return KECCAK_EMPTY;
  const codeHash = keccak256(code);
  store.put(codeHash, code);
  return codeHash;
}

function readBalances(store: NodeStore, encoded: Uint8Array, tokens: ReadonlySet<bigint>): Record<string, bigint> {
  const ids = encoded[0] === LIST_FORM ? listedTokens(encoded) : [...tokens];
  const holdings = new TokenHoldings(store, new WarmNodes(), encoded);
  const rows = ids.sort(ascending).map((id) => [String(id), holdings.balance(id)] as const);
  return Object.fromEntries(rows.filter(([, balance]) => balance !== 0n));
}

function listedTokens(encoded: Uint8Array): bigint[] {
  return rlpListItems(encoded.subarray(1), "token balances").map((pair) =>
    uintFromPayload(rlpListItems(pair, "token balance pair")[0], "token id"),
  );
}

function readStorage(store: NodeStore, root: Hash32, slots: ReadonlySet<bigint>): Record<string, bigint> {
  const trie = new Trie(store, root);
  const rows = [...slots].sort(ascending).map((slot) => [slotKey(slot), readNumber(trie, slot)] as const);
  return Object.fromEntries(rows.filter(([, value]) => value !== 0n));
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
