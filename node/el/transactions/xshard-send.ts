import type { CrossShardDeposit } from "../../chain/deposit.ts";
import { XSHARD_GAS } from "../../chain/evm-transaction.ts";
import { type Address, EMPTY_BYTES } from "../../codec/bytes.ts";
import { ExecutionAbortedError } from "../evm/abort.ts";
import { contractAddress } from "../evm/contract-address.ts";
import { isLockedByPosw } from "../evm/execution.ts";
import {
  type BlockExecution,
  isEvmEnabled,
  makeReceipt,
  messageContext,
  type Outcome,
  payFee,
} from "./block-execution.ts";
import type { GasTerms } from "./native-token-gas.ts";
import { giveBackGas } from "./run-message.ts";
import type { SignedTransaction } from "./validate-transaction.ts";

/**
 * The source half of a cross-shard transaction whose gas is bought: takes the value, queues the deposit, keeps the
 * price of its gas for the target (pyquarkchain messages.py apply_transaction, "handle xshard").
 */
export function sendToShard(execution: BlockExecution, signed: SignedTransaction, terms: GasTerms): Outcome {
  const { config, state } = execution;
  const { transaction, sender } = signed;
  const context = messageContext(execution, sender, terms.gasPrice);
  const success = !isLockedByPosw(context, sender, transaction.value);
  // A sender whose stake is locked loses all gas.
  let gasUsedHere = transaction.startGas;
  let gasForTarget = 0n;
  if (success) {
    if (!state.deduct(sender, transaction.transferTokenId, transaction.value)) {
      throw new ExecutionAbortedError("the sender cannot pay the value any more");
    }
    gasUsedHere = signed.intrinsicGas;
    if (transaction.to === undefined || isEvmEnabled(execution)) {
      gasForTarget = transaction.startGas - signed.intrinsicGas;
    }
    execution.xshardSends.push(makeDeposit(execution, signed, terms, gasForTarget));
  }
  giveBackGas(execution, sender, terms, transaction.startGas - gasUsedHere - gasForTarget);
  const targetFee = success ? XSHARD_GAS : 0n;
  payFee(execution, config.genesisToken, terms.gasPrice, gasUsedHere - targetFee);
  const countsThere = isEvmEnabled(execution) && config.chain.rules.sentGasCountsAtTarget;
  execution.gasUsed += countsThere ? gasUsedHere - targetFee : gasUsedHere;
  execution.receipts.push(makeReceipt(execution, success));
  return { success, output: EMPTY_BYTES };
}

function makeDeposit(
  { state, config }: BlockExecution,
  { transaction, hash, sender }: SignedTransaction,
  terms: GasTerms,
  gasRemained: bigint,
): CrossShardDeposit {
  // The nonce is the one after this transaction and the key the sender's: unlike in every other creation.
  const key = config.chain.rules.addressesHoldShardKey ? transaction.fromFullShardKey : undefined;
  const recipient: Address = transaction.to ?? contractAddress(sender, state.getNonce(sender), key);
  return {
    txHash: hash,
    from: { recipient: sender, fullShardKey: transaction.fromFullShardKey },
    to: { recipient, fullShardKey: transaction.toFullShardKey },
    value: transaction.value,
    gasPrice: terms.gasPrice,
    gasTokenId: config.genesisToken,
    transferTokenId: transaction.transferTokenId,
    gasRemained,
    messageData: transaction.data,
    createContract: transaction.to === undefined,
    isFromRootChain: false,
    refundRate: Number(terms.refundRate),
  };
}
