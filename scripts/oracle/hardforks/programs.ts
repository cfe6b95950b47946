import { bytesToBigInt, fromHex, toHex } from "../../../node/codec/bytes.ts";
import {
  type CaseAccount,
  type HardforkCase,
  SURROUNDINGS,
  slotText,
} from "../../../node/el/evm/hardforks/hardfork-case.testkit.ts";
import { ruleSet } from "../../../node/el/evm/hardforks/rule-set.ts";
import { Assembler } from "./assembler.ts";
import { randomPrecompileCall } from "./precompile-inputs.ts";
import type { Random } from "./random.ts";

const CONTRACTS = ["a1", "a2", "a3", "a4"].map((byte) => byte.repeat(20));
const STRANGERS = ["d1".repeat(20), "d2".repeat(20)];
const SLOTS = 6;
/** Lies on the stack under all that a program does. */
const MARK = 0x4d;
const GENEROUS_GAS = 1_500_000;
/** PUSH2 with its bytes, and JUMPI. */
const JUMP_BYTES = 4;

const [CALL, CALLCODE, DELEGATECALL, STATICCALL, CREATE, CREATE2] = [0xf1, 0xf2, 0xf4, 0xfa, 0xf0, 0xf5];
const [MSTORE, SSTORE, JUMPI, JUMPDEST, POP] = [0x52, 0x55, 0x57, 0x5b, 0x50];
const [DUP1, SWAP1] = [0x80, 0x90];
const [RETURNDATASIZE, RETURNDATACOPY, SHA3] = [0x3d, 0x3e, 0x20];

/** Instructions by number of operands that leave one word. */
const PURE: readonly (readonly number[])[] = [
  [0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x44, 0x45, 0x58, 0x59, 0x5a],
  [0x15, 0x19, 0x35, 0x40],
  [1, 2, 3, 4, 5, 6, 7, 0x0a, 0x0b, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1b, 0x1c, 0x1d],
  [8, 9],
];
/** Instructions that came after Petersburg and leave one word, by number of operands. */
const LATER: readonly (readonly number[])[] = [
  [0x46, 0x47, 0x48, 0x4a, 0x5f],
  [0x1e, 0x49],
];

const STATEMENTS: readonly (readonly [number, (program: Program) => void])[] = [
  [6, computation],
  [8, laterInstruction],
  [10, storageWrite],
  [5, storageRead],
  [5, accountLook],
  [6, transientAccess],
  [3, log],
  [3, memoryCopy],
  [2, hash],
  [10, call],
  [6, creation],
  [4, precompile],
  [1, randomBytes],
];

/** A program in the making. */
interface Program {
  readonly random: Random;
  readonly code: Assembler;
  readonly hardfork: string;
  /** How much more may be nested in it. */
  readonly depth: number;
}

/** A random message on a random state under a hardfork. */
export function randomCase(random: Random, hardfork: string, name: string): HardforkCase {
  const accounts: Record<string, CaseAccount> = {
    [SURROUNDINGS.sender]: { nonce: `${random.below(3)}`, balance: `${10 ** 9}`, code: "", storage: {} },
  };
  for (const address of CONTRACTS) {
    accounts[address] = {
      nonce: `${1 + random.below(2)}`,
      balance: `${random.pick([0, 1, 1000])}`,
      code: toHex(program(random, hardfork, 2)),
      storage: randomStorage(random),
    };
  }
  if (random.chance(50)) accounts[STRANGERS[0]] = { nonce: "0", balance: "5", code: "", storage: {} };
  const creates = random.chance(12);
  return {
    name,
    hardfork,
    accounts,
    to: creates ? null : CONTRACTS[0],
    value: `${random.pick([0, 0, 1, 1000])}`,
    data: toHex(creates ? program(random, hardfork, 2) : random.bytes(random.below(80))),
    gas: GENEROUS_GAS,
  };
}

function randomStorage(random: Random): Record<string, string> {
  const storage: Record<string, string> = {};
  for (let slot = 0; slot < SLOTS; slot++) {
    if (random.chance(50)) storage[slotText(BigInt(slot))] = (1 + random.below(3)).toString(16);
  }
  return storage;
}

