import { type Address, bytesEqual, bytesKey, EMPTY_BYTES } from "../../codec/bytes.ts";
import { UnsupportedError } from "../../codec/errors.ts";
import type { Snapshot } from "../state/evm-state.ts";
import type { ExecutionContext } from "./context.ts";
import { contractAddress, contractAddress2 } from "./contract-address.ts";
import { delegateOf } from "./delegation.ts";
import { acquireFrame, type Frame, failure, releaseFrame } from "./frame.ts";
import { startScope } from "./hardforks/transaction-scope.ts";
import { run } from "./interpreter.ts";
import type { Creation, Message, MessageResult } from "./message.ts";
import { precompileAt } from "./precompiles/precompiles.ts";
import { deliver } from "./system-instructions.ts";
import { WORD_LIMIT } from "./words.ts";

/**
 * Applies a message or creation with everything that it calls. Frames that wait for a callee stand in a list and not
 * on the JS stack, so 1024 of them need no more stack than one.
 */
export function execute(surroundings: ExecutionContext, first: Message | Creation): MessageResult {
  if (first.value >= WORD_LIMIT) throw new UnsupportedError(`a message value does not fit 256 bits: ${first.value}`);
  if (!Number.isSafeInteger(first.gas)) throw new UnsupportedError(`gas must be an exact integer, got ${first.gas}`);
  const context = surroundings.chain.rules.needsScope
    ? { ...surroundings, scope: startScope(surroundings, first) }
    : surroundings;
  const frames: Frame[] = [];
  let result = begin(context, frames, first);
  while (frames.length > 0) {
    const frame = frames[frames.length - 1];
    if (result === undefined) {
      const request = run(context, frame);
      if (request !== undefined) result = begin(context, frames, request);
      else if (frame.result !== undefined) result = leave(context, frames, frame, frame.result);
    } else if (frame.isForwarder) {
      result = leave(context, frames, frame, result);
    } else {
      deliver(frame, result);
      result = undefined;
    }
  }
  // Without a frame to go on with, the message is settled.
  return result as MessageResult;
}

/** Whether the sender's PoSW stake forbids moving `value` (messages.py transfer_failure_by_posw_balance_check). */
export function isLockedByPosw(context: ExecutionContext, sender: Address, value: bigint): boolean {
  const { senderDisallowMap } = context.block;
  if (senderDisallowMap.size === 0) return false;
  if (value === 0n && !context.chain.rules.lockStopsAllMessages) return false;
  const locked = senderDisallowMap.get(bytesKey(sender));
  if (locked === undefined) return false;
  return value + locked > context.state.getBalance(sender, context.chain.defaultChainToken);
}

/** Starts a message or creation: its frame is pushed, or the result is known at once. */
function begin(context: ExecutionContext, frames: Frame[], request: Message | Creation): MessageResult | undefined {
  context.tracer?.enterMessage(request, frames.at(-1)?.gas, frames.at(-1)?.gasReserve);
  if ("initCode" in request) return beginCreation(context, frames, request);
  return apply(context, frames, request, codeToRun(context, request.codeAddress), undefined);
}

/** Of a delegating account that of the account it names, and no further (EIP-7702). */
function codeToRun({ state, chain }: ExecutionContext, address: Address): Uint8Array {
  const code = state.getCode(address);
  if (!chain.rules.followsDelegations) return code;
  const delegate = delegateOf(code);
  return delegate === undefined ? code : state.getCode(delegate);
}

/** messages.py create_contract up to running the init code. */
function beginCreation(context: ExecutionContext, frames: Frame[], creation: Creation): MessageResult | undefined {
  const { state, chain, transaction } = context;
  const { sender, initCode } = creation;
  if (creation.transferTokenId !== chain.defaultChainToken) {
    if (!chain.rules.foreignCreationKeepsNonce && !bytesEqual(transaction.origin, sender)) state.incrementNonce(sender);
    const { gas: gasLeft, gasReserve } = creation;
    return report(context, { ...failure("creation with a foreign token"), gasLeft, gasReserve });
  }
  if (!bytesEqual(transaction.origin, sender)) state.incrementNonce(sender);
  const address = newAddress(context, creation);
  // Warm even if the creation fails (EIP-2929).
  context.scope?.warmAccount(address);
  if (isTaken(context, address)) {
    return report(context, failure("a contract exists at the new address"));
  }
  if (state.accountExists(address)) {
    state.setNonce(address, 0n);
    state.setCode(address, EMPTY_BYTES);
    state.resetStorage(address);
  }
  context.scope?.markCreated(address);
  const creationSnapshot = state.snapshot();
  state.setNonce(address, 1n);
  state.resetStorage(address);
  const message: Message = {
    sender,
    to: address,
    codeAddress: address,
    value: creation.value,
    transferTokenId: creation.transferTokenId,
    gas: creation.gas,
    gasReserve: creation.gasReserve,
    data: EMPTY_BYTES,
    depth: creation.depth,
    transfersValue: true,
    isStatic: false,
    toFullShardKey: creation.toFullShardKey,
  };
  return apply(context, frames, message, initCode, creationSnapshot);
}

