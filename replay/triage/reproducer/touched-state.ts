import { type Address, toHex } from "../../../node/codec/bytes.ts";
import type { EvmState } from "../../../node/el/state/evm-state.ts";
import type { WorldState } from "../../../node/el/state/world-state.ts";
import { type AccountPart, type StateWatcher, WatchedState } from "../../../node/el/tracing/watched-state.ts";
import type { TouchedEntries } from "./case-state.ts";

/** What was used of an account, and the key in force when it was first looked up. */
export interface TouchedAccount extends TouchedEntries {
  readonly firstKey: number;
}

interface GrowingAccount extends TouchedAccount {
  readonly tokens: Set<bigint>;
  readonly slots: Set<bigint>;
}

/** Entries of a state that executions use, by address as 0x and hex. */
export class TouchedState implements StateWatcher {
  readonly #touched = new Map<string, GrowingAccount>();
  #state: WorldState | undefined;

  get accounts(): ReadonlyMap<string, TouchedAccount> {
    return this.#touched;
  }

  /** To be put before each execution's state; what they use adds up. */
  watch(state: WorldState): EvmState {
    this.#state = state;
    return new WatchedState(state, this);
  }

  uses(address: Address, part: AccountPart, key = 0n): void {
    const account = this.#accountOf(`0x${toHex(address)}`);
    if (part === "balance") account.tokens.add(key);
    else if (part === "slot") account.slots.add(key);
  }

  #accountOf(address: string): GrowingAccount {
    let account = this.#touched.get(address);
    if (account === undefined) {
      account = { tokens: new Set(), slots: new Set(), firstKey: this.#state?.fullShardKey ?? 0 };
      this.#touched.set(address, account);
    }
    return account;
  }
}
