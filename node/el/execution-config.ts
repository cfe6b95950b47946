import { type QuarkChainConfig, shardConfigOf } from "../chain/config.ts";
import type { ShardSizes } from "../chain/evm-transaction.ts";
import { type Fraction, oneMinus } from "../chain/fraction.ts";
import { bytesKey } from "../codec/bytes.ts";
import type { ChainContext } from "./evm/context.ts";
import { precompileSchedule } from "./evm/precompiles/schedule.ts";
import type { Rules } from "./evm/rules.ts";

/** What the execution of one shard's blocks needs of the configuration. Times are seconds since 1970. */
export interface ExecutionConfig {
  readonly fullShardId: number;
  /** Of transactions of version 0 and 1. */
  readonly networkId: bigint;
  /** Network id of transactions of version 2 (EIP-155). */
  readonly ethChainId: bigint;
  readonly shardSizes: ShardSizes;
  /** Gas is paid in it, or converted to it. */
  readonly genesisToken: bigint;
  /** Part of a fee that the block's coinbase gets: 1 − REWARD_TAX_RATE. */
  readonly localFeeRate: Fraction;
  /** Null: transactions are open to everybody from the start. */
  readonly enableTxTimestamp: number | null;
  /** Who may send before that, as bytesKey(address). */
  readonly txWhitelistSenders: ReadonlySet<string>;
  /** Null: contracts are enabled from the start. */
  readonly enableEvmTimestamp: number | null;
  /** Null: version 2 is enabled from the start (pyquarkchain messages.py validate_transaction). */
  readonly enableEip155SignerTimestamp: number | null;
  /** Deposits of older root blocks are charged gas only where they carry a gas price. */
  readonly xshardGasDdosFixRootHeight: number;
  readonly chain: ChainContext;
}

/** The part of a cluster configuration that one shard executes by. Throws ConfigError when it has no such shard. */
export function executionConfig(config: QuarkChainConfig, fullShardId: number, rules: Rules): ExecutionConfig {
  const shard = shardConfigOf(config, fullShardId);
  return {
    fullShardId,
    networkId: BigInt(config.networkId),
    ethChainId: BigInt(shard.ethChainId),
    shardSizes: new Map(config.chains.map((chain) => [chain.chainId, chain.shardSize])),
    genesisToken: config.genesisTokenId,
    localFeeRate: oneMinus(config.rewardTaxRate),
    enableTxTimestamp: config.enableTxTimestamp,
    txWhitelistSenders: new Set(config.txWhitelistSenders.map(bytesKey)),
    enableEvmTimestamp: config.enableEvmTimestamp,
    enableEip155SignerTimestamp: config.enableEip155SignerTimestamp,
    xshardGasDdosFixRootHeight: config.xshardGasDdosFixRootHeight || rules.xshardGasDdosFixRootHeightForZero,
    chain: {
      rules,
      schedule: precompileSchedule({
        enableEvmTimestamp: config.enableEvmTimestamp ?? undefined,
        enableNonReservedNativeTokenTimestamp: config.enableNonReservedNativeTokenTimestamp ?? undefined,
        enableGeneralNativeTokenTimestamp: config.enableGeneralNativeTokenTimestamp ?? undefined,
      }),
      defaultChainToken: shard.defaultChainTokenId,
      ethChainId: BigInt(shard.ethChainId),
    },
  };
}
