import type { Log } from "../../chain/receipt.ts";
import { type Address, bytesKey, EMPTY_BYTES, type Hash32 } from "../../codec/bytes.ts";
import { QkcError } from "../../codec/errors.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccak256 } from "../../codec/keccak.ts";
import { Trie } from "../trie/trie.ts";
import { type Account, blankAccount, decodeAccount, encodeAccount, unreadableAccount } from "./account.ts";
import { AccountStorage } from "./account-storage.ts";
import { CachedAccount } from "./cached-account.ts";
import type { EvmState, Snapshot } from "./evm-state.ts";
import { Journal } from "./journal.ts";
import type { NodeStore } from "./node-store.ts";
import { StateCache } from "./state-cache.ts";
import { QUARKCHAIN_STATE_RULES, type StateRules } from "./state-rules.ts";
import { isTokenTrieLost } from "./token-holdings.ts";

/** What a snapshot keeps besides the length of the journal: the STATE_DEFAULTS fields of state.py that live here. */
interface SnapshotRecord {
  readonly journalLength: number;
  readonly fullShardKey: number;
  readonly logs: Log[];
  readonly logCount: number;
  readonly selfDestructs: Address[];
  readonly selfDestructCount: number;
  readonly refund: bigint;
}

/**
 * State of one block's execution over a store of trie nodes: what pyquarkchain's State is after
 * `State(db=db); state.trie.root_hash = root` (quarkchain/evm/state.py). Nothing but code reaches the store before
 * `commit`. Throws DatabaseDamagedError when a row it needs is missing or unreadable.
 */
export class WorldState implements EvmState {
  fullShardKey = 0;
  readonly #store: NodeStore;
  readonly #cache: StateCache;
  readonly #rules: StateRules;
  readonly #trie: Trie;
  readonly #accounts = new Map<string, CachedAccount>();
  readonly #journal: Journal;
  #snapshots: SnapshotRecord[] = [];
  #logs: Log[] = [];
  #selfDestructs: Address[] = [];
  #refund = 0n;

  /** `cache`: what to share with earlier and later states over the same store. */
  constructor(
    store: NodeStore,
    stateRoot: Hash32,
    cache: StateCache = new StateCache(),
    rules: StateRules = QUARKCHAIN_STATE_RULES,
  ) {
    this.#rules = rules;
    this.#journal = new Journal(rules);
    this.#store = store;
    this.#cache = cache;
    this.#trie = new Trie(store, stateRoot, cache.nodes);
  }

  get logs(): readonly Log[] {
    return this.#logs;
  }

  get selfDestructs(): readonly Address[] {
    return this.#selfDestructs;
  }

  get refund(): bigint {
    return this.#refund;
  }

  /** An account that was looked up already, as it stands; asking makes no look-up. */
  knownAccount(address: Address): Readonly<CachedAccount> | undefined {
    return this.#accounts.get(bytesKey(address));
  }

  /** The one question that brings an absent account into being in either client. */
  getNonce(address: Address): bigint {
    return this.#changing(address).nonce;
  }

  getBalance(address: Address, tokenId: bigint): bigint {
    return this.#reading(address).holdings.balance(tokenId);
  }

  getCode(address: Address): Uint8Array {
    const { codeHash } = this.#reading(address);
    if (codeHash === KECCAK_EMPTY) return EMPTY_BYTES;
    const known = this.#cache.code(codeHash);
    if (known !== undefined) return known;
    const code = this.#store.get(codeHash);
    this.#cache.keepCode(codeHash, code);
    return code;
  }

  getCodeHash(address: Address): Hash32 {
    return this.#reading(address).codeHash;
  }

  accountExists(address: Address): boolean {
    return !this.#reading(address).isBlank();
  }

  hasStorage(address: Address): boolean {
    return this.#reading(address).storage.hasTrie;
  }

  getStorage(address: Address, slot: bigint): bigint {
    return this.#reading(address).storage.slot(slot).value;
  }

  setNonce(address: Address, nonce: bigint): void {
    const account = this.#changing(address);
    this.#journal.setNonce(account, nonce);
    this.#journal.touch(account);
  }

  incrementNonce(address: Address): void {
    const account = this.#changing(address);
    this.#journal.setNonce(account, account.nonce + 1n);
    this.#journal.touch(account);
  }

  /** The code reaches the store at once and stays there even if the change is taken back (state.py Account.code). */
  setCode(address: Address, code: Uint8Array): void {
    const account = this.#changing(address);
    const codeHash = code.length === 0 ? KECCAK_EMPTY : keccak256(code);
    if (code.length !== 0) {
      // The caller's array may be a window on memory that lives on.
      const row = code.slice();
      this.#store.put(codeHash, row);
      this.#cache.keepCode(codeHash, row);
    }
    this.#journal.setCodeHash(account, codeHash);
    this.#journal.touch(account);
  }

  setBalance(address: Address, tokenId: bigint, value: bigint): void {
    const account = this.#changing(address);
    const previous = account.holdings.balance(tokenId);
    if (value !== previous) this.#journal.setBalance(account.holdings, tokenId, previous, value);
    this.#journal.touch(account);
  }

  addBalance(address: Address, tokenId: bigint, delta: bigint): void {
    const account = this.#changing(address);
    if (delta !== 0n) {
      const previous = account.holdings.balance(tokenId);
      this.#journal.setBalance(account.holdings, tokenId, previous, previous + delta);
    }
    this.#journal.touch(account);
  }

