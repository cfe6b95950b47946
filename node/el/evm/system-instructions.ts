import { type Address, bytesEqual, EMPTY_BYTES } from "../../codec/bytes.ts";
import type { ExecutionContext } from "./context.ts";
import { type Frame, OUT_OF_GAS, payForMemory } from "./frame.ts";

import { type GasSchedule, wordCount } from "./gas.ts";
import { COUNTED_MAX, type CountedGas, countGas } from "./gas-count.ts";
import type { Creation, Message, MessageResult } from "./message.ts";
import { isCurrentTokenPrecompile } from "./precompiles/addresses.ts";
import { addressToWord, wordToAddress, wordToBytes } from "./words.ts";

const CALL = 0xf1;
const CALLCODE = 0xf2;
const DELEGATECALL = 0xf4;
const STATICCALL = 0xfa;
const CREATE2 = 0xf5;
/** No nonce gets beyond it (EIP-2681). */
export const NONCE_LIMIT = 2n ** 64n - 1n;

// Each of these works on a suspended frame: it takes its operands from the stack, and sets frame.result where the
// frame ends. Reading an account has the lasting effect of fixing its shard key, so reads keep pyquarkchain's order.

/** LOG0 to LOG4. The data charge alone may leave the gas negative (vm.py LOG). */
export function emitLog(context: ExecutionContext, frame: Frame, topicCount: number): void {
  const { rules } = context.chain;
  const { message, memory } = frame;
  const offset = Number(frame.pop());
  const size = Number(frame.pop());
  const topics: Uint8Array[] = [];
  for (let i = 0; i < topicCount; i++) topics.push(wordToBytes(frame.pop()));
  if (message.isStatic) {
    frame.fail("LOG in a static call");
    return;
  }
  if (!chargeForMemory(frame, size * rules.gas.logByte, rules.logDataGasChecked, offset, size, rules.gas)) {
    frame.fail(OUT_OF_GAS);
    return;
  }
  context.state.addLog({ address: message.to, topics, data: memory.copy(offset, size) });
}

/**
 * SELFDESTRUCT: moves the default token only, by assignment (vm.py SUICIDE). Where the account stays (EIP-6780), what
 * it leaves to itself stays too.
 */
export function selfDestruct(context: ExecutionContext, frame: Frame, accountStays = false): void {
  const { state, chain } = context;
  const self = frame.message.to;
  if (frame.message.isStatic) {
    frame.fail("SELFDESTRUCT in a static call");
    return;
  }
  const beneficiary = wordToAddress(frame.pop());
  const balance = state.getBalance(self, chain.defaultChainToken);
  if (!state.accountExists(beneficiary) && balance > 0n) frame.gas -= chain.rules.gas.callNewAccount;
  if (frame.gas < 0) {
    frame.fail(OUT_OF_GAS);
    return;
  }
  if (!accountStays || !bytesEqual(self, beneficiary)) {
    const received = state.getBalance(beneficiary, chain.defaultChainToken) + balance;
    state.setBalance(beneficiary, chain.defaultChainToken, received);
    state.setBalance(self, chain.defaultChainToken, 0n);
  }
  if (!accountStays) state.addSelfDestruct(self);
  frame.result = { success: true, gasLeft: frame.gas, output: EMPTY_BYTES };
}

/** CREATE and CREATE2: the creation to apply, or undefined where there is none to wait for. */
export function requestCreation(context: ExecutionContext, frame: Frame, opcode: number): Creation | undefined {
  const { state, chain } = context;
  const { rules } = chain;
  const { message, memory } = frame;
  const value = frame.pop();
  const offset = Number(frame.pop());
  const size = Number(frame.pop());
  const salt = opcode === CREATE2 ? wordToBytes(frame.pop()) : undefined;
  const hashFee = salt === undefined ? 0 : wordCount(size) * rules.gas.sha3Word;
  if (!chargeForMemory(frame, hashFee, rules.create2HashGasChecked, offset, size, rules.gas)) {
    frame.fail(OUT_OF_GAS);
    return undefined;
  }
  if (message.isStatic) {
    frame.fail("creation in a static call");
    return undefined;
  }
  if (state.getBalance(message.to, checkedToken(context, message)) < value || message.depth >= rules.callDepthLimit) {
    return refuse(frame);
  }
  if (rules.noncesAreLimited && state.getNonce(message.to) >= NONCE_LIMIT) return refuse(frame);
  const { gas, gasReserve } = takeChildGas(frame, undefined, rules.gas.childGasDivisor);
  frame.awaitsCreation = true;
  return {
    sender: message.to,
    value,
    transferTokenId: message.transferTokenId,
    gas,
    gasReserve,
    initCode: memory.copy(offset, size),
    depth: message.depth + 1,
    toFullShardKey: message.toFullShardKey,
    salt,
  };
}

