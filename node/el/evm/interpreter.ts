import { EMPTY_BYTES, word256ToBigInt } from "../../codec/bytes.ts";
import { QkcError } from "../../codec/errors.ts";
import { keccak256 } from "../../codec/keccak.ts";
import {
  byteAt,
  byteLength,
  power,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  signExtend,
  signedDivide,
  signedModulo,
} from "./arithmetic.ts";
import type { ExecutionContext } from "./context.ts";
import { type Frame, OUT_OF_GAS, payForMemory } from "./frame.ts";
import { type GasSchedule, wordCount } from "./gas.ts";
import type { Creation, Message } from "./message.ts";
import { STACK_LIMIT } from "./opcodes.ts";
import { programOf } from "./program.ts";
import { emitLog, requestCall, requestCreation, selfDestruct } from "./system-instructions.ts";
import type { Tracer } from "./tracer.ts";
import { addressToWord, readWord, wordToAddress, writeWord } from "./words.ts";

const WORD_MAX = (1n << 256n) - 1n;
const BYTE_WORDS: readonly bigint[] = Array.from({ length: 256 }, (_, byte) => BigInt(byte));

/**
 * Runs a frame's code from where it stands until it halts (frame.result is set and undefined returned) or needs
 * another message applied first (that is returned; resume by `deliver`). Follows pyquarkchain vm.py vm_execute step
 * by step; frames never nest on the JS stack, so call depth is no concern.
 */
