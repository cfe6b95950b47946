import {
  byteAt,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  signExtend,
  signedDivide,
  signedModulo,
} from "../../../node/el/evm/arithmetic.ts";
import type { ExecutionContext } from "../../../node/el/evm/context.ts";
import type { Frame } from "../../../node/el/evm/frame.ts";
import type { Operation } from "../../../node/el/evm/opcodes.ts";
import { addressToWord } from "../../../node/el/evm/words.ts";
import type { Candidates, Hypothesis } from "./hypothesis.ts";

const WORD = 256;

/** `a` is the top of the stack. */
type Binary = (a: bigint, b: bigint) => bigint;

const word = (value: bigint) => BigInt.asUintN(WORD, value);
const signed = (value: bigint) => BigInt.asIntN(WORD, value);
const truth = (condition: boolean) => (condition ? 1n : 0n);
const absolute = (value: bigint) => (value < 0n ? -value : value);

/** What instructions of two operands give. */
const BINARY: Readonly<Record<string, Binary>> = {
  ADD: (a, b) => word(a + b),
  MUL: (a, b) => word(a * b),
  SUB: (a, b) => word(a - b),
  DIV: (a, b) => (b === 0n ? 0n : a / b),
  SDIV: signedDivide,
  MOD: (a, b) => (b === 0n ? 0n : a % b),
  SMOD: signedModulo,
  SIGNEXTEND: signExtend,
  LT: (a, b) => truth(a < b),
  GT: (a, b) => truth(a > b),
  SLT: (a, b) => truth(signed(a) < signed(b)),
  SGT: (a, b) => truth(signed(a) > signed(b)),
  EQ: (a, b) => truth(a === b),
  AND: (a, b) => a & b,
  OR: (a, b) => a | b,
  XOR: (a, b) => a ^ b,
  BYTE: byteAt,
  SHL: shiftLeft,
  SHR: shiftRight,
  SAR: shiftRightSigned,
};

/** What they may be mistaken for, beyond swapped operands and a result that is one off. */
const MISTAKEN: Readonly<Record<string, readonly (readonly [says: string, wrong: Binary])[]>> = {
  DIV: [
    ["rounded up", (a, b) => (b === 0n ? 0n : (a + b - 1n) / b)],
    ["were signed", signedDivide],
  ],
  SDIV: [
    ["were unsigned", BINARY.DIV],
    ["rounded down", floorDivided],
  ],
  MOD: [["were signed", signedModulo]],
  SMOD: [
    [
      "took the sign of the divisor",
      (a, b) => (b === 0n ? 0n : word((absolute(signed(a)) % absolute(signed(b))) * signOf(b))),
    ],
    ["were unsigned", BINARY.MOD],
    ["gave what Python's % gives", floorModulo],
  ],
  LT: orEqual((a, b) => truth(a <= b), BINARY.SLT),
  GT: orEqual((a, b) => truth(a >= b), BINARY.SGT),
  SLT: orEqual((a, b) => truth(signed(a) <= signed(b)), BINARY.LT),
  SGT: orEqual((a, b) => truth(signed(a) >= signed(b)), BINARY.GT),
  SAR: [["were SHR", shiftRight]],
  SHR: [["were SAR", shiftRightSigned]],
  BYTE: [["counted from the lowest byte", (a, b) => (a > 31n ? 0n : byteAt(31n - a, b))]],
  SIGNEXTEND: [["extended one byte more", (a, b) => signExtend(a + 1n, b)]],
};

type Environment = (context: ExecutionContext, frame: Frame) => bigint;

/** What instructions without operands push. */
const PUSHED: Readonly<Record<string, Environment>> = {
  ADDRESS: (_, { message }) => addressToWord(message.to),
  ORIGIN: ({ transaction }) => addressToWord(transaction.origin),
  CALLER: (_, { message }) => addressToWord(message.sender),
  CALLVALUE: (_, { message }) => message.value,
  CALLDATASIZE: (_, { message }) => BigInt(message.data.length),
  CODESIZE: (_, { code }) => BigInt(code.length),
  GASPRICE: ({ transaction }) => transaction.gasPrice,
  RETURNDATASIZE: (_, { returnData }) => BigInt(returnData.length),
  COINBASE: ({ block }) => addressToWord(block.coinbase),
  TIMESTAMP: ({ block }) => BigInt(block.timestamp),
  NUMBER: ({ block }) => BigInt(block.number),
  DIFFICULTY: ({ block }) => block.difficulty,
  GASLIMIT: ({ transaction }) => transaction.blockGasLimit,
  PC: (_, { pc }) => BigInt(pc - 1),
  MSIZE: (_, { memory }) => BigInt(memory.size),
  GAS: (_, { gas }) => BigInt(gas),
};

const OTHER_VALUES: readonly (readonly [says: string, wrong: (value: bigint) => bigint, cost: number])[] = [
  ["one higher", (value) => word(value + 1n), 2],
  ["one lower", (value) => word(value - 1n), 2],
  ["zero", () => 0n, 2.5],
  ["twice as much", (value) => word(value * 2n), 2.5],
  ["half as much", (value) => value / 2n, 2.5],
];