function program(random: Random, hardfork: string, depth: number): Uint8Array {
  const made: Program = { random, code: new Assembler(), hardfork, depth };
  made.code.push(MARK);
  const count = 2 + random.below(depth > 1 ? 14 : 5);
  for (let i = 0; i < count; i++) {
    if (random.chance(10)) skipped(made);
    else statement(made);
  }
  ending(made);
  return made.code.bytes();
}

function statement(made: Program): void {
  let ticket = made.random.below(STATEMENTS.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of STATEMENTS) {
    ticket -= weight;
    if (ticket < 0) {
      make(made);
      return;
    }
  }
}

/** A statement that a word of calldata or storage jumps over. */
function skipped(made: Program): void {
  const { random, code } = made;
  code.push(random.below(SLOTS)).op(random.pick([0x54, 0x35]));
  const body = new Assembler();
  statement({ ...made, code: body });
  const target = code.length + JUMP_BYTES + body.length;
  code.pushBytes(Uint8Array.of(target >> 8, target & 255)).op(JUMPI);
  code.raw(body.bytes()).op(JUMPDEST);
}

function exists(hardfork: string, opcode: number): boolean {
  return ruleSet(hardfork).table.names[opcode] !== undefined;
}

function word(random: Random): bigint {
  const small = BigInt(random.below(40));
  const edges = [0n, 1n, 2n, 32n, 255n, 256n, 1n << 255n, (1n << 256n) - 1n, small, small];
  return random.chance(80) ? random.pick(edges) : bytesToBigInt(random.bytes(1 + random.below(32)));
}

function address({ random, hardfork }: Program): bigint {
  const last = ruleSet(hardfork).precompiles.size > 9 ? [11, 17] : [9, 8];
  const choices = [
    ...CONTRACTS,
    ...CONTRACTS,
    ...STRANGERS,
    SURROUNDINGS.coinbase,
    SURROUNDINGS.sender,
    "e0".repeat(20),
  ].map((text) => bytesToBigInt(fromHex(text)));
  return random.chance(10) ? BigInt(random.pick([1, 2, 4, ...last, 0x100])) : random.pick(choices);
}

/** Leaves the word on top of the stack somewhere. */
function keep({ random, code }: Program): void {
  if (random.chance(50)) code.push(random.below(SLOTS) + 6).op(SSTORE);
  else if (random.chance(70)) code.push(random.below(4) * 32).op(MSTORE);
  else code.op(POP);
}

function apply(made: Program, table: readonly (readonly number[])[], fits: (opcode: number) => boolean): void {
  const { random, code } = made;
  const operands = random.below(table.length);
  const opcode = random.pick(table[operands]);
  if (!fits(opcode)) return;
  code.call(opcode, ...Array.from({ length: operands }, () => word(random)));
  keep(made);
}

function computation(made: Program): void {
  apply(made, PURE, () => true);
}

/** Rarely also one that does not exist yet. */
function laterInstruction(made: Program): void {
  apply(made, LATER, (opcode) => exists(made.hardfork, opcode) || made.random.chance(2));
}

function storageWrite({ random, code }: Program): void {
  const count = 1 + random.below(3);
  const slot = random.below(SLOTS);
  for (let i = 0; i < count; i++) code.call(SSTORE, slot, random.below(4));
}

function storageRead(made: Program): void {
  made.code.call(0x54, made.random.below(SLOTS + 2));
  keep(made);
}

function accountLook(made: Program): void {
  const { random, code } = made;
  const opcode = random.pick([0x31, 0x3b, 0x3c, 0x3f]);
  const count = 1 + random.below(2);
  const target = address(made);
  for (let i = 0; i < count; i++) {
    if (opcode === 0x3c) code.call(opcode, target, random.below(64), random.below(64), random.below(64));
    else {
      code.call(opcode, target);
      keep(made);
    }
  }
}

