import { type Address, bytesEqual, type Hash32 } from "../../../node/codec/bytes.ts";
import { KECCAK_EMPTY } from "../../../node/codec/keccak.ts";
import type { WorldState } from "../../../node/el/state/world-state.ts";

export interface Change<T> {
  readonly before: T;
  readonly after: T;
}

/** What a unit changed of one account, comparing its end with its beginning: what was taken back is no change. */
export interface AccountChange {
  readonly address: Address;
  readonly nonce: Change<bigint> | undefined;
  /** By token id. */
  readonly balances: ReadonlyMap<bigint, Change<bigint>>;
  readonly codeHash: Change<Hash32> | undefined;
  /** By slot; slots that were never used in the block are covered by `storageReset`. */
  readonly slots: ReadonlyMap<bigint, Change<bigint>>;
  /** All storage from before is gone, slots that nobody asked for among it. */
  readonly storageReset: boolean;
  /** All balances of an account with a token trie are gone. */
  readonly tokenTrieReset: boolean;
  /** Key that the account was born with, where the unit was the first in the block to look at it and it was absent. */
  readonly bornWithKey: number | undefined;
  /**
   * Whether the account would be written with a token list, be it one of zeros only: nothing but the state root shows
   * that (pyquarkchain state.py TokenBalances.serialize).
   */
  readonly hasTokenEntries: Change<boolean> | undefined;
  /** Whether the end of the block writes the account; what was only looked at or taken back it does not. */
  readonly touched: Change<boolean> | undefined;
}

type KnownAccount = NonNullable<ReturnType<WorldState["knownAccount"]>>;

/** An account as it stood when a unit first used it. */
export class AccountBefore {
  readonly #state: WorldState;
  readonly #address: Address;
  /** Undefined where reads do not bring absent accounts into being. */
  readonly #account: KnownAccount | undefined;
  /** Absent, and not known to an earlier unit. */
  readonly #isUnborn: boolean;
  readonly #nonce: bigint;
  readonly #codeHash: Hash32;
  readonly #storage: KnownAccount["storage"] | undefined;
  readonly #hadTokenTrie: boolean;
  readonly #hadTokenEntries: boolean;
  readonly #wasTouched: boolean;
  readonly #balances: Map<bigint, bigint>;
  readonly #slots: Map<bigint, bigint>;

  /** To be made just before the state looks the account up. */
  constructor(state: WorldState, address: Address) {
    const isNew = state.knownAccount(address) === undefined;
    // A look that reads is the least that any use begins with.
    if (isNew) state.getCodeHash(address);
    const account = state.knownAccount(address);
    this.#state = state;
    this.#address = address;
    this.#account = account;
    this.#isUnborn = account === undefined || (isNew && account.isBlank());
    this.#nonce = account?.nonce ?? 0n;
    this.#codeHash = account?.codeHash ?? KECCAK_EMPTY;
    this.#storage = account?.storage;
    this.#hadTokenTrie = account?.holdings.hasTrie ?? false;
    this.#hadTokenEntries = hasTokenEntries(account);
    this.#wasTouched = account?.touched ?? false;
    this.#balances = new Map(account?.holdings.entries);
    this.#slots = new Map([...(account?.storage.slots ?? [])].map(([slot, { value }]) => [slot, value]));
  }

  /** To be called just before the state looks at the balance. */
  keepBalance(tokenId: bigint): void {
    if (!this.#balances.has(tokenId)) this.#balances.set(tokenId, this.#account?.holdings.balance(tokenId) ?? 0n);
  }

  /** To be called just before the state looks at the slot. */
  keepSlot(slot: bigint): void {
    if (!this.#slots.has(slot)) this.#slots.set(slot, this.#storage?.slot(slot).value ?? 0n);
  }

  /** Undefined where nothing changed. */
  changes(): AccountChange | undefined {
    const account = this.#state.knownAccount(this.#address);
    if (account === undefined) return undefined;
    const { holdings, storage } = account;
    const change: AccountChange = {
      address: this.#address,
      nonce: changeOf(this.#nonce, account.nonce),
      balances: this.#changedBalances(holdings),
      codeHash: bytesEqual(this.#codeHash, account.codeHash)
        ? undefined
        : { before: this.#codeHash, after: account.codeHash },
      slots: this.#changedSlots(storage),
      storageReset: this.#isStorageLost(storage),
      tokenTrieReset: this.#hadTokenTrie && !holdings.hasTrie,
      bornWithKey: this.#isUnborn ? account.fullShardKey : undefined,
      hasTokenEntries: changeOf(this.#hadTokenEntries, hasTokenEntries(account)),
      touched: changeOf(this.#wasTouched, account.touched),
    };
    return isEmpty(change) ? undefined : change;
  }

  #changedBalances(holdings: KnownAccount["holdings"]): Map<bigint, Change<bigint>> {
    const changed = new Map<bigint, Change<bigint>>();
    for (const tokenId of new Set([...this.#balances.keys(), ...holdings.entries.keys()])) {
      const change = changeOf(this.#balances.get(tokenId) ?? 0n, holdings.balance(tokenId));
      if (change !== undefined) changed.set(tokenId, change);
    }
    return changed;
  }

  #changedSlots({ slots }: KnownAccount["storage"]): Map<bigint, Change<bigint>> {
    const changed = new Map<bigint, Change<bigint>>();
    for (const [slot, before] of this.#slots) {
      // A storage that was reset has no slots but those used since.
      const change = changeOf(before, slots.get(slot)?.value ?? 0n);
      if (change !== undefined) changed.set(slot, change);
    }
    return changed;
  }

  #isStorageLost(storage: KnownAccount["storage"]): boolean {
    if (this.#storage === undefined || storage === this.#storage) return false;
    return this.#storage.hasTrie || [...this.#slots.values()].some((value) => value !== 0n);
  }
}

function hasTokenEntries(account: KnownAccount | undefined): boolean {
  return account !== undefined && (account.holdings.hasTrie || account.holdings.entries.size > 0);
}

function changeOf<T extends bigint | boolean>(before: T, after: T): Change<T> | undefined {
  return before === after ? undefined : { before, after };
}

function isEmpty(change: AccountChange): boolean {
  return (
    change.nonce === undefined &&
    change.balances.size === 0 &&
    change.codeHash === undefined &&
    change.slots.size === 0 &&
    !change.storageReset &&
    !change.tokenTrieReset &&
    change.bornWithKey === undefined &&
    change.hasTokenEntries === undefined &&
    change.touched === undefined
  );
}
