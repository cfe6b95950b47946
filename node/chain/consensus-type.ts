/**
 * How a chain's blocks are sealed, as written in the cluster configuration (pyquarkchain config.py:ConsensusType).
 * NONE is a chain without shards; POW_SIMULATE blocks carry no proof at all.
 */
export const CONSENSUS_TYPES = ["NONE", "POW_ETHASH", "POW_DOUBLESHA256", "POW_SIMULATE", "POW_QKCHASH"] as const;

export type ConsensusType = (typeof CONSENSUS_TYPES)[number];
