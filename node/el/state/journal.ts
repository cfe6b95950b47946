import { addressFromHex, bytesEqual, type Hash32 } from "../../codec/bytes.ts";
import { keccak256 } from "../../codec/keccak.ts";
import type { Trie } from "../trie/trie.ts";
import type { AccountStorage, StorageSlot } from "./account-storage.ts";
import type { CachedAccount } from "./cached-account.ts";
import type { StateRules } from "./state-rules.ts";
import type { Held, TokenHoldings } from "./token-holdings.ts";

const NONCE = 0;
const BALANCE = 1;
const TOKEN_TRIE = 2;
const CODE_HASH = 3;
const SLOT = 4;
const STORAGE = 5;
const TOUCHED = 6;
const HOLDINGS = 7;
const BIRTH = 8;

const RIPEMD_KEY = keccak256(addressFromHex("03".padStart(40, "0")));

/** What it takes to undo one change. */
type Entry =
  | { readonly kind: typeof NONCE; readonly account: CachedAccount; readonly previous: bigint }
  | {
      readonly kind: typeof BALANCE;
      readonly holdings: TokenHoldings;
      readonly tokenId: bigint;
      /** Undefined where there was no entry and a revert is to leave none. */
      readonly previous: bigint | undefined;
    }
  | { readonly kind: typeof TOKEN_TRIE; readonly holdings: TokenHoldings; readonly previous: Trie | undefined }
  | { readonly kind: typeof CODE_HASH; readonly account: CachedAccount; readonly previous: Hash32 }
  | { readonly kind: typeof SLOT; readonly slot: StorageSlot; readonly previous: bigint }
  | { readonly kind: typeof STORAGE; readonly account: CachedAccount; readonly previous: AccountStorage }
  | { readonly kind: typeof TOUCHED; readonly account: CachedAccount }
  | { readonly kind: typeof HOLDINGS; readonly holdings: TokenHoldings; readonly previous: Held }
  | { readonly kind: typeof BIRTH; readonly accounts: Map<string, CachedAccount>; readonly key: string };

/** Makes changes to accounts so that they can be taken back, the last one first (state.py State.journal). */
export class Journal {
  readonly #entries: Entry[] = [];
  readonly #keepsZeroBalances: boolean;
  readonly #keepsTokenTrie: boolean;
  readonly #keepsRipemdTouched: boolean;

  constructor(rules: StateRules) {
    this.#keepsZeroBalances = rules.revertKeepsZeroBalances;
    this.#keepsTokenTrie = rules.revertKeepsTokenTrie;
    this.#keepsRipemdTouched = rules.ripemdStaysTouched;
  }

  get length(): number {
    return this.#entries.length;
  }

  setNonce(account: CachedAccount, nonce: bigint): void {
    this.#entries.push({ kind: NONCE, account, previous: account.nonce });
    account.nonce = nonce;
  }

  setBalance(holdings: TokenHoldings, tokenId: bigint, previous: bigint, balance: bigint): void {
    if (!this.#keepsTokenTrie && holdings.hasTrie) this.#keepHoldings(holdings);
    const restored = this.#keepsZeroBalances || holdings.hasEntry(tokenId) ? previous : undefined;
    this.#entries.push({ kind: BALANCE, holdings, tokenId, previous: restored });
    holdings.set(tokenId, balance);
  }

  /** Only the token trie comes back with a revert: see TokenHoldings.reset. */
  resetHoldings(holdings: TokenHoldings): void {
    this.#entries.push({ kind: TOKEN_TRIE, holdings, previous: holdings.reset() });
  }

  /** As goquarkchain does it: with a revert all that was in memory comes back. */
  wipeHoldings(holdings: TokenHoldings): void {
    this.#keepHoldings(holdings);
    holdings.reset();
  }

  #keepHoldings(holdings: TokenHoldings): void {
    this.#entries.push({ kind: HOLDINGS, holdings, previous: holdings.held(this.#keepsTokenTrie) });
  }

  /** An account is about to appear under `key`. */
  birth(accounts: Map<string, CachedAccount>, key: string): void {
    this.#entries.push({ kind: BIRTH, accounts, key });
  }

  setCodeHash(account: CachedAccount, codeHash: Hash32): void {
    this.#entries.push({ kind: CODE_HASH, account, previous: account.codeHash });
    account.codeHash = codeHash;
  }

  setSlot(slot: StorageSlot, value: bigint): void {
    this.#entries.push({ kind: SLOT, slot, previous: slot.value });
    slot.value = value;
    slot.isWritten = true;
  }

  replaceStorage(account: CachedAccount, storage: AccountStorage): void {
    this.#entries.push({ kind: STORAGE, account, previous: account.storage });
    account.storage = storage;
  }

  touch(account: CachedAccount): void {
    if (account.touched) return;
    const stays = this.#keepsRipemdTouched && bytesEqual(account.trieKey, RIPEMD_KEY);
    if (!stays) this.#entries.push({ kind: TOUCHED, account });
    account.touched = true;
  }

  /** Takes back the changes made since the journal had `length` entries. */
  revertTo(length: number): void {
    while (this.#entries.length > length) {
      const entry = this.#entries.pop();
      if (entry !== undefined) undo(entry);
    }
  }

  clear(): void {
    this.#entries.length = 0;
  }
}

function undo(entry: Entry): void {
  switch (entry.kind) {
    case NONCE:
      entry.account.nonce = entry.previous;
      return;
    case BALANCE:
      if (entry.previous === undefined) entry.holdings.dropEntry(entry.tokenId);
      else entry.holdings.set(entry.tokenId, entry.previous);
      return;
    case TOKEN_TRIE:
      entry.holdings.restoreTrie(entry.previous);
      return;
    case CODE_HASH:
      entry.account.codeHash = entry.previous;
      return;
    case SLOT:
      entry.slot.value = entry.previous;
      return;
    case STORAGE:
      entry.account.storage = entry.previous;
      return;
    case TOUCHED:
      entry.account.touched = false;
      return;
    case HOLDINGS:
      entry.holdings.restore(entry.previous);
      return;
    case BIRTH:
      entry.accounts.delete(entry.key);
  }
}