export function run(context: ExecutionContext, frame: Frame): Message | Creation | undefined {
  const { state, block, transaction, chain, tracer } = context;
  const { gas: fees, minHeight, maxHeight } = chain.rules.table;
  const schedule = chain.rules.gas;
  const { code, stack, memory, message } = frame;
  const isStepped = tracer?.step !== undefined;
  const codeLength = code.length;
  if (codeLength === 0) return halt(frame, true, frame.gas, EMPTY_BYTES);
  const program = programOf(code);
  let height = frame.height;
  let pc = frame.pc;
  let gas = frame.gas;

  while (pc < codeLength) {
    const opcode = code[pc];
    if (isStepped) {
      frame.suspend(pc, height, gas);
      traceStep(tracer, frame, opcode);
    }
    gas -= fees[opcode];
    if (gas < 0 || height < minHeight[opcode] || height > maxHeight[opcode]) {
      frame.suspend(pc + 1, height, gas);
      const isDone = runSpecial(context, frame, opcode);
      if (frame.result !== undefined) return undefined;
      gas = frame.gas;
      if (isDone) {
        pc = frame.pc;
        height = frame.height;
        continue;
      }
    }
    pc++;

    // Literals, not names: only they become a jump table.
    switch (opcode) {
      case 0x00: // STOP
        return halt(frame, true, gas, EMPTY_BYTES);
      // A cut to 256 bits costs as much as the operation: these three cut only what is too large.
      case 0x01: {
        // ADD
        height--;
        const sum = stack[height] + stack[height - 1];
        stack[height - 1] = sum > WORD_MAX ? BigInt.asUintN(256, sum) : sum;
        break;
      }
      case 0x02: {
        // MUL
        height--;
        const product = stack[height] * stack[height - 1];
        stack[height - 1] = product > WORD_MAX ? BigInt.asUintN(256, product) : product;
        break;
      }
      case 0x03: {
        // SUB
        height--;
        const left = stack[height];
        const right = stack[height - 1];
        stack[height - 1] = left < right ? BigInt.asUintN(256, left - right) : left - right;
        break;
      }
      case 0x04: // DIV
        height--;
        stack[height - 1] = stack[height - 1] === 0n ? 0n : stack[height] / stack[height - 1];
        break;
      case 0x05: // SDIV
        height--;
        stack[height - 1] = signedDivide(stack[height], stack[height - 1]);
        break;
      case 0x06: // MOD
        height--;
        stack[height - 1] = stack[height - 1] === 0n ? 0n : stack[height] % stack[height - 1];
        break;
      case 0x07: // SMOD
        height--;
        stack[height - 1] = signedModulo(stack[height], stack[height - 1]);
        break;
      case 0x08: // ADDMOD
        height -= 2;
        stack[height - 1] = stack[height - 1] === 0n ? 0n : (stack[height + 1] + stack[height]) % stack[height - 1];
        break;
      case 0x09: // MULMOD
        height -= 2;
        stack[height - 1] = stack[height - 1] === 0n ? 0n : (stack[height + 1] * stack[height]) % stack[height - 1];
        break;
      case 0x0a: // EXP
        height--;
        gas -= byteLength(stack[height - 1]) * schedule.expByte;
        if (gas < 0) return fail(frame, OUT_OF_GAS);
        stack[height - 1] = power(stack[height], stack[height - 1]);
        break;
      case 0x0b: // SIGNEXTEND
        height--;
        stack[height - 1] = signExtend(stack[height], stack[height - 1]);
        break;

      case 0x10: // LT
        height--;
        stack[height - 1] = stack[height] < stack[height - 1] ? 1n : 0n;
        break;
      case 0x11: // GT
        height--;
        stack[height - 1] = stack[height] > stack[height - 1] ? 1n : 0n;
        break;
      case 0x12: // SLT
        height--;
        stack[height - 1] = BigInt.asIntN(256, stack[height]) < BigInt.asIntN(256, stack[height - 1]) ? 1n : 0n;
        break;
      case 0x13: // SGT
        height--;
        stack[height - 1] = BigInt.asIntN(256, stack[height]) > BigInt.asIntN(256, stack[height - 1]) ? 1n : 0n;
        break;
      case 0x14: // EQ
        height--;
        stack[height - 1] = stack[height] === stack[height - 1] ? 1n : 0n;
        break;
      case 0x15: // ISZERO
        stack[height - 1] = stack[height - 1] === 0n ? 1n : 0n;
        break;
      case 0x16: // AND
        height--;
        stack[height - 1] = stack[height] & stack[height - 1];
        break;
      case 0x17: // OR
        height--;
        stack[height - 1] = stack[height] | stack[height - 1];
        break;
      case 0x18: // XOR
        height--;
        stack[height - 1] = stack[height] ^ stack[height - 1];
        break;
      case 0x19: // NOT
        stack[height - 1] = WORD_MAX - stack[height - 1];
        break;
      case 0x1a: // BYTE
        height--;
        stack[height - 1] = byteAt(stack[height], stack[height - 1]);
        break;
      case 0x1b: // SHL
        height--;
        stack[height - 1] = shiftLeft(stack[height], stack[height - 1]);
        break;
      case 0x1c: // SHR
        height--;
        stack[height - 1] = shiftRight(stack[height], stack[height - 1]);
        break;
      case 0x1d: // SAR
        height--;
        stack[height - 1] = shiftRightSigned(stack[height], stack[height - 1]);
        break;

      case 0x20: {
        // SHA3
        const offset = Number(stack[height - 1]);
        const size = Number(stack[height - 2]);
        height--;
        gas = payForMemory(frame, gas - schedule.sha3Word * wordCount(size), offset, size, schedule);
        if (gas < 0) return fail(frame, OUT_OF_GAS);
        stack[height - 1] = word256ToBigInt(keccak256(memory.look(offset, size)), 0);
        break;
      }

      case 0x30: // ADDRESS
        stack[height++] = addressToWord(message.to);
        break;
      case 0x31: // BALANCE
        stack[height - 1] = state.getBalance(wordToAddress(stack[height - 1]), chain.defaultChainToken);
        break;
      case 0x32: // ORIGIN
        stack[height++] = addressToWord(transaction.origin);
        break;
      case 0x33: // CALLER
        stack[height++] = addressToWord(message.sender);
        break;
      case 0x34: // CALLVALUE
        stack[height++] = message.value;
        break;
      case 0x35: // CALLDATALOAD
        stack[height - 1] = readWord(message.data, Number(stack[height - 1]));
        break;
      case 0x36: // CALLDATASIZE
        stack[height++] = BigInt(message.data.length);
        break;
      case 0x37: // CALLDATACOPY
        height -= 3;
        gas = copyToMemory(frame, gas, message.data, height, schedule);
        if (gas < 0) return fail(frame, OUT_OF_GAS);
        break;
      case 0x38: // CODESIZE
        stack[height++] = BigInt(codeLength);
        break;
      case 0x39: // CODECOPY
        height -= 3;
        gas = copyToMemory(frame, gas, code, height, schedule);
        if (gas < 0) return fail(frame, OUT_OF_GAS);
        break;
      case 0x3a: // GASPRICE
        stack[height++] = transaction.gasPrice;
        break;
      case 0x3b: // EXTCODESIZE
        stack[height - 1] = BigInt(state.getCode(wordToAddress(stack[height - 1])).length);
        break;
      case 0x3c: {
        // EXTCODECOPY: the account is looked at even where the gas does not suffice
        const foreignCode = state.getCode(wordToAddress(stack[height - 1]));
        height -= 4;
        gas = copyToMemory(frame, gas, foreignCode, height, schedule);
        if (gas < 0) return fail(frame, OUT_OF_GAS);
        break;
      }
      case 0x3d: // RETURNDATASIZE
        stack[height++] = BigInt(frame.returnData.length);
        break;
      case 0x3e: // RETURNDATACOPY
        height -= 3;
        if (Number(stack[height + 1]) + Number(stack[height]) > frame.returnData.length) {
          return fail(frame, "return data is shorter");
        }
        gas = copyToMemory(frame, gas, frame.returnData, height, schedule);
        if (gas < 0) return fail(frame, OUT_OF_GAS);
        break;
      case 0x3f: {
        // EXTCODEHASH
        const address = wordToAddress(stack[height - 1]);
        stack[height - 1] = state.accountExists(address) ? word256ToBigInt(state.getCodeHash(address), 0) : 0n;
        break;
      }

      case 0x40: {
        // BLOCKHASH
        const distance = block.number - Number(stack[height - 1]);
        const hash = distance >= 1 && distance <= 256 ? block.ancestorHash(distance) : undefined;
        stack[height - 1] = hash === undefined ? 0n : word256ToBigInt(hash, 0);
        break;
      }
      case 0x41: // COINBASE
        stack[height++] = addressToWord(block.coinbase);
        break;
      case 0x42: // TIMESTAMP
        stack[height++] = BigInt(block.timestamp);
        break;
      case 0x43: // NUMBER
        stack[height++] = BigInt(block.number);
        break;
      case 0x44: // DIFFICULTY
        stack[height++] = block.difficulty;
        break;
      case 0x45: // GASLIMIT
        stack[height++] = transaction.blockGasLimit;
        break;

      case 0x50: // POP
        height--;
        break;
      case 0x51: {
        // MLOAD
        const offset = Number(stack[height - 1]);
        if (offset + 32 > memory.size) {
          gas = payForMemory(frame, gas, offset, 32, schedule);
          if (gas < 0) return fail(frame, OUT_OF_GAS);
        }
        stack[height - 1] = memory.readWord(offset);
        break;
      }
      case 0x52: {
        // MSTORE
        height -= 2;
        const offset = Number(stack[height + 1]);
        if (offset + 32 > memory.size) {
          gas = payForMemory(frame, gas, offset, 32, schedule);
          if (gas < 0) return fail(frame, OUT_OF_GAS);
        }
        writeWord(memory.view, offset, stack[height]);
        break;
      }
      case 0x53: {
        // MSTORE8
        height -= 2;
        const offset = Number(stack[height + 1]);
        gas = payForMemory(frame, gas, offset, 1, schedule);
        if (gas < 0) return fail(frame, OUT_OF_GAS);
        memory.bytes[offset] = Number(stack[height] & 0xffn);
        break;
      }
      case 0x54: // SLOAD
        stack[height - 1] = state.getStorage(message.to, stack[height - 1]);
        break;
      case 0x55: // SSTORE
        height -= 2;
        if (message.isStatic) return fail(frame, "SSTORE in a static call");
        gas = store(context, frame, gas, stack[height + 1], stack[height]);
        if (gas < 0) return fail(frame, OUT_OF_GAS);
        break;
      case 0x56: // JUMP
        pc = Number(stack[--height]);
        if (!program.isJumpDest(pc)) return fail(frame, "jump to no JUMPDEST");
        break;
      case 0x57: // JUMPI
        height -= 2;
        if (stack[height] !== 0n) {
          pc = Number(stack[height + 1]);
          if (!program.isJumpDest(pc)) return fail(frame, "jump to no JUMPDEST");
        }
        break;
      case 0x58: // PC
        stack[height++] = BigInt(pc - 1);
        break;
      case 0x59: // MSIZE
        stack[height++] = BigInt(memory.size);
        break;
      case 0x5a: // GAS
        stack[height++] = frame.gasReserve === 0n ? BigInt(gas) : BigInt(gas) + frame.gasReserve;
        break;
      case 0x5b: // JUMPDEST
        break;

      case 0x60: // PUSH1
        stack[height++] = pc < codeLength ? BYTE_WORDS[code[pc]] : 0n;
        pc++;
        break;
      // biome-ignore format: one line each would hide the rest
      case 0x61:
      case 0x62:
      case 0x63:
      case 0x64:
      case 0x65:
      case 0x66:
      case 0x67:
      case 0x68:
      case 0x69:
      case 0x6a:
      case 0x6b:
      case 0x6c:
      case 0x6d:
      case 0x6e:
      case 0x6f:
      case 0x70:
      case 0x71:
      case 0x72:
      case 0x73:
      case 0x74:
      case 0x75:
      case 0x76:
      case 0x77:
      case 0x78:
      case 0x79:
      case 0x7a:
      case 0x7b:
      case 0x7c:
      case 0x7d:
      case 0x7e:
      case 0x7f: // PUSH2 to PUSH32
        stack[height++] = program.constant(pc - 1, opcode - 0x5f);
        pc += opcode - 0x5f;
        break;
      // biome-ignore format: as above
      case 0x80:
      case 0x81:
      case 0x82:
      case 0x83:
      case 0x84:
      case 0x85:
      case 0x86:
      case 0x87:
      case 0x88:
      case 0x89:
      case 0x8a:
      case 0x8b:
      case 0x8c:
      case 0x8d:
      case 0x8e:
      case 0x8f: // DUP1 to DUP16
        stack[height] = stack[height - (opcode - 0x7f)];
        height++;
        break;
      // biome-ignore format: as above
      case 0x90:
      case 0x91:
      case 0x92:
      case 0x93:
      case 0x94:
      case 0x95:
      case 0x96:
      case 0x97:
      case 0x98:
      case 0x99:
      case 0x9a:
      case 0x9b:
      case 0x9c:
      case 0x9d:
      case 0x9e:
      case 0x9f: {
        // SWAP1 to SWAP16
        const other = height - 1 - (opcode - 0x8f);
        const top = stack[height - 1];
        stack[height - 1] = stack[other];
        stack[other] = top;
        break;
      }
      // biome-ignore format: as above
      case 0xa0:
      case 0xa1:
      case 0xa2:
      case 0xa3:
      case 0xa4: // LOG0 to LOG4
        frame.suspend(pc, height, gas);
        emitLog(context, frame, opcode - 0xa0);
        if (frame.result !== undefined) return undefined;
        height = frame.height;
        gas = frame.gas;
        break;

      case 0xf0: // CREATE
      case 0xf5: {
        // CREATE2
        frame.suspend(pc, height, gas);
        const creation = requestCreation(context, frame, opcode);
        if (creation !== undefined || frame.result !== undefined) return creation;
        height = frame.height;
        gas = frame.gas;
        break;
      }
      case 0xf1: // CALL
      case 0xf2: // CALLCODE
      case 0xf4: // DELEGATECALL
      case 0xfa: {
        // STATICCALL
        frame.suspend(pc, height, gas);
        const call = requestCall(context, frame, opcode);
        if (call !== undefined || frame.result !== undefined) return call;
        height = frame.height;
        gas = frame.gas;
        break;
      }
      case 0xf3: // RETURN
      case 0xfd: {
        // REVERT
        const offset = Number(stack[height - 1]);
        const size = Number(stack[height - 2]);
        gas = payForMemory(frame, gas, offset, size, schedule);
        if (gas < 0) return fail(frame, OUT_OF_GAS);
        return halt(frame, opcode === 0xf3, gas, memory.copy(offset, size));
      }
      case 0xff: // SELFDESTRUCT
        frame.suspend(pc, height, gas);
        selfDestruct(context, frame);
        return undefined;

      default:
        throw new QkcError("INTERNAL", `rule set ${chain.rules.name} has an opcode without code: ${opcode}`);
    }
  }
  return halt(frame, true, gas, EMPTY_BYTES);
}

