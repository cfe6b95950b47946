import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import { asAddress, bytesFromKey, bytesKey } from "../../../node/codec/bytes.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../../node/el/evm/rules.ts";
import { type ExecutionConfig, executionConfig } from "../../../node/el/execution-config.ts";
import type { ExecutionPayload } from "../../../node/el/payload.ts";
import type { ReproducerCase } from "./format.ts";

type CaseConfig = ReproducerCase["config"];

/** What a case keeps of a configuration, before any rule set changes it; times that lie behind the block keep no list of exceptions. */
export function caseConfig(cluster: QuarkChainConfig, { fullShardId, timestamp }: ExecutionPayload): CaseConfig {
  const config = executionConfig(cluster, fullShardId, QUARKCHAIN_RULES);
  const { schedule, defaultChainToken } = config.chain;
  const isClosed = config.enableTxTimestamp !== null && timestamp < config.enableTxTimestamp;
  return {
    fullShardId: config.fullShardId,
    networkId: config.networkId,
    ethChainId: config.ethChainId,
    shardSizes: Object.fromEntries(config.shardSizes),
    genesisToken: config.genesisToken,
    defaultChainToken,
    localFeeRate: config.localFeeRate,
    enableTxTimestamp: config.enableTxTimestamp,
    txWhitelistSenders: isClosed ? [...config.txWhitelistSenders].map((key) => asAddress(bytesFromKey(key))) : [],
    enableEvmTimestamp: config.enableEvmTimestamp,
    enableEip155SignerTimestamp: config.enableEip155SignerTimestamp,
    xshardGasDdosFixRootHeight: config.xshardGasDdosFixRootHeight,
    precompiles: {
      evm: timeOrNever(schedule.evm),
      nonReservedNativeToken: timeOrNever(schedule.nonReservedNativeToken),
      generalNativeToken: timeOrNever(schedule.generalNativeToken),
    },
  };
}

export function executionConfigOf(config: CaseConfig, rules: Rules): ExecutionConfig {
  const { precompiles, defaultChainToken, ...rest } = config;
  return {
    ...rest,
    xshardGasDdosFixRootHeight: config.xshardGasDdosFixRootHeight || rules.xshardGasDdosFixRootHeightForZero,
    shardSizes: new Map(Object.entries(config.shardSizes).map(([chainId, size]) => [Number(chainId), size])),
    txWhitelistSenders: new Set(config.txWhitelistSenders.map(bytesKey)),
    chain: {
      rules,
      schedule: {
        evm: precompiles.evm ?? Number.POSITIVE_INFINITY,
        nonReservedNativeToken: precompiles.nonReservedNativeToken ?? Number.POSITIVE_INFINITY,
        generalNativeToken: precompiles.generalNativeToken ?? Number.POSITIVE_INFINITY,
      },
      defaultChainToken,
      ethChainId: config.ethChainId,
    },
  };
}

function timeOrNever(time: number): number | null {
  return Number.isFinite(time) ? time : null;
}