  transfer(from: Address, to: Address, tokenId: bigint, value: bigint): boolean {
    if (value === 0n && !this.#rules.readsCreateAccounts && !this.#isKnown(to)) return true;
    if (!this.deduct(from, tokenId, value)) return false;
    this.addBalance(to, tokenId, value);
    return true;
  }

  deduct(from: Address, tokenId: bigint, value: bigint): boolean {
    if (this.getBalance(from, tokenId) < value) return false;
    this.addBalance(from, tokenId, -value);
    return true;
  }

  setStorage(address: Address, slot: bigint, value: bigint): void {
    const account = this.#changing(address);
    this.#journal.setSlot(account.storage.slot(slot), value);
    this.#journal.touch(account);
  }

  resetStorage(address: Address): void {
    const blank = new AccountStorage(this.#store, this.#cache.nodes, EMPTY_TRIE_ROOT);
    this.#journal.replaceStorage(this.#changing(address), blank);
  }

  /** state.py marks the account `deleted` instead of `touched`; both are committed alike. */
  deleteAccount(address: Address): void {
    this.#journal.resetHoldings(this.#changing(address).holdings);
    this.setNonce(address, 0n);
    this.setCode(address, EMPTY_BYTES);
    this.resetStorage(address);
  }

  addLog(log: Log): void {
    this.#logs.push(log);
  }

  addSelfDestruct(address: Address): void {
    this.#selfDestructs.push(address);
    if (this.#rules.selfDestructAtBlockEnd) this.#journal.wipeHoldings(this.#changing(address).holdings);
  }

  addRefund(amount: bigint): void {
    this.#refund += amount;
  }

  resetSubstate(): void {
    this.#logs = [];
    this.#selfDestructs = [];
    this.#refund = 0n;
  }

  snapshot(): Snapshot {
    this.#snapshots.push({
      journalLength: this.#journal.length,
      fullShardKey: this.fullShardKey,
      logs: this.#logs,
      logCount: this.#logs.length,
      selfDestructs: this.#selfDestructs,
      selfDestructCount: this.#selfDestructs.length,
      refund: this.#refund,
    });
    return (this.#snapshots.length - 1) as Snapshot;
  }

  /** Snapshots end with the commit; those taken after the one reverted to are void. */
  revert(snapshot: Snapshot): void {
    const record = this.#snapshots[snapshot];
    if (record === undefined) throw new QkcError("INTERNAL", `revert to snapshot ${snapshot}, which is void`);
    this.#snapshots.length = snapshot + 1;
    this.#journal.revertTo(record.journalLength);
    this.fullShardKey = record.fullShardKey;
    // Receipts may hold the arrays that are left behind: they are replaced, not cut.
    this.#logs = record.logs.slice(0, record.logCount);
    this.#selfDestructs = record.selfDestructs.slice(0, record.selfDestructCount);
    this.#refund = record.refund;
  }

  /**
   * Writes the accounts that were touched, with their tries, into the store and returns the new root
   * (state.py State.commit). The state goes on from there with nothing cached.
   */
  commit(): Hash32 {
    for (const account of this.#accounts.values()) {
      if (!account.touched) continue;
      const storageRoot = account.storage.commit();
      account.holdings.commit(this.#rules.tokenTrieThreshold);
      if (account.isBlank() && this.#rules.blankAccountsGo) this.#trie.delete(account.trieKey);
      else this.#trie.put(account.trieKey, encodeAccount(account.committed(storageRoot, this.#rules)));
    }
    this.#accounts.clear();
    this.#journal.clear();
    this.#snapshots = [];
    const root = this.#trie.commit();
    this.#cache.nodes.nextBlock();
    return root;
  }

  #reading(address: Address): CachedAccount {
    const key = bytesKey(address);
    return this.#accounts.get(key) ?? this.#firstLook(address, key, false);
  }

  #changing(address: Address): CachedAccount {
    const key = bytesKey(address);
    return this.#accounts.get(key) ?? this.#firstLook(address, key, true);
  }

  #isKnown(address: Address): boolean {
    this.#reading(address);
    return this.#accounts.has(bytesKey(address));
  }

  /** state.py get_and_cache_account: a blank account is born with the key in force at its first look-up. */
  #firstLook(address: Address, key: string, isChange: boolean): CachedAccount {
    const trieKey = this.#cache.trieKey(address, key);
    const stored = this.#storedAccount(address, trieKey);
    const account = stored ?? this.#inMemory(trieKey, blankAccount(this.fullShardKey));
    if (stored === undefined && !this.#rules.readsCreateAccounts) {
      if (!isChange) return account;
      this.#journal.birth(this.#accounts, key);
    }
    this.#accounts.set(key, account);
    return account;
  }

  #storedAccount(address: Address, trieKey: Hash32): CachedAccount | undefined {
    const leaf = this.#trie.get(trieKey);
    if (leaf === undefined) return undefined;
    try {
      const account = decodeAccount(leaf);
      if (this.#rules.lostTokenTrieIsNoAccount && isTokenTrieLost(this.#store, account.tokenBalances)) return undefined;
      return this.#inMemory(trieKey, account);
    } catch (error) {
      throw unreadableAccount(address, error);
    }
  }

  #inMemory(trieKey: Hash32, account: Account): CachedAccount {
    return new CachedAccount(this.#store, this.#cache.nodes, trieKey, account);
  }
}
