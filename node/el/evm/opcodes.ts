import type { ExecutionContext } from "./context.ts";
import type { Frame } from "./frame.ts";

/** Stack effect and fixed fee of an instruction. */
export interface Instruction {
  readonly opcode: number;
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly gas: number;
  /** Gas beyond the fixed fee that a later rule asks before the instruction does its usual work. */
  readonly surcharge?: Surcharge;
  /** What it does, where the interpreter's loop does not know it or a later rule does it differently. */
  readonly run?: Operation;
}

// Both see a suspended frame: behind the opcode, its operands still on the stack and known to be there.
export type Surcharge = (context: ExecutionContext, frame: Frame) => number;
/** Takes its operands and leaves its results; ends the frame by setting frame.result. */
export type Operation = (context: ExecutionContext, frame: Frame) => void;

function instruction(opcode: number, name: string, inputs: number, outputs: number, gas: number): Instruction {
  return { opcode, name, inputs, outputs, gas };
}

function family(first: number, count: number, make: (n: number) => Omit<Instruction, "opcode">): Instruction[] {
  return Array.from({ length: count }, (_, i) => ({ opcode: first + i, ...make(i + 1) }));
}

/** What QuarkChain runs: Petersburg without EIP-1283 (pyquarkchain quarkchain/evm/opcodes.py). */
export const QUARKCHAIN_INSTRUCTIONS: readonly Instruction[] = [
  instruction(0x00, "STOP", 0, 0, 0),
  instruction(0x01, "ADD", 2, 1, 3),
  instruction(0x02, "MUL", 2, 1, 5),
  instruction(0x03, "SUB", 2, 1, 3),
  instruction(0x04, "DIV", 2, 1, 5),
  instruction(0x05, "SDIV", 2, 1, 5),
  instruction(0x06, "MOD", 2, 1, 5),
  instruction(0x07, "SMOD", 2, 1, 5),
  instruction(0x08, "ADDMOD", 3, 1, 8),
  instruction(0x09, "MULMOD", 3, 1, 8),
  instruction(0x0a, "EXP", 2, 1, 10),
  instruction(0x0b, "SIGNEXTEND", 2, 1, 5),
  instruction(0x10, "LT", 2, 1, 3),
  instruction(0x11, "GT", 2, 1, 3),
  instruction(0x12, "SLT", 2, 1, 3),
  instruction(0x13, "SGT", 2, 1, 3),
  instruction(0x14, "EQ", 2, 1, 3),
  instruction(0x15, "ISZERO", 1, 1, 3),
  instruction(0x16, "AND", 2, 1, 3),
  instruction(0x17, "OR", 2, 1, 3),
  instruction(0x18, "XOR", 2, 1, 3),
  instruction(0x19, "NOT", 1, 1, 3),
  instruction(0x1a, "BYTE", 2, 1, 3),
  instruction(0x1b, "SHL", 2, 1, 3),
  instruction(0x1c, "SHR", 2, 1, 3),
  instruction(0x1d, "SAR", 2, 1, 3),
  instruction(0x20, "SHA3", 2, 1, 30),
  instruction(0x30, "ADDRESS", 0, 1, 2),
  instruction(0x31, "BALANCE", 1, 1, 400),
  instruction(0x32, "ORIGIN", 0, 1, 2),
  instruction(0x33, "CALLER", 0, 1, 2),
  instruction(0x34, "CALLVALUE", 0, 1, 2),
  instruction(0x35, "CALLDATALOAD", 1, 1, 3),
  instruction(0x36, "CALLDATASIZE", 0, 1, 2),
  instruction(0x37, "CALLDATACOPY", 3, 0, 3),
  instruction(0x38, "CODESIZE", 0, 1, 2),
  instruction(0x39, "CODECOPY", 3, 0, 3),
  instruction(0x3a, "GASPRICE", 0, 1, 2),
  instruction(0x3b, "EXTCODESIZE", 1, 1, 700),
  instruction(0x3c, "EXTCODECOPY", 4, 0, 700),
  instruction(0x3d, "RETURNDATASIZE", 0, 1, 2),
  instruction(0x3e, "RETURNDATACOPY", 3, 0, 3),
  instruction(0x3f, "EXTCODEHASH", 1, 1, 400),
  instruction(0x40, "BLOCKHASH", 1, 1, 20),
  instruction(0x41, "COINBASE", 0, 1, 2),
  instruction(0x42, "TIMESTAMP", 0, 1, 2),
  instruction(0x43, "NUMBER", 0, 1, 2),
  instruction(0x44, "DIFFICULTY", 0, 1, 2),
  instruction(0x45, "GASLIMIT", 0, 1, 2),
  instruction(0x50, "POP", 1, 0, 2),
  instruction(0x51, "MLOAD", 1, 1, 3),
  instruction(0x52, "MSTORE", 2, 0, 3),
  instruction(0x53, "MSTORE8", 2, 0, 3),
  instruction(0x54, "SLOAD", 1, 1, 200),
  instruction(0x55, "SSTORE", 2, 0, 0),
  instruction(0x56, "JUMP", 1, 0, 8),
  instruction(0x57, "JUMPI", 2, 0, 10),
  instruction(0x58, "PC", 0, 1, 2),
  instruction(0x59, "MSIZE", 0, 1, 2),
  instruction(0x5a, "GAS", 0, 1, 2),
  instruction(0x5b, "JUMPDEST", 0, 0, 1),
  ...family(0x60, 32, (n) => ({ name: `PUSH${n}`, inputs: 0, outputs: 1, gas: 3 })),
  ...family(0x80, 16, (n) => ({ name: `DUP${n}`, inputs: n, outputs: n + 1, gas: 3 })),
  ...family(0x90, 16, (n) => ({ name: `SWAP${n}`, inputs: n + 1, outputs: n + 1, gas: 3 })),
  ...family(0xa0, 5, (n) => ({ name: `LOG${n - 1}`, inputs: n + 1, outputs: 0, gas: 375 * n })),
  instruction(0xf0, "CREATE", 3, 1, 32000),
  instruction(0xf1, "CALL", 7, 1, 700),
  instruction(0xf2, "CALLCODE", 7, 1, 700),
  instruction(0xf3, "RETURN", 2, 0, 0),
  instruction(0xf4, "DELEGATECALL", 6, 1, 700),
  instruction(0xf5, "CREATE2", 4, 1, 32000),
  instruction(0xfa, "STATICCALL", 6, 1, 700),
  instruction(0xfd, "REVERT", 2, 0, 0),
  instruction(0xff, "SELFDESTRUCT", 1, 0, 5000),
];