/** Operands that may be read one off: place from the top of the stack. */
const OPERANDS: Readonly<Record<string, readonly (readonly [place: number, what: string])[]>> = {
  BLOCKHASH: [[0, "number"]],
  CALLDATALOAD: [[0, "offset"]],
  BYTE: [[0, "place"]],
  SLOAD: [[0, "slot"]],
  SHA3: [[1, "size"]],
  RETURN: [[1, "size"]],
  EXTCODECOPY: [[3, "size"]],
  CODECOPY: [[2, "size"]],
  CALLDATACOPY: [[2, "size"]],
  RETURNDATACOPY: [[2, "size"]],
};

/** Instructions with another result. */
export const instructionVariants: Candidates = function* ({ executed: { instructions } }) {
  const isUsed = ([name]: readonly [string, unknown]) => instructions.has(name);
  for (const [name, right] of Object.entries(BINARY).filter(isUsed)) yield* binaryVariants(name, right);
  for (const [name, right] of Object.entries(PUSHED).filter(isUsed)) yield* pushedVariants(name, right);
  for (const [name, operands] of Object.entries(OPERANDS).filter(isUsed)) {
    for (const [place, what] of operands) {
      yield operandVariant(name, place, `its ${what} were one higher`, (value) => word(value + 1n));
      yield operandVariant(name, place, `its ${what} were one lower`, (value) => word(value - 1n));
    }
  }
};

function* binaryVariants(name: string, right: Binary): Generator<Hypothesis> {
  const run =
    (wrong: Binary): Operation =>
    (_, frame) =>
      frame.push(wrong(frame.pop(), frame.pop()));
  yield replaced(
    name,
    "its operands were swapped",
    run((a, b) => right(b, a)),
  );
  for (const [says, wrong] of MISTAKEN[name] ?? []) yield replaced(name, `it ${says}`, run(wrong));
  yield replaced(
    name,
    "its result were one higher",
    run((a, b) => word(right(a, b) + 1n)),
    2.5,
  );
  yield replaced(
    name,
    "its result were one lower",
    run((a, b) => word(right(a, b) - 1n)),
    2.5,
  );
}

function* pushedVariants(name: string, right: Environment): Generator<Hypothesis> {
  for (const [says, wrong, cost] of OTHER_VALUES) {
    yield replaced(name, `its value were ${says}`, (context, frame) => frame.push(wrong(right(context, frame))), cost);
  }
  for (const [other, value] of Object.entries(PUSHED)) {
    if (other === name) continue;
    yield replaced(name, `it gave what ${other} gives`, (context, frame) => frame.push(value(context, frame)), 2.5);
  }
}

function replaced(name: string, how: string, run: Operation, cost = 2): Hypothesis {
  return {
    id: `opcode.${name}/${slug(how)}`,
    says: `${name} did otherwise: as if ${how}`,
    refutedBy: `a block that executes ${name} with another result by this, and matches what it declares`,
    cost,
    vary: () => ({
      rules: ({ instructions }) => ({
        instructions: instructions.map((entry) => (entry.name === name ? { ...entry, run } : entry)),
      }),
    }),
  };
}

/** The operand is changed on the stack before the instruction does its usual work. */
function operandVariant(name: string, place: number, how: string, change: (value: bigint) => bigint): Hypothesis {
  return {
    id: `opcode.${name}/${slug(how)}`,
    says: `${name} did otherwise: as if ${how}`,
    refutedBy: `a block that executes ${name} with another result by this, and matches what it declares`,
    cost: 2,
    vary: () => ({
      rules: ({ instructions }) => ({
        instructions: instructions.map((entry) => {
          if (entry.name !== name) return entry;
          const { surcharge } = entry;
          return {
            ...entry,
            surcharge: (context: ExecutionContext, frame: Frame) => {
              const at = frame.height - 1 - place;
              frame.stack[at] = change(frame.stack[at]);
              return surcharge?.(context, frame) ?? 0;
            },
          };
        }),
      }),
    }),
  };
}

function orEqual(loose: Binary, otherSign: Binary): readonly (readonly [string, Binary])[] {
  return [
    ["held for equal operands", loose],
    ["took its operands' sign otherwise", otherSign],
  ];
}

function signOf(value: bigint): bigint {
  return signed(value) < 0n ? -1n : 1n;
}

function floorDivided(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  const [x, y] = [signed(a), signed(b)];
  const quotient = x / y;
  return word(x % y !== 0n && x < 0n !== y < 0n ? quotient - 1n : quotient);
}

function floorModulo(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  const [x, y] = [signed(a), signed(b)];
  return word(((x % y) + y) % y);
}

export function slug(text: string): string {
  return text
    .replace(/[^A-Za-z0-9.=]+/g, "-")
    .replace(/^-|-$/g, "")
    .toLowerCase();
}
