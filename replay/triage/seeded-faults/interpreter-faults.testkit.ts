import type { ExecutionContext } from "../../../node/el/evm/context.ts";
import type { Frame } from "../../../node/el/evm/frame.ts";
import { type Instruction, QUARKCHAIN_INSTRUCTIONS } from "../../../node/el/evm/opcodes.ts";
import { addressToWord } from "../../../node/el/evm/words.ts";
import type { Fault, NoteHit } from "./fault.testkit.ts";

const LIMIT = 1n << 256n;

function word(value: bigint): bigint {
  return BigInt.asUintN(256, value);
}

function signed(value: bigint): bigint {
  return BigInt.asIntN(256, value);
}

function truth(condition: boolean): bigint {
  return condition ? 1n : 0n;
}

/** a is the top of the stack. */
type Binary = (a: bigint, b: bigint) => bigint;

/** Instructions of two operands, right and wrong. */
const BINARY: readonly (readonly [name: string, right: Binary, fault: string, wrong: Binary])[] = [
  ["ADD", (a, b) => word(a + b), "one too many", (a, b) => word(a + b + 1n)],
  ["ADD", (a, b) => word(a + b), "without wrapping bit 255", (a, b) => (a + b) % (1n << 255n)],
  ["MUL", (a, b) => word(a * b), "adds", (a, b) => word(a + b)],
  ["SUB", (a, b) => word(a - b), "operands swapped", (a, b) => word(b - a)],
  ["DIV", (a, b) => (b === 0n ? 0n : a / b), "rounds up", (a, b) => (b === 0n ? 0n : (a + b - 1n) / b)],
  ["DIV", (a, b) => (b === 0n ? 0n : a / b), "operands swapped", (a, b) => (a === 0n ? 0n : b / a)],
  ["MOD", (a, b) => (b === 0n ? 0n : a % b), "divides", (a, b) => (b === 0n ? 0n : a / b)],
  ["LT", (a, b) => truth(a < b), "or equal", (a, b) => truth(a <= b)],
  ["LT", (a, b) => truth(a < b), "signed", (a, b) => truth(signed(a) < signed(b))],
  ["GT", (a, b) => truth(a > b), "or equal", (a, b) => truth(a >= b)],
  ["GT", (a, b) => truth(a > b), "operands swapped", (a, b) => truth(a < b)],
  ["SLT", (a, b) => truth(signed(a) < signed(b)), "unsigned", (a, b) => truth(a < b)],
  ["EQ", (a, b) => truth(a === b), "never", () => 0n],
  ["EQ", (a, b) => truth(a === b), "low 128 bits alone", (a, b) => truth((a ^ b) % (1n << 128n) === 0n)],
  ["AND", (a, b) => a & b, "is OR", (a, b) => a | b],
  ["OR", (a, b) => a | b, "is XOR", (a, b) => a ^ b],
  ["OR", (a, b) => a | b, "is AND", (a, b) => a & b],
  ["XOR", (a, b) => a ^ b, "is OR", (a, b) => a | b],
  ["BYTE", byteAt, "one place on", (a, b) => byteAt(a + 1n, b)],
  ["SHL", (a, b) => (a > 255n ? 0n : word(b << a)), "one bit on", (a, b) => (a > 254n ? 0n : word(b << (a + 1n)))],
  [
    "SHR",
    (a, b) => (a > 255n ? 0n : b >> a),
    "one bit less",
    (a, b) => (a > 255n ? 0n : b >> (a === 0n ? 0n : a - 1n)),
  ],
  ["SHR", (a, b) => (a > 255n ? 0n : b >> a), "operands swapped", (a, b) => (b > 255n ? 0n : a >> b)],
];

function byteAt(place: bigint, value: bigint): bigint {
  return place > 31n ? 0n : (value >> (8n * (31n - place))) & 0xffn;
}

type Environment = (context: ExecutionContext, frame: Frame) => bigint;

/** Instructions that push what they find. */
const PUSHING: readonly (readonly [name: string, right: Environment])[] = [
  ["ADDRESS", (_, { message }) => addressToWord(message.to)],
  ["ORIGIN", ({ transaction }) => addressToWord(transaction.origin)],
  ["CALLER", (_, { message }) => addressToWord(message.sender)],
  ["CALLVALUE", (_, { message }) => message.value],
  ["CALLDATASIZE", (_, { message }) => BigInt(message.data.length)],
  ["CODESIZE", (_, { code }) => BigInt(code.length)],
  ["GASPRICE", ({ transaction }) => transaction.gasPrice],
  ["RETURNDATASIZE", (_, { returnData }) => BigInt(returnData.length)],
  ["COINBASE", ({ block }) => addressToWord(block.coinbase)],
  ["TIMESTAMP", ({ block }) => BigInt(block.timestamp)],
  ["NUMBER", ({ block }) => BigInt(block.number)],
  ["DIFFICULTY", ({ block }) => block.difficulty],
  ["GASLIMIT", ({ transaction }) => transaction.blockGasLimit],
  ["PC", (_, { pc }) => BigInt(pc - 1)],
  ["MSIZE", (_, { memory }) => BigInt(memory.size)],
  ["GAS", (_, { gas }) => BigInt(gas)],
];

const WRONG_VALUES: readonly (readonly [fault: string, wrong: (value: bigint) => bigint])[] = [
  ["one too many", (value) => word(value + 1n)],
  ["zero", () => 0n],
  ["one bit off", (value) => value ^ 0x10n],
];

