import type { Log } from "../../chain/receipt.ts";
import type { Address, Hash32 } from "../../codec/bytes.ts";

/** Opaque mark to which a state can be taken back. */
export type Snapshot = number & { readonly snapshot: unique symbol };

/**
 * The account state that one block's execution reads and changes, with pyquarkchain's semantics
 * (quarkchain/evm/state.py State): accounts are cached for the whole block at their first look-up, the cache is
 * committed once per block, and everything but the cache is undone by `revert`.
 */
export interface EvmState {
  /**
   * Key that accounts looked up for the first time from now on are born with (state.py get_and_cache_account).
   * Not journaled by nested reverts that do not change it; restored by `revert` like every STATE_DEFAULTS field.
   */
  fullShardKey: number;

  getNonce(address: Address): bigint;
  getBalance(address: Address, tokenId: bigint): bigint;
  getCode(address: Address): Uint8Array;
  /** KECCAK_EMPTY for an account without code, also for an absent one. */
  getCodeHash(address: Address): Hash32;
  /** Not blank: nonce, any token balance or code (storage is ignored). */
  accountExists(address: Address): boolean;
  /** Whether an account without code or nonce has storage all the same: it stood there before the block. */
  hasStorage(address: Address): boolean;
  getStorage(address: Address, slot: bigint): bigint;

  setNonce(address: Address, nonce: bigint): void;
  incrementNonce(address: Address): void;
  setCode(address: Address, code: Uint8Array): void;
  /** state.py set_token_balance: an equal value only touches the account. */
  setBalance(address: Address, tokenId: bigint, value: bigint): void;
  /** state.py delta_token_balance: zero only touches the account. */
  addBalance(address: Address, tokenId: bigint, delta: bigint): void;
  /** False, and nothing changed, when the payer has too little. */
  transfer(from: Address, to: Address, tokenId: bigint, value: bigint): boolean;
  /** False, and nothing changed, when the payer has too little. */
  deduct(from: Address, tokenId: bigint, value: bigint): boolean;
  setStorage(address: Address, slot: bigint, value: bigint): void;
  resetStorage(address: Address): void;
  /** state.py del_account. */
  deleteAccount(address: Address): void;

  /** Logs, self-destructs and refund counter of the running transaction or deposit. */
  readonly logs: readonly Log[];
  readonly selfDestructs: readonly Address[];
  readonly refund: bigint;
  addLog(log: Log): void;
  addSelfDestruct(address: Address): void;
  addRefund(amount: bigint): void;
  /** Empties logs, self-destructs and refund (messages.py apply_transaction, apply_xshard_deposit). */
  resetSubstate(): void;

  snapshot(): Snapshot;
  revert(snapshot: Snapshot): void;
}
