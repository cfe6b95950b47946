import type { CrossShardDeposit } from "../../chain/deposit.ts";
import { multiplyFloor } from "../../chain/fraction.ts";
import { logsBloom, type Receipt } from "../../chain/receipt.ts";
import { chainIdOf } from "../../chain/shard-id.ts";
import { addTokenBalance } from "../../chain/token-balances.ts";
import { type Address, EMPTY_BYTES } from "../../codec/bytes.ts";
import type { BlockContext, ExecutionContext, TransactionExtras } from "../evm/context.ts";
import type { Tracer } from "../evm/tracer.ts";
import type { ExecutionConfig } from "../execution-config.ts";
import type { EvmState } from "../state/evm-state.ts";

/** A block being executed: what it runs on, and what its deposits and transactions add up to. */
export interface BlockExecution {
  readonly config: ExecutionConfig;
  readonly block: BlockContext;
  readonly state: EvmState;
  /** Highest start gas of a cross-shard transaction. */
  readonly xshardGasLimit: bigint;
  /** Shards a cross-shard transaction may go to. */
  readonly reachableShards: ReadonlySet<number>;
  readonly tracer?: Tracer;

  /** The header's. */
  readonly headerGasLimit: bigint;
  /** For deposits the block's; for transactions less by what deposits left of the cross-shard limit. */
  gasLimit: bigint;
  gasUsed: bigint;
  /** What the coinbase earned, per token; an entry of zero is kept. */
  readonly fees: Map<bigint, bigint>;
  /** Of transactions. */
  readonly receipts: Receipt[];
  readonly depositReceipts: Receipt[];
  readonly xshardSends: CrossShardDeposit[];
  /** Self-destructed contracts that the rules keep until the end of the block. */
  readonly destroyed: Address[];
}

/** What a block adds up to before anything of it is executed. */
export function nothingExecuted(): Pick<
  BlockExecution,
  "gasUsed" | "fees" | "receipts" | "depositReceipts" | "xshardSends" | "destroyed"
> {
  return { gasUsed: 0n, fees: new Map(), receipts: [], depositReceipts: [], xshardSends: [], destroyed: [] };
}

/** How a transaction or deposit ended. */
export interface Outcome {
  readonly success: boolean;
  /** Return data, or the 20-byte address of a created contract; empty when it failed. */
  readonly output: Uint8Array;
}

/** Contracts run from a time on; a configuration without that time has them from the start. */
export function isEvmEnabled({ config, block }: BlockExecution): boolean {
  return config.enableEvmTimestamp === null || block.timestamp >= config.enableEvmTimestamp;
}

/** Surroundings of a message that starts now (pyquarkchain messages.py VMExt). */
export function messageContext(
  execution: BlockExecution,
  origin: Address,
  gasPrice: bigint,
  extras?: TransactionExtras,
): ExecutionContext {
  const { state, config, block, tracer } = execution;
  const blockGasLimit = config.chain.rules.gasLimitOfHeader ? execution.headerGasLimit : execution.gasLimit;
  const transaction = { origin, gasPrice, blockGasLimit, chainId: chainIdOf(state.fullShardKey), extras };
  return { state, chain: config.chain, block, transaction, tracer };
}

/** Pays the coinbase its part of `gasPrice · gas`; the rest is created by the root block (messages.py). */
export function payFee(execution: BlockExecution, tokenId: bigint, gasPrice: bigint, gas: bigint): void {
  const { localFeeRate, chain } = execution.config;
  const paid = gasPrice * gas;
  const fee = chain.rules.feesRoundDown ? multiplyFloor(paid, localFeeRate) : -multiplyFloor(-paid, localFeeRate);
  execution.state.addBalance(execution.block.coinbase, tokenId, fee);
  addTokenBalance(execution.fees, tokenId, fee);
}

/** Receipt of what the state's logs belong to; contractFullShardKey is the key in force (messages.py mk_receipt). */
export function makeReceipt(execution: BlockExecution, success: boolean, contractAddress = EMPTY_BYTES): Receipt {
  const logs = [...execution.state.logs];
  return {
    success,
    cumulativeGasUsed: execution.gasUsed,
    bloom: logsBloom(logs),
    logs,
    contractAddress,
    contractFullShardKey: execution.state.fullShardKey,
  };
}
