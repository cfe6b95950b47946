import { ExecutionAbortedError } from "../evm/abort.ts";
import type { BlockExecution, Outcome } from "./block-execution.ts";
import { type GasTerms, GENERAL_NATIVE_TOKEN_CONTRACT, payNativeTokenAsGas } from "./native-token-gas.ts";
import { runMessage } from "./run-message.ts";
import { floorOf, type SignedTransaction, validateTransaction } from "./validate-transaction.ts";
import { sendToShard } from "./xshard-send.ts";

const FULL_REFUND = 100n;

/**
 * Executes a transaction (pyquarkchain messages.py apply_transaction). It is validated once more, although a block's
 * transaction has just been: a trial of a native token payment leaves traces each time. Throws
 * TransactionInvalidError, and ExecutionAbortedError where pyquarkchain raises in the middle.
 */
export function applyTransaction(execution: BlockExecution, signed: SignedTransaction): Outcome {
  const { state, config } = execution;
  const { transaction, sender } = signed;
  state.resetSubstate();
  validateTransaction(execution, signed);
  state.fullShardKey = transaction.toFullShardKey;
  state.incrementNonce(sender);
  const terms = buyGas(execution, signed);
  if (signed.isCrossShard) return sendToShard(execution, signed, terms);

  const message = {
    sender,
    to: transaction.to,
    createsAtRecipient: false,
    value: transaction.value,
    transferTokenId: transaction.transferTokenId,
    data: transaction.data,
    toFullShardKey: transaction.toFullShardKey,
    gas: transaction.startGas - signed.intrinsicGas,
    gasUsedBefore: signed.intrinsicGas,
    leastGasUsed: floorOf(config.chain.rules, signed),
    terms,
  };
  return runMessage(execution, message, execution.receipts);
}

/**
 * Takes the price of all start gas from the sender. A native token goes to the general native token contract, which
 * pays the genesis token in exchange; from here on the price is in the genesis token.
 */
function buyGas(execution: BlockExecution, { transaction, sender }: SignedTransaction): GasTerms {
  const { state, config } = execution;
  const { gasTokenId, gasPrice, startGas } = transaction;
  let terms: GasTerms = { gasPrice, refundRate: FULL_REFUND };
  if (gasPrice !== 0n && gasTokenId !== config.genesisToken) {
    terms = payNativeTokenAsGas(execution, gasTokenId, startGas, gasPrice);
    if (terms.gasPrice === 0n) throw new ExecutionAbortedError("the gas payment that its trial accepted was refused");
    if (!state.deduct(GENERAL_NATIVE_TOKEN_CONTRACT, config.genesisToken, startGas * terms.gasPrice)) {
      throw new ExecutionAbortedError("the reserve of the gas token does not cover the start gas");
    }
    state.addBalance(GENERAL_NATIVE_TOKEN_CONTRACT, gasTokenId, startGas * gasPrice);
  }
  if (!state.deduct(sender, gasTokenId, startGas * gasPrice)) {
    throw new ExecutionAbortedError("the sender cannot pay the start gas any more");
  }
  return terms;
}