function halt(frame: Frame, success: boolean, gasLeft: number, output: Uint8Array): undefined {
  frame.result = success ? { success, gasLeft, output } : { success, gasLeft, output, failure: "reverted" };
}

function fail(frame: Frame, reason: string): undefined {
  frame.fail(reason);
}

/** Gas left after copying (target, offset in source, size), three stack slots from `at` on; negative: out of gas. */
function copyToMemory(frame: Frame, gas: number, source: Uint8Array, at: number, schedule: GasSchedule): number {
  const { stack, memory } = frame;
  const target = Number(stack[at + 2]);
  const start = Number(stack[at + 1]);
  const size = Number(stack[at]);
  const left = payForMemory(frame, gas, target, size, schedule) - schedule.copyWord * wordCount(size);
  if (left >= 0 && size > 0) memory.write(target, source, start, size);
  return left;
}

/** Gas left after SSTORE (vm.py); negative: out of gas. */
function store(context: ExecutionContext, frame: Frame, gas: number, slot: bigint, value: bigint): number {
  const { state } = context;
  const schedule = context.chain.rules.gas;
  const account = frame.message.to;
  const wasSet = state.getStorage(account, slot) !== 0n;
  let fee: number;
  if (wasSet) fee = value === 0n ? schedule.storageClear : schedule.storageChange;
  else fee = value === 0n ? schedule.storageChange : schedule.storageSet;
  if (gas >= fee) {
    if (wasSet && value === 0n) state.addRefund(BigInt(schedule.storageClearRefund));
    state.setStorage(account, slot, value);
  }
  return gas - fee;
}