export const STACK_LIMIT = 1024;
const OPCODES = 256;

/** The instructions as tables indexed by opcode, for the interpreter's loop. */
export interface InstructionTable {
  readonly gas: Float64Array;
  /** Least stack height; beyond the stack's limit for an opcode that does not exist or is `special`. */
  readonly minHeight: Uint16Array;
  /** Greatest stack height from which the stack does not overflow. */
  readonly maxHeight: Uint16Array;
  readonly names: readonly (string | undefined)[];
  /** Instructions with a surcharge or an operation: as no stack is high enough, the loop pays nothing for them. */
  readonly special: readonly (Instruction | undefined)[];
}

export function instructionTable(instructions: readonly Instruction[]): InstructionTable {
  const gas = new Float64Array(OPCODES);
  const minHeight = new Uint16Array(OPCODES).fill(STACK_LIMIT + 1);
  const maxHeight = new Uint16Array(OPCODES);
  const names = new Array<string | undefined>(OPCODES).fill(undefined);
  const special = new Array<Instruction | undefined>(OPCODES).fill(undefined);
  for (const entry of instructions) {
    gas[entry.opcode] = entry.gas;
    names[entry.opcode] = entry.name;
    if (entry.surcharge !== undefined || entry.run !== undefined) {
      special[entry.opcode] = entry;
      continue;
    }
    minHeight[entry.opcode] = entry.inputs;
    maxHeight[entry.opcode] = STACK_LIMIT + entry.inputs - entry.outputs;
  }
  return { gas, minHeight, maxHeight, names, special };
}