/** Instructions whose operands are tampered with before they work: place from the top of the stack, its name. */
const OPERANDS: Readonly<Record<string, readonly string[]>> = {
  SHA3: ["offset", "size"],
  BALANCE: ["address"],
  CALLDATALOAD: ["offset"],
  CALLDATACOPY: ["target", "offset", "size"],
  CODECOPY: ["target", "offset", "size"],
  RETURNDATACOPY: ["target", "offset", "size"],
  EXTCODESIZE: ["address"],
  EXTCODECOPY: ["address", "target", "offset", "size"],
  EXTCODEHASH: ["address"],
  BLOCKHASH: ["height"],
  MLOAD: ["offset"],
  MSTORE: ["offset", "value"],
  MSTORE8: ["offset", "value"],
  SLOAD: ["slot"],
  SSTORE: ["slot", "value"],
  JUMP: ["target"],
  JUMPI: ["target", "condition"],
  ISZERO: ["value"],
  NOT: ["value"],
  EXP: ["base", "exponent"],
  ADDMOD: ["a", "b", "modulus"],
  MULMOD: ["a", "b", "modulus"],
  SIGNEXTEND: ["bytes", "value"],
  LOG0: ["offset", "size"],
  LOG1: ["offset", "size", "topic"],
  LOG2: ["offset", "size", "topic", "second topic"],
  LOG3: ["offset", "size", "topic", "second topic", "third topic"],
  CREATE: ["value", "offset", "size"],
  CREATE2: ["value", "offset", "size", "salt"],
  CALL: ["gas", "address", "value", "input offset", "input size", "output offset", "output size"],
  DELEGATECALL: ["gas", "address", "input offset", "input size", "output offset", "output size"],
  STATICCALL: ["gas", "address", "input offset", "input size", "output offset", "output size"],
  RETURN: ["offset", "size"],
  REVERT: ["offset", "size"],
  SELFDESTRUCT: ["beneficiary"],
  DUP1: ["value"],
  DUP2: ["skipped value", "value"],
  DUP3: ["skipped value", "other skipped value", "value"],
  SWAP1: ["first", "second"],
  SWAP2: ["first", "between", "second"],
  POP: ["value"],
};

export const INTERPRETER_FAULTS: readonly Fault[] = [
  ...BINARY.map(([name, right, fault, wrong]) => binaryFault(name, right, fault, wrong)),
  ...PUSHING.flatMap(([name, right]) => WRONG_VALUES.map(([fault, wrong]) => pushingFault(name, right, fault, wrong))),
  ...Object.entries(OPERANDS).flatMap(([name, operands]) =>
    operands.flatMap((operand, place) =>
      WRONG_VALUES.map(([fault, wrong]) => operandFault(name, operand, place, fault, wrong)),
    ),
  ),
  ...[1, 2, 3, 4, 20, 32].map(pushFault),
];

function binaryFault(name: string, right: Binary, fault: string, wrong: Binary): Fault {
  return exactFault(name, fault, (note) => ({
    run: (_, frame) => {
      const [a, b] = [frame.pop(), frame.pop()];
      if (right(a, b) !== wrong(a, b)) note(frame);
      frame.push(wrong(a, b));
    },
  }));
}

function pushingFault(name: string, right: Environment, fault: string, wrong: (value: bigint) => bigint): Fault {
  return exactFault(name, fault, (note) => ({
    run: (context, frame) => {
      const value = right(context, frame);
      if (wrong(value) !== value) note(frame);
      frame.push(wrong(value));
    },
  }));
}

/** PUSH whose last byte has a bit more. */
function pushFault(size: number): Fault {
  return exactFault(`PUSH${size}`, "lowest bit always set", (note) => ({
    run: (_, frame) => {
      const operand = new Uint8Array(size);
      operand.set(frame.code.subarray(frame.pc, frame.pc + size));
      const value = operand.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
      if ((value & 1n) === 0n) note(frame);
      frame.push(value | 1n);
      frame.pc += size;
    },
  }));
}

/** What an operand does may not show in the step itself: the executions part at one of the steps where it was changed. */
function operandFault(
  name: string,
  operand: string,
  place: number,
  fault: string,
  wrong: (value: bigint) => bigint,
): Fault {
  const parts = changedInstruction(name, (note) => ({
    surcharge: (_, frame) => {
      const at = frame.height - 1 - place;
      const value = frame.stack[at];
      if (wrong(value) !== value) note(frame);
      frame.stack[at] = wrong(value) % LIMIT;
      return 0;
    },
  }));
  return { family: "interpreter", name: `${name}: ${operand} ${fault}`, opcodes: [name], parts };
}

function exactFault(name: string, fault: string, change: (note: NoteHit) => Partial<Instruction>): Fault {
  const parts = changedInstruction(name, change);
  return { family: "interpreter", name: `${name} ${fault}`, opcodes: [name], partsAtHit: true, parts };
}

export function changedInstruction(name: string, change: (note: NoteHit) => Partial<Instruction>): Fault["parts"] {
  return (note) => ({
    rules: {
      instructions: QUARKCHAIN_INSTRUCTIONS.map((entry) =>
        entry.name === name ? { ...entry, ...change(note) } : entry,
      ),
    },
  });
}