function haltReason(context: ExecutionContext, opcode: number, gas: number, height: number): string {
  const name = context.chain.rules.table.names[opcode];
  if (name === undefined) return `invalid opcode 0x${opcode.toString(16).padStart(2, "0")}`;
  if (gas < 0) return OUT_OF_GAS;
  const { minHeight, special } = context.chain.rules.table;
  return height < (special[opcode]?.inputs ?? minHeight[opcode]) ? "stack underflow" : "stack overflow";
}

/**
 * What the loop does not do itself, on a frame suspended behind the opcode: failing for want of gas or operands, and
 * the instructions of later rules. False when only a surcharge was taken and the loop does the rest.
 */
function runSpecial(context: ExecutionContext, frame: Frame, opcode: number): boolean {
  const { height } = frame;
  const entry = context.chain.rules.table.special[opcode];
  if (
    entry === undefined ||
    frame.gas < 0 ||
    height < entry.inputs ||
    height > STACK_LIMIT + entry.inputs - entry.outputs
  ) {
    frame.fail(haltReason(context, opcode, frame.gas, height));
    return true;
  }
  if (entry.surcharge !== undefined) frame.gas -= entry.surcharge(context, frame);
  if (frame.gas < 0) frame.fail(OUT_OF_GAS);
  else entry.run?.(context, frame);
  return entry.run !== undefined;
}

function traceStep(tracer: Tracer, frame: Frame, opcode: number): void {
  tracer.step?.({
    pc: frame.pc,
    opcode,
    gas: frame.gas,
    gasReserve: frame.gasReserve,
    depth: frame.message.depth,
    address: frame.message.to,
    code: frame.code,
    stack: frame.stack.slice(0, frame.height),
    memory: frame.memory.bytes.subarray(0, frame.memory.size),
    returnData: frame.returnData,
  });
}
