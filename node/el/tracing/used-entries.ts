import { type Address, bytesKey } from "../../codec/bytes.ts";
import type { BlockObserver } from "../evm/tracer.ts";
import type { EvmState } from "../state/evm-state.ts";
import type { WorldState } from "../state/world-state.ts";
import { type AccountPart, type StateWatcher, WatchedState } from "./watched-state.ts";

/** What a block reads or writes of one account; one that is only named here was looked up. */
export interface UsedAccount {
  readonly address: Address;
  readonly tokens: ReadonlySet<bigint>;
  readonly slots: ReadonlySet<bigint>;
  readonly code: boolean;
}

interface GrowingAccount extends UsedAccount {
  readonly tokens: Set<bigint>;
  readonly slots: Set<bigint>;
  code: boolean;
}

/** Entries of the state that a block uses, in the order in which it does. */
export class UsedEntries implements BlockObserver, StateWatcher {
  readonly #used = new Map<string, GrowingAccount>();

  get accounts(): readonly UsedAccount[] {
    return [...this.#used.values()];
  }

  wrapState(state: WorldState): EvmState {
    return new WatchedState(state, this);
  }

  enterUnit(): void {}

  leaveUnit(): void {}

  uses(address: Address, part: AccountPart, key = 0n): void {
    const account = this.#accountOf(address);
    if (part === "balance") account.tokens.add(key);
    else if (part === "slot") account.slots.add(key);
    else if (part === "code") account.code = true;
  }

  #accountOf(address: Address): GrowingAccount {
    const key = bytesKey(address);
    const known = this.#used.get(key);
    if (known !== undefined) return known;
    // The caller's array may be a window on memory that lives on.
    const account = {
      address: address.slice() as Address,
      tokens: new Set<bigint>(),
      slots: new Set<bigint>(),
      code: false,
    };
    this.#used.set(key, account);
    return account;
  }
}
