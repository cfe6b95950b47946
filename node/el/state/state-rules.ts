/** Where clients keep the accounts of a running block otherwise. */
export interface StateRules {
  /** A balance that a call gave and its revert took back leaves an entry of zero (state.py TokenBalances.set_balance). */
  readonly revertKeepsZeroBalances: boolean;
  /**
   * Taking back a change of a balance leaves the account its token trie. goquarkchain rebuilds the balances from those in
   * memory alone, so what only the trie held is gone (core/state/journal.go balanceChange, state_object.go setBalances).
   */
  readonly revertKeepsTokenTrie: boolean;
  /**
   * An absent account is kept from its first look-up in a block on, with the shard key in force then (state.py
   * get_and_cache_account). In goquarkchain only what changes an account or asks for its nonce brings it into being, a
   * call without value does not, and a revert undoes it (core/state/statedb.go GetOrNewStateObject, core/vm/evm.go Call).
   */
  readonly readsCreateAccounts: boolean;
  /**
   * An account whose token trie is not stored reads as absent, and what changes it writes a new one over it
   * (goquarkchain core/state/statedb.go getStateObject, which only logs that it cannot decode the account).
   */
  readonly lostTokenTrieIsNoAccount: boolean;
  /**
   * Self-destructed contracts stay until the end of the block, without balances of any token, and earn a refund once
   * in it (goquarkchain core/state/statedb.go Suicide and Finalise; pyquarkchain messages.py apply_transaction_message).
   */
  readonly selfDestructAtBlockEnd: boolean;
  /**
   * That precompile 3 was touched survives the revert of the touch: a blank account goes with the block (Ethereum's block
   * 2,675,119; go-ethereum core/state/journal.go `ripemd`).
   */
  readonly ripemdStaysTouched: boolean;
  /** Blank accounts that were touched leave the trie with the block (state.py State.commit). */
  readonly blankAccountsGo: boolean;
  /** Balances that are all zero are stored as an empty list, not as nothing (state.py TokenBalances.serialize). */
  readonly zeroBalancesLeaveList: boolean;
  /** More non-zero tokens than this at a commit move an account to a token trie, for good (state.py). */
  readonly tokenTrieThreshold: number;
}

/** pyquarkchain's. */
export const QUARKCHAIN_STATE_RULES: StateRules = {
  revertKeepsZeroBalances: true,
  revertKeepsTokenTrie: true,
  readsCreateAccounts: true,
  lostTokenTrieIsNoAccount: false,
  selfDestructAtBlockEnd: false,
  ripemdStaysTouched: false,
  blankAccountsGo: true,
  zeroBalancesLeaveList: true,
  tokenTrieThreshold: 16,
};