function transientAccess(made: Program): void {
  if (!exists(made.hardfork, 0x5d)) return;
  const { random, code } = made;
  if (random.chance(50)) code.call(0x5d, random.below(3), word(random));
  code.call(0x5c, random.below(3));
  keep(made);
}

function log({ random, code }: Program): void {
  const topics = random.below(5);
  code.call(0xa0 + topics, random.below(80), random.below(80), ...Array.from({ length: topics }, () => word(random)));
}

function memoryCopy({ random, code, hardfork }: Program): void {
  const opcode = random.pick([0x37, 0x39, 0x5e, 0x5e]);
  if (!exists(hardfork, opcode)) return;
  const far = random.chance(5) ? 2 ** 40 : random.below(200);
  code.call(opcode, far, random.below(200), random.below(100));
}

function hash(made: Program): void {
  made.code.call(SHA3, made.random.below(100), made.random.below(100));
  keep(made);
}

function call(made: Program): void {
  const { random, code } = made;
  const opcode = random.pick([CALL, CALL, CALL, CALLCODE, DELEGATECALL, STATICCALL]);
  const value = opcode === CALL || opcode === CALLCODE ? [random.pick([0, 0, 1, 2000])] : [];
  const gas = random.pick([0, 700, 2299, 2300, 2301, 30_000, 100_000, 10_000_000]);
  const ranges = Array.from({ length: 4 }, () => random.below(96));
  code.call(opcode, gas, address(made), ...value, ...ranges);
  keep(made);
}

function creation(made: Program): void {
  const { random, code, depth } = made;
  if (depth === 0) return;
  const initCode = initCodeOf(made);
  code.store(0, initCode);
  let size = initCode.length;
  if (random.chance(5)) size = random.pick([49151, 49152, 49153, 60000]);
  const salt = random.chance(50) ? [random.below(2)] : [];
  code.call(salt.length > 0 ? CREATE2 : CREATE, random.pick([0, 0, 1]), 0, size, ...salt);
  if (random.chance(40)) {
    // Calls what it created.
    code.op(DUP1);
    keep(made);
    for (let i = 0; i < 5; i++) code.push(0).op(SWAP1);
    code.push(50_000).op(CALL, POP);
    return;
  }
  keep(made);
}

/** Init code that may do things and leaves short code, sometimes code that starts with 0xef. */
function initCodeOf({ random, hardfork, depth }: Program): Uint8Array {
  if (random.chance(25)) return program(random, hardfork, depth - 1);
  const init = new Assembler();
  if (random.chance(40)) init.call(SSTORE, random.below(SLOTS), random.below(3));
  if (random.chance(15)) return init.push(0xd1).op(0xff).bytes();
  const first = random.chance(10) ? 0xef : random.pick([0x00, 0x33, 0x30, 0x58]);
  const left = Uint8Array.of(first, random.pick([0xff, 0x00, 0x54, 0xfe]));
  return init.store(0, left).call(0xf3, 0, random.below(4)).bytes();
}

function precompile(made: Program): void {
  const { random, code } = made;
  const { address: number, input } = randomPrecompileCall(random);
  code.store(0, input).call(STATICCALL, random.pick([100_000, 300_000, 300_000]), number, 0, input.length, 0, 0);
  keep(made);
  code.op(RETURNDATASIZE).push(0).push(0).op(RETURNDATACOPY).op(RETURNDATASIZE).push(0).op(SHA3);
  keep(made);
}

function randomBytes({ random, code }: Program): void {
  code.raw(random.bytes(1 + random.below(2)));
}

function ending(made: Program): void {
  const { random, code } = made;
  // What an instruction left too much, or took too much, shows in a slot.
  if (random.chance(50)) code.push(SLOTS + 6).op(SSTORE);
  const opcode = random.pick([0x00, 0x00, 0xf3, 0xf3, 0xfd, 0xff, 0xff, 0xfe]);
  if (opcode === 0xff) code.call(opcode, address(made));
  else if (opcode === 0xf3 || opcode === 0xfd) code.call(opcode, random.below(40), random.below(70));
  else code.op(opcode);
}
