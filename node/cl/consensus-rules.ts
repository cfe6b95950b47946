/** Where clients disagree on what a block's execution is given, by named switches. */
export interface ConsensusRules {
  readonly name: string;
  /**
   * Senders' stakes are locked as soon as POSW_CONFIG is ENABLED; else only after a parent whose time has reached
   * ENABLE_TIMESTAMP (goquarkchain consensus/posw/posw.go BuildSenderDisallowMap; pyquarkchain shard_state.py
   * _get_sender_disallow_map).
   */
  readonly stakesLockBeforeEnabled: boolean;
  /**
   * A shard's genesis has all accounts of its chain's ALLOC; else those whose key lies in the shard (goquarkchain
   * core/genesis.go CreateMinorBlock; pyquarkchain genesis.py create_minor_block).
   */
  readonly genesisHasWholeChain: boolean;
}

/** pyquarkchain's, by which blocks are judged. */
export const QUARKCHAIN_CONSENSUS: ConsensusRules = {
  name: "quarkchain",
  stakesLockBeforeEnabled: false,
  genesisHasWholeChain: false,
};

/** goquarkchain's, to explain a block (docs/adr/0003-two-clients-two-truths.md). */
export const GOQUARKCHAIN_CONSENSUS: ConsensusRules = {
  name: "goquarkchain",
  stakesLockBeforeEnabled: true,
  genesisHasWholeChain: true,
};
