import type { Receipt } from "../../chain/receipt.ts";
import { type Address, bytesKey, EMPTY_BYTES, ZERO_ADDRESS } from "../../codec/bytes.ts";
import { ExecutionAbortedError } from "../evm/abort.ts";
import type { ExecutionContext, TransactionExtras } from "../evm/context.ts";
import { countGas, wholeGas } from "../evm/gas-count.ts";
import { applyMessage, createContract, type MessageResult } from "../evm/message.ts";
import { type BlockExecution, makeReceipt, messageContext, type Outcome, payFee } from "./block-execution.ts";
import type { GasTerms } from "./native-token-gas.ts";

/** The outermost message of a transaction or deposit, its gas being paid already. */
export interface OuterMessage {
  readonly sender: Address;
  /** Undefined creates a contract whose address follows from sender and nonce. */
  readonly to: Address | undefined;
  /** Creates a contract at `to`. */
  readonly createsAtRecipient: boolean;
  readonly value: bigint;
  readonly transferTokenId: bigint;
  readonly data: Uint8Array;
  /** Part of the address of contracts created below; undefined gives plain Ethereum addresses. */
  readonly toFullShardKey: number | undefined;
  /** What is left for the message itself. */
  readonly gas: bigint;
  /** What was used before it. */
  readonly gasUsedBefore: bigint;
  /** So much is used at least, after refunds; absent: any. */
  readonly leastGasUsed?: bigint;
  readonly terms: GasTerms;
  /** Given back, within the limit of refunds, also where the message fails (EIP-7702); absent: nothing. */
  readonly refundInAnyCase?: bigint;
  readonly extras?: TransactionExtras;
}

/**
 * Runs the message, gives back unused gas, pays the coinbase and wipes self-destructed contracts (pyquarkchain
 * messages.py apply_transaction_message). Its receipt goes to `receipts`.
 */
export function runMessage(execution: BlockExecution, message: OuterMessage, receipts: Receipt[]): Outcome {
  const { state, config } = execution;
  const isCreation = message.to === undefined || message.createsAtRecipient;
  const context = messageContext(execution, message.sender, message.terms.gasPrice, message.extras);
  const result = isCreation ? createOuter(context, message) : callOuter(context, message, message.to);
  if (result.gasLeft < 0) {
    throw new ExecutionAbortedError(`the message ended with ${result.gasLeft} gas, which nobody can settle`);
  }
  const gasBought = message.gas + message.gasUsedBefore;
  const gasLeft = wholeGas(result.gasLeft, result.gasReserve);
  const gasUsed = settledGas(execution, message, gasBought - gasLeft, result.success);
  giveBackGas(execution, message.sender, message.terms, gasBought - gasUsed);
  payFee(execution, config.genesisToken, message.terms.gasPrice - (message.terms.burnt ?? 0n), gasUsed);
  execution.gasUsed += gasUsed;
  for (const address of [...state.selfDestructs]) {
    if (config.chain.rules.selfDestructAtBlockEnd) execution.destroyed.push(address);
    else state.deleteAccount(address);
  }
  const output = result.success ? result.output : EMPTY_BYTES;
  receipts.push(makeReceipt(execution, result.success, isCreation ? output : EMPTY_BYTES));
  return { success: result.success, output };
}

/** Unused gas: the refund rate's part goes to the sender, the rest to the zero address (messages.py _refund). */
export function giveBackGas(execution: BlockExecution, sender: Address, terms: GasTerms, gas: bigint): void {
  const { state, config } = execution;
  const total = terms.gasPrice * gas;
  const toSender = (total * terms.refundRate) / 100n;
  state.addBalance(sender, config.genesisToken, toSender);
  // A rate above 100 takes the difference from the zero address, below zero if need be, as in pyquarkchain.
  if (toSender !== total) state.addBalance(ZERO_ADDRESS, config.genesisToken, total - toSender);
}

function callOuter(context: ExecutionContext, message: OuterMessage, to: Address): MessageResult {
  return applyMessage(context, {
    sender: message.sender,
    to,
    codeAddress: to,
    value: message.value,
    transferTokenId: message.transferTokenId,
    ...countGas(message.gas),
    data: message.data,
    depth: 0,
    transfersValue: true,
    isStatic: false,
    toFullShardKey: message.toFullShardKey,
  });
}

function createOuter(context: ExecutionContext, message: OuterMessage): MessageResult {
  return createContract(context, {
    sender: message.sender,
    value: message.value,
    transferTokenId: message.transferTokenId,
    ...countGas(message.gas),
    initCode: message.data,
    depth: 0,
    toFullShardKey: message.toFullShardKey,
    recipient: message.to,
  });
}

/** Gas used after the refund; what the message itself earned is lost with it. */
function settledGas(execution: BlockExecution, message: OuterMessage, gasUsed: bigint, success: boolean): bigint {
  const { leastGasUsed = 0n, refundInAnyCase = 0n } = message;
  const refund = success ? refundInAnyCase + earnedRefund(execution) : refundInAnyCase;
  const settled = gasUsed - limitedRefund(execution, refund, gasUsed);
  if (settled < leastGasUsed) return leastGasUsed;
  return settled;
}

/** For cleared storage and self-destructs. */
function earnedRefund(execution: BlockExecution): bigint {
  const { selfDestructRefund } = execution.config.chain.rules.transaction;
  return execution.state.refund + selfDestructRefund * BigInt(newlyDestroyed(execution));
}

/** At most a part of the gas used is given back, the half on QuarkChain. */
function limitedRefund({ config }: BlockExecution, refund: bigint, gasUsed: bigint): bigint {
  const most = gasUsed / config.chain.rules.transaction.refundQuotient;
  if (refund < most) return refund;
  return most;
}

function newlyDestroyed({ state, destroyed }: BlockExecution): number {
  if (state.selfDestructs.length === 0) return 0;
  const addresses = new Set(state.selfDestructs.map(bytesKey));
  for (const address of destroyed) addresses.delete(bytesKey(address));
  return addresses.size;
}