function isTaken({ state, chain }: ExecutionContext, address: Address): boolean {
  if (state.getNonce(address) !== 0n || state.getCode(address).length > 0) return true;
  return chain.rules.creationNeedsEmptyStorage && state.hasStorage(address);
}

function newAddress(context: ExecutionContext, creation: Creation): Address {
  const { sender, recipient, salt, initCode, toFullShardKey } = creation;
  if (recipient !== undefined) return recipient;
  if (salt !== undefined) return contractAddress2(sender, salt, initCode);
  const key = context.chain.rules.addressesHoldShardKey ? toFullShardKey : undefined;
  return contractAddress(sender, context.state.getNonce(sender) - 1n, key);
}

/** messages.py _apply_msg up to running the code. */
function apply(
  context: ExecutionContext,
  frames: Frame[],
  message: Message,
  code: Uint8Array,
  creationSnapshot: Snapshot | undefined,
): MessageResult | undefined {
  const { state } = context;
  const frame = acquireFrame(message, code, state.snapshot(), creationSnapshot);
  if (context.scope !== undefined) frame.scopeMark = context.scope.length;
  frames.push(frame);
  const payer = context.chain.rules.delegatedLockIsSenders || message.transfersValue ? message.sender : message.to;
  if (isLockedByPosw(context, payer, message.value)) {
    return leave(context, frames, frame, failure("the sender's stake is locked"));
  }
  if (message.transfersValue && !state.transfer(message.sender, message.to, message.transferTokenId, message.value)) {
    return leave(context, frames, frame, failure("insufficient balance"));
  }
  const precompile = creationSnapshot === undefined ? precompileAt(context, message.codeAddress) : undefined;
  if (!context.chain.rules.readsCreateAccounts && (message.createsRecipient === true || precompile !== undefined)) {
    state.addBalance(message.to, message.transferTokenId, 0n);
  }
  if (precompile === undefined) return undefined;
  const answer = precompile(context, message);
  if ("success" in answer) return leave(context, frames, frame, answer);
  frame.isForwarder = true;
  if (frame.gasReserve === 0n) return begin(context, frames, answer);
  const { gasReserve } = frame;
  frame.gasReserve = 0n;
  return begin(context, frames, { ...answer, gasReserve });
}

/** Takes the top frame off and settles its message (messages.py _apply_msg and create_contract from there on). */
function leave(context: ExecutionContext, frames: Frame[], frame: Frame, result: MessageResult): MessageResult {
  frames.pop();
  let settled = breaksTokenRule(context, frame, result) ? { ...result, ...TOKEN_RULE_BROKEN } : result;
  if (!settled.success) context.state.revert(frame.snapshot);
  if (frame.creationSnapshot !== undefined) settled = completeCreation(context, frame, frame.creationSnapshot, settled);
  if (!settled.success) context.scope?.revertTo(frame.scopeMark);
  if (frame.gasReserve !== 0n && !takesAllGas(settled)) settled = { ...settled, gasReserve: frame.gasReserve };
  releaseFrame(frame);
  return report(context, settled);
}

/** Of a frame with a reserve, which never comes down to 0 by counting. */
function takesAllGas({ success, gasLeft }: MessageResult): boolean {
  return !success && gasLeft === 0;
}

const TOKEN_RULE_BROKEN = { success: false, failure: "the contract did not ask for the token id of the value" };

/**
 * A contract that never asked which token its value is in must not take a foreign one for the default token. Gas
 * left and output stay (messages.py _apply_msg).
 */
function breaksTokenRule(context: ExecutionContext, frame: Frame, result: MessageResult): boolean {
  const { message, code } = frame;
  return (
    context.chain.rules.tokenIdMustBeQueried &&
    result.success &&
    message.value !== 0n &&
    message.transferTokenId !== context.chain.defaultChainToken &&
    !frame.tokenIdQueried &&
    code.length > 0
  );
}

/** Stores the code that the init code returned. */
function completeCreation(
  context: ExecutionContext,
  frame: Frame,
  creationSnapshot: Snapshot,
  result: MessageResult,
): MessageResult {
  const { state, chain } = context;
  const { output: code, gasLeft } = result;
  if (!result.success) {
    state.revert(creationSnapshot);
    return result;
  }
  const address = frame.message.to;
  if (code.length === 0) return { success: true, gasLeft, output: address };
  const depositFee = code.length * chain.rules.gas.codeDepositByte;
  if (gasLeft < depositFee || code.length > chain.rules.maxCodeSize) {
    state.revert(creationSnapshot);
    return failure(gasLeft < depositFee ? "out of gas for the new code" : "the new code is too long");
  }
  if (chain.rules.refusesCodeWithEf && code[0] === 0xef) {
    state.revert(creationSnapshot);
    return failure("the new code starts with 0xef");
  }
  state.setCode(address, code);
  return { success: true, gasLeft: gasLeft - depositFee, output: address };
}

function report(context: ExecutionContext, result: MessageResult): MessageResult {
  context.tracer?.leaveMessage(result);
  return result;
}
