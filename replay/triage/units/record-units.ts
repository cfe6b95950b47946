import { type Address, bytesKey } from "../../../node/codec/bytes.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import type { BlockObserver, ExecutionUnit, UnitOutcome } from "../../../node/el/evm/tracer.ts";
import type { EvmState } from "../../../node/el/state/evm-state.ts";
import type { NodeStore } from "../../../node/el/state/node-store.ts";
import type { WorldState } from "../../../node/el/state/world-state.ts";
import { type AccountPart, type StateWatcher, WatchedState } from "../../../node/el/tracing/watched-state.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";
import { AccountBefore, type AccountChange } from "./account-changes.ts";

/** What a unit read or wrote of one account; one that is only named here was looked up. */
export interface AccountAccess {
  readonly address: Address;
  readonly tokens: ReadonlySet<bigint>;
  readonly slots: ReadonlySet<bigint>;
  readonly code: boolean;
  /** Whether the account exists was asked, which any balance, the nonce and the code decide. */
  readonly existence: boolean;
}

/** One deposit, transaction or reward: how it ended and what it did to the state. */
export interface UnitRecord {
  readonly unit: ExecutionUnit;
  /** Undefined for the unit that made the block invalid; its changes are those up to there. */
  readonly outcome: UnitOutcome | undefined;
  readonly changes: readonly AccountChange[];
  readonly accesses: readonly AccountAccess[];
}

export interface UnitRecords {
  /** In order of execution; where the block is invalid, up to the unit that made it so. */
  readonly units: readonly UnitRecord[];
  readonly result: NewPayloadResult;
  /** Where the resulting state can be read. */
  readonly nodes: NodeStore;
}

/** Executes a trial's block once, noting what each of its units reads and does. */
export function recordUnits(trial: BlockTrial, executor: Executor): UnitRecords {
  const recorder = new UnitRecorder();
  const result = executor.execute(trial.payload, trial.nodes, recorder);
  return { units: recorder.finish(), result, nodes: trial.nodes };
}

interface Access {
  readonly address: Address;
  readonly before: AccountBefore;
  readonly tokens: Set<bigint>;
  readonly slots: Set<bigint>;
  code: boolean;
  existence: boolean;
}

class UnitRecorder implements BlockObserver, StateWatcher {
  readonly #records: UnitRecord[] = [];
  #state: WorldState | undefined;
  #unit: ExecutionUnit | undefined;
  readonly #accesses = new Map<string, Access>();

  wrapState(state: WorldState): EvmState {
    this.#state = state;
    return new WatchedState(state, this);
  }

  enterUnit(unit: ExecutionUnit): void {
    this.#unit = unit;
    this.#accesses.clear();
  }

  leaveUnit(unit: ExecutionUnit, outcome: UnitOutcome): void {
    this.#record(unit, outcome);
    this.#unit = undefined;
  }

  /** All records; a unit that was never left comes last. */
  finish(): readonly UnitRecord[] {
    if (this.#unit !== undefined) this.#record(this.#unit, undefined);
    return this.#records;
  }

  uses(address: Address, part: AccountPart, key = 0n): void {
    const access = this.#accessOf(address);
    if (part === "balance") {
      access.before.keepBalance(key);
      access.tokens.add(key);
    } else if (part === "slot") {
      access.before.keepSlot(key);
      access.slots.add(key);
    } else if (part === "code") access.code = true;
    else if (part === "existence") access.existence = true;
  }

  #accessOf(address: Address): Access {
    const key = bytesKey(address);
    const known = this.#accesses.get(key);
    if (known !== undefined) return known;
    // The caller's array may be a window on memory that lives on.
    const own = address.slice() as Address;
    const before = new AccountBefore(this.#state as WorldState, own);
    const access: Access = { address: own, before, tokens: new Set(), slots: new Set(), code: false, existence: false };
    this.#accesses.set(key, access);
    return access;
  }

  #record(unit: ExecutionUnit, outcome: UnitOutcome | undefined): void {
    const accesses = [...this.#accesses.values()];
    const changes = accesses.map(({ before }) => before.changes()).filter((change) => change !== undefined);
    this.#records.push({ unit, outcome, changes, accesses: accesses.map(accessed) });
  }
}

function accessed({ address, tokens, slots, code, existence }: Access): AccountAccess {
  return { address, tokens, slots, code, existence };
}
