import { EMPTY_BYTES } from "../../codec/bytes.ts";
import type { Snapshot } from "../state/evm-state.ts";
import type { GasSchedule } from "./gas.ts";
import { countGas } from "./gas-count.ts";
import { Memory } from "./memory.ts";
import type { Message, MessageResult } from "./message.ts";

const STACK_SLOTS = 1024;

/** One message whose code is running, or waits for a message that it sent itself. */
export class Frame {
  message!: Message;
  code!: Uint8Array;
  /** State before the value moved. */
  snapshot!: Snapshot;
  /** Of a creation: state before the new account got its nonce. */
  creationSnapshot: Snapshot | undefined;
  /** Length of the transaction scope's journal when the message began, where there is a scope. */
  scopeMark = 0;
  /** A precompile that passes its child's result on; it has no code to return to. */
  isForwarder = false;
  /** Whether this frame asked for the current token id (vm.py Message.token_id_queried). */
  tokenIdQueried = false;

  readonly stack: bigint[] = new Array<bigint>(STACK_SLOTS).fill(0n);
  readonly memory = new Memory();
  height = 0;
  pc = 0;
  gas = 0;
  /** More gas, which is used only when `gas` is counted anew; above 0, `gas` is about 2^52. */
  gasReserve = 0n;
  returnData: Uint8Array = EMPTY_BYTES;
  /** Set when the code halted. */
  result: MessageResult | undefined;

  /** Where the awaited child's output goes; unused for a creation. */
  awaitsCreation = false;
  outputOffset = 0;
  outputSize = 0;

  /** Writes the interpreter's registers back. */
  suspend(pc: number, height: number, gas: number): void {
    this.pc = pc;
    this.height = height;
    this.gas = gas;
  }

  /** Makes `total` the gas that is left. */
  countAnew(total: bigint): void {
    ({ gas: this.gas, gasReserve: this.gasReserve } = countGas(total));
  }

  pop(): bigint {
    return this.stack[--this.height];
  }

  /** The word `below` places under the top of the stack. */
  peek(below: number): bigint {
    return this.stack[this.height - 1 - below];
  }

  push(word: bigint): void {
    this.stack[this.height++] = word;
  }

  /** Ends the frame without output and takes all its gas (vm.py vm_exception). */
  fail(reason: string): void {
    this.result = failure(reason);
  }
}

export const OUT_OF_GAS = "out of gas";

/** A result without output that takes all gas. */
export function failure(reason: string): MessageResult {
  return { success: false, gasLeft: 0, output: EMPTY_BYTES, failure: reason };
}

/**
 * Gas left after making `size` bytes from `offset` on exist, negative when it does not suffice. Nothing is charged,
 * and `gas` returned even if negative, where they exist already (vm.py mem_extend).
 */
export function payForMemory(frame: Frame, gas: number, offset: number, size: number, schedule: GasSchedule): number {
  const { memory } = frame;
  if (size === 0 || offset + size <= memory.size) return gas;
  const available = frame.gasReserve === 0n ? gas : gas + Number(frame.gasReserve);
  const left = gas - memory.expansionFee(offset + size, available, schedule);
  if (left >= 0) memory.grow(offset + size);
  return left;
}

const idleFrames: Frame[] = [];

/** A frame at the start of `code`; give it back with releaseFrame. */
export function acquireFrame(
  message: Message,
  code: Uint8Array,
  snapshot: Snapshot,
  creationSnapshot: Snapshot | undefined,
): Frame {
  const frame = idleFrames.pop() ?? new Frame();
  frame.message = message;
  frame.code = code;
  frame.snapshot = snapshot;
  frame.creationSnapshot = creationSnapshot;
  frame.isForwarder = false;
  frame.tokenIdQueried = false;
  frame.suspend(0, 0, message.gas);
  frame.gasReserve = message.gasReserve ?? 0n;
  frame.returnData = EMPTY_BYTES;
  frame.result = undefined;
  return frame;
}

export function releaseFrame(frame: Frame): void {
  frame.memory.reset();
  idleFrames.push(frame);
}