/** CALL, CALLCODE, DELEGATECALL, STATICCALL: the message to apply, or undefined where there is none to wait for. */
export function requestCall(context: ExecutionContext, frame: Frame, opcode: number): Message | undefined {
  const { state, chain } = context;
  const fees = chain.rules.gas;
  const { message, memory } = frame;
  const gasAsked = frame.pop();
  const target = wordToAddress(frame.pop());
  const value = opcode === CALL || opcode === CALLCODE ? frame.pop() : 0n;
  const inputOffset = Number(frame.pop());
  const inputSize = Number(frame.pop());
  const outputOffset = Number(frame.pop());
  const outputSize = Number(frame.pop());
  const movesValue = value > 0n;

  if (message.isStatic && movesValue && opcode === CALL) {
    frame.fail("CALL with a value in a static call");
    return undefined;
  }
  frame.gas = payForMemory(frame, frame.gas, inputOffset, inputSize, fees);
  if (frame.gas >= 0) frame.gas = payForMemory(frame, frame.gas, outputOffset, outputSize, fees);
  if (frame.gas < 0) {
    frame.fail(OUT_OF_GAS);
    return undefined;
  }

  let extraGas = movesValue ? fees.callValueTransfer : 0;
  if (opcode === CALL && !state.accountExists(target) && movesValue) extraGas += fees.callNewAccount;
  if (frame.gas < extraGas) {
    frame.fail(OUT_OF_GAS);
    return undefined;
  }
  frame.gas -= extraGas;
  const given = takeChildGas(frame, gasAsked, fees.childGasDivisor);
  const childGas = movesValue ? given.gas + fees.callStipend : given.gas;
  const isCovered = state.getBalance(message.to, checkedToken(context, message)) >= value;
  if (!isCovered || message.depth >= chain.rules.callDepthLimit) {
    giveBack(frame, childGas, given.gasReserve);
    return refuse(frame);
  }

  frame.awaitsCreation = false;
  frame.outputOffset = outputOffset;
  frame.outputSize = outputSize;
  const keepsCaller = opcode === DELEGATECALL;
  const runsHere = keepsCaller || opcode === CALLCODE;
  const to = runsHere ? message.to : target;
  if (isCurrentTokenPrecompile(to)) frame.tokenIdQueried = true;
  return {
    sender: keepsCaller ? message.sender : message.to,
    to,
    codeAddress: target,
    value: keepsCaller ? message.value : value,
    transferTokenId: message.transferTokenId,
    gas: childGas,
    gasReserve: given.gasReserve,
    data: memory.look(inputOffset, inputSize),
    depth: message.depth + 1,
    transfersValue: !keepsCaller,
    isStatic: message.isStatic || opcode === STATICCALL,
    createsRecipient: opcode === STATICCALL,
    toFullShardKey: message.toFullShardKey,
  };
}

/** The token whose balance decides whether a call or creation with a value takes place. */
function checkedToken({ chain }: ExecutionContext, message: Message): bigint {
  return chain.rules.callsCheckDefaultToken ? chain.defaultChainToken : message.transferTokenId;
}

/** Lets a frame go on with the result of the message that it asked for. */
export function deliver(frame: Frame, result: MessageResult): void {
  const { output } = result;
  giveBack(frame, result.gasLeft, result.gasReserve);
  if (frame.awaitsCreation) {
    frame.push(result.success ? addressToWord(output as Address) : 0n);
    frame.returnData = result.success ? EMPTY_BYTES : output;
    return;
  }
  frame.push(result.success ? 1n : 0n);
  const copied = Math.min(output.length, frame.outputSize);
  if (copied > 0) frame.memory.write(frame.outputOffset, output, 0, copied);
  frame.returnData = output;
}

/** The call or creation does not take place; the frame goes on with a zero on the stack. */
function refuse(frame: Frame): undefined {
  frame.push(0n);
  frame.returnData = EMPTY_BYTES;
}

/** Takes from the frame what a child gets: at most what it asks for, and never all. */
function takeChildGas(frame: Frame, asked: bigint | undefined, divisor: number): CountedGas {
  if (frame.gasReserve === 0n) {
    const limit = allButOnePart(frame.gas, divisor);
    const gas = asked !== undefined && asked < limit ? Number(asked) : limit;
    frame.gas -= gas;
    return { gas, gasReserve: 0n };
  }
  const available = BigInt(frame.gas) + frame.gasReserve;
  const limit = available - available / BigInt(divisor);
  const given = asked !== undefined && asked < limit ? asked : limit;
  frame.countAnew(available - given);
  return countGas(given);
}

function giveBack(frame: Frame, gas: number, gasReserve = 0n): void {
  const left = frame.gas + gas;
  if (gasReserve === 0n && frame.gasReserve === 0n && left <= COUNTED_MAX) frame.gas = left;
  else frame.countAnew(BigInt(frame.gas) + frame.gasReserve + BigInt(gas) + gasReserve);
}

/** gas − gas // divisor with Python's floor division, which matters below zero. */
function allButOnePart(gas: number, divisor: number): number {
  return gas - Math.floor(gas / divisor);
}

/**
 * Takes `fee` and then makes memory exist. An unchecked fee fails the frame only if memory has to grow (vm.py
 * mem_extend compares the gas with the growth alone). False: out of gas.
 */
function chargeForMemory(
  frame: Frame,
  fee: number,
  isChecked: boolean,
  offset: number,
  size: number,
  schedule: GasSchedule,
): boolean {
  frame.gas -= fee;
  if (isChecked && frame.gas < 0) return false;
  const grows = size > 0 && offset + size > frame.memory.size;
  frame.gas = payForMemory(frame, frame.gas, offset, size, schedule);
  return !grows || frame.gas >= 0;
}
