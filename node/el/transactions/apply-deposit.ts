import type { CrossShardDeposit } from "../../chain/deposit.ts";
import { XSHARD_GAS } from "../../chain/evm-transaction.ts";
import { ExecutionAbortedError } from "../evm/abort.ts";
import type { DueDeposit } from "../payload.ts";
import { type BlockExecution, isEvmEnabled, payFee } from "./block-execution.ts";
import { runMessage } from "./run-message.ts";

/**
 * Executes a deposit (pyquarkchain shard_state.py __run_one_xshard_tx). Throws ExecutionAbortedError when the block
 * cannot hold it, which makes the block invalid: deposits are not a miner's choice.
 */
export function applyDeposit(execution: BlockExecution, { deposit, cursor }: DueDeposit): void {
  const isDdosFixed = cursor.rootBlockHeight >= execution.config.xshardGasDdosFixRootHeight;
  const isCharged = isDdosFixed ? !deposit.isFromRootChain : deposit.gasPrice !== 0n;
  const gasUsedBefore = isCharged ? XSHARD_GAS : 0n;
  if (isEvmEnabled(execution)) runDeposit(execution, deposit, gasUsedBefore);
  else creditDeposit(execution, deposit, gasUsedBefore);
  if (execution.gasUsed > execution.gasLimit) {
    throw new ExecutionAbortedError(`deposits use ${execution.gasUsed} gas, the block has only ${execution.gasLimit}`);
  }
}

/** Before contracts are enabled: no message, no receipt, the fee whatever was charged, and the former key in force. */
function creditDeposit(execution: BlockExecution, deposit: CrossShardDeposit, gasUsedBefore: bigint): void {
  execution.state.addBalance(deposit.to.recipient, deposit.transferTokenId, deposit.value);
  execution.gasUsed += gasUsedBefore;
  payFee(execution, deposit.gasTokenId, deposit.gasPrice, XSHARD_GAS);
}

/**
 * Gives the value to the sender on this shard and sends it on in a message: when that fails, the sender keeps it
 * here (pyquarkchain messages.py apply_xshard_deposit).
 */
function runDeposit(execution: BlockExecution, deposit: CrossShardDeposit, gasUsedBefore: bigint): void {
  const { state, config } = execution;
  state.resetSubstate();
  state.fullShardKey = deposit.to.fullShardKey;
  state.addBalance(deposit.from.recipient, deposit.transferTokenId, deposit.value);
  if (deposit.gasTokenId !== config.genesisToken) {
    throw new ExecutionAbortedError(`a deposit's gas is priced in token ${deposit.gasTokenId}, not the genesis token`);
  }
  const message = {
    sender: deposit.from.recipient,
    to: deposit.to.recipient,
    createsAtRecipient: deposit.createContract,
    value: deposit.value,
    transferTokenId: deposit.transferTokenId,
    data: deposit.messageData,
    toFullShardKey: deposit.to.fullShardKey,
    gas: deposit.gasRemained,
    gasUsedBefore,
    terms: { gasPrice: deposit.gasPrice, refundRate: BigInt(deposit.refundRate) },
  };
  runMessage(execution, message, execution.depositReceipts);
}
