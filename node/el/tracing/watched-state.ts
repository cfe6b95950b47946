import type { Log } from "../../chain/receipt.ts";
import type { Address, Hash32 } from "../../codec/bytes.ts";
import type { EvmState, Snapshot } from "../state/evm-state.ts";
import type { WorldState } from "../state/world-state.ts";

/** What of an account is read or written; `key` is a token id or a slot. */
export type AccountPart = "account" | "nonce" | "balance" | "code" | "existence" | "slot" | "storage";

/** Hears of every use of a state. What it asks of the state itself must not be more than is about to be asked. */
export interface StateWatcher {
  /** Just before a part is read or written. */
  uses(address: Address, part: AccountPart, key?: bigint): void;
  /** Just after a part was written. */
  wrote?(address: Address, part: AccountPart, key?: bigint): void;
  noted?(what: "log" | "selfDestruct" | "refund", value: Log | Address | bigint): void;
  marked?(snapshot: Snapshot): void;
  reverted?(snapshot: Snapshot): void;
}

/**
 * A block's state with somebody who watches. Accounts may be cached at their first look-up, with the key then in force
 * (WorldState), so a watcher is told of a use only where the state is about to look the account up anyway.
 */
export class WatchedState implements EvmState {
  readonly #state: WorldState;
  readonly #watcher: StateWatcher;

  constructor(state: WorldState, watcher: StateWatcher) {
    this.#state = state;
    this.#watcher = watcher;
  }

  get fullShardKey(): number {
    return this.#state.fullShardKey;
  }

  set fullShardKey(key: number) {
    this.#state.fullShardKey = key;
  }

  get logs(): readonly Log[] {
    return this.#state.logs;
  }

  get selfDestructs(): readonly Address[] {
    return this.#state.selfDestructs;
  }

  get refund(): bigint {
    return this.#state.refund;
  }

  getNonce(address: Address): bigint {
    this.#watcher.uses(address, "nonce");
    return this.#state.getNonce(address);
  }

  getBalance(address: Address, tokenId: bigint): bigint {
    this.#watcher.uses(address, "balance", tokenId);
    return this.#state.getBalance(address, tokenId);
  }

  getCode(address: Address): Uint8Array {
    this.#watcher.uses(address, "code");
    return this.#state.getCode(address);
  }

  getCodeHash(address: Address): Hash32 {
    this.#watcher.uses(address, "code");
    return this.#state.getCodeHash(address);
  }

  accountExists(address: Address): boolean {
    this.#watcher.uses(address, "existence");
    return this.#state.accountExists(address);
  }

  hasStorage(address: Address): boolean {
    this.#watcher.uses(address, "existence");
    return this.#state.hasStorage(address);
  }

  getStorage(address: Address, slot: bigint): bigint {
    this.#watcher.uses(address, "slot", slot);
    return this.#state.getStorage(address, slot);
  }

  setNonce(address: Address, nonce: bigint): void {
    this.#watcher.uses(address, "nonce");
    this.#state.setNonce(address, nonce);
    this.#watcher.wrote?.(address, "nonce");
  }

  incrementNonce(address: Address): void {
    this.#watcher.uses(address, "nonce");
    this.#state.incrementNonce(address);
    this.#watcher.wrote?.(address, "nonce");
  }

  setCode(address: Address, code: Uint8Array): void {
    this.#watcher.uses(address, "code");
    this.#state.setCode(address, code);
    this.#watcher.wrote?.(address, "code");
  }

  setBalance(address: Address, tokenId: bigint, value: bigint): void {
    this.#watcher.uses(address, "balance", tokenId);
    this.#state.setBalance(address, tokenId, value);
    this.#watcher.wrote?.(address, "balance", tokenId);
  }

  addBalance(address: Address, tokenId: bigint, delta: bigint): void {
    if (delta === 0n) this.#watcher.uses(address, "account");
    else this.#watcher.uses(address, "balance", tokenId);
    this.#state.addBalance(address, tokenId, delta);
    if (delta !== 0n) this.#watcher.wrote?.(address, "balance", tokenId);
  }

  transfer(from: Address, to: Address, tokenId: bigint, value: bigint): boolean {
    this.#watcher.uses(from, "balance", tokenId);
    // The payee is looked up by a payment that is made, and after the payer.
    if (this.#state.getBalance(from, tokenId) >= value) this.#usesDelta(to, tokenId, value);
    const paid = this.#state.transfer(from, to, tokenId, value);
    if (paid && value !== 0n) {
      this.#watcher.wrote?.(from, "balance", tokenId);
      this.#watcher.wrote?.(to, "balance", tokenId);
    }
    return paid;
  }

  deduct(from: Address, tokenId: bigint, value: bigint): boolean {
    this.#watcher.uses(from, "balance", tokenId);
    const paid = this.#state.deduct(from, tokenId, value);
    if (paid && value !== 0n) this.#watcher.wrote?.(from, "balance", tokenId);
    return paid;
  }

  setStorage(address: Address, slot: bigint, value: bigint): void {
    this.#watcher.uses(address, "slot", slot);
    this.#state.setStorage(address, slot, value);
    this.#watcher.wrote?.(address, "slot", slot);
  }

  resetStorage(address: Address): void {
    this.#watcher.uses(address, "storage");
    this.#state.resetStorage(address);
    this.#watcher.wrote?.(address, "storage");
  }

  deleteAccount(address: Address): void {
    this.#watcher.uses(address, "account");
    this.#state.deleteAccount(address);
    this.#watcher.wrote?.(address, "account");
  }

  addLog(log: Log): void {
    this.#state.addLog(log);
    this.#watcher.noted?.("log", log);
  }

  addSelfDestruct(address: Address): void {
    this.#state.addSelfDestruct(address);
    this.#watcher.noted?.("selfDestruct", address);
  }

  addRefund(amount: bigint): void {
    this.#state.addRefund(amount);
    this.#watcher.noted?.("refund", amount);
  }

  resetSubstate(): void {
    this.#state.resetSubstate();
  }

  snapshot(): Snapshot {
    const snapshot = this.#state.snapshot();
    this.#watcher.marked?.(snapshot);
    return snapshot;
  }

  revert(snapshot: Snapshot): void {
    this.#state.revert(snapshot);
    this.#watcher.reverted?.(snapshot);
  }

  #usesDelta(address: Address, tokenId: bigint, delta: bigint): void {
    if (delta === 0n) this.#watcher.uses(address, "account");
    else this.#watcher.uses(address, "balance", tokenId);
  }
}
