/** Times in seconds; Infinity for never. A precompile exists where block.timestamp > its time (strictly). */
export interface PrecompileSchedule {
  /** 514b430001 to 514b430003. */
  readonly evm: number;
  /** 514b430004, 514b430005 and, with >=, deploying the non-reserved native token contract. */
  readonly nonReservedNativeToken: number;
  /** Deploying the general native token contract, with >=. */
  readonly generalNativeToken: number;
}

/** The times of a cluster config, after pyquarkchain env.py filled in mainnet's defaults; undefined = null there. */
export interface ConfiguredTimes {
  readonly enableEvmTimestamp: number | undefined;
  readonly enableNonReservedNativeTokenTimestamp: number | undefined;
  readonly enableGeneralNativeTokenTimestamp: number | undefined;
}

/**
 * Schedule of a network (pyquarkchain env.py Env.cluster_config): without a configured time 514b430001 to 3 exist
 * from time 0 on, the native token parts never.
 */
export function precompileSchedule(times: ConfiguredTimes): PrecompileSchedule {
  return {
    evm: times.enableEvmTimestamp ?? 0,
    nonReservedNativeToken: times.enableNonReservedNativeTokenTimestamp ?? Number.POSITIVE_INFINITY,
    generalNativeToken: times.enableGeneralNativeTokenTimestamp ?? Number.POSITIVE_INFINITY,
  };
}
