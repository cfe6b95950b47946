/*
 * Keccak-f[1600] and the sponge around it as WebAssembly functions, assembled here when the module loads: 2 kB of code, about
 * a millisecond (docs/adr/0009). A block is hashed ten to a hundred times and Ethash's caches are millions of hashes of 64
 * bytes: calls into a hasher and its fresh result arrays cost as much as the hashing. Not JavaScript: it has no fast 64-bit
 * integers, an unrolled version on pairs of words takes three times as long.
 */

interface KeccakPermutation {
  /** The state: 25 lanes of 64 bits, each as two words, the low one first. */
  readonly state: Int32Array;
  /** Applies the 24 rounds to the state. */
  permute(): void;
}

/** A sponge with a memory of its own. */
export interface KeccakSponge {
  /** Of the module; replaced by `reserve` when that makes room. */
  readonly memory: Uint8Array;
  /** Makes the memory reach to `end` at least. */
  reserve(end: number): void;
  /** Hashes so many padded blocks of 136 bytes that stand in memory from INPUT_ADDRESS on; the digest is at DIGEST_ADDRESS. */
  absorb136(blocks: number): void;
  absorb72(blocks: number): void;
}

const LANES = 25;
const ROUNDS = 24;
const LANE_BYTES = 8;
const STATE_ADDRESS = ROUNDS * LANE_BYTES; // the round constants lie before it, from address 0
export const DIGEST_ADDRESS = STATE_ADDRESS;
export const INPUT_ADDRESS = 512;
const PAGE_BYTES = 1 << 16;
const PARAMETERS = 1;

/** A permutation with a state of its own. */
export function createKeccakPermutation(): KeccakPermutation {
  const { exports } = new WebAssembly.Instance(keccakModule);
  return { state: new Int32Array(exports.memory.buffer, STATE_ADDRESS, 2 * LANES), permute: exports.permute };
}

export function createKeccakSponge(): KeccakSponge {
  const { exports } = new WebAssembly.Instance(keccakModule);
  return {
    memory: new Uint8Array(exports.memory.buffer),
    reserve(end) {
      if (end <= this.memory.length) return;
      exports.memory.grow(Math.ceil((end - this.memory.length) / PAGE_BYTES));
      (this as { memory: Uint8Array }).memory = new Uint8Array(exports.memory.buffer);
    },
    absorb136: exports.absorb136,
    absorb72: exports.absorb72,
  };
}

interface KeccakExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void };
  permute(): void;
  absorb136(blocks: number): void;
  absorb72(blocks: number): void;
}

// TypeScript keeps the types of WebAssembly in its DOM library, which this project does not load.
declare const WebAssembly: {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { exports: KeccakExports };
};

const OP = {
  loop: [0x03, 0x40],
  branchIfToLoop: [0x0d, 0x00],
  end: 0x0b,
  call: 0x10,
  getLocal: 0x20,
  setLocal: 0x21,
  teeLocal: 0x22,
  i64Load: [0x29, 0x03],
  i64LoadUnaligned: [0x29, 0x00],
  i64Store: [0x37, 0x03],
  i32Const: 0x41,
  i64Const: 0x42,
  i32LessUnsigned: 0x49,
  i32Add: 0x6a,
  i32Subtract: 0x6b,
  i64And: 0x83,
  i64Xor: 0x85,
  i64RotateLeft: 0x89,
} as const;
const TYPE = { i32: 0x7f, i64: 0x7e, func: 0x60 } as const;
const SECTION = { type: 1, function: 3, memory: 5, export: 7, code: 10, data: 11 } as const;

type Code = number | readonly Code[];

// Local variables of the function: the lanes, the lanes after rho and pi, the column parities, and two single ones.
const lane = (i: number): number => i;
const moved = (i: number): number => LANES + i;
const parity = (x: number): number => 2 * LANES + x;
const EFFECT = 2 * LANES + 5;
const ROUND = EFFECT + 1;

const get = (local: number): Code => [OP.getLocal, unsigned(local)];
const set = (local: number): Code => [OP.setLocal, unsigned(local)];
const rotateLeft = (bits: number): Code => [OP.i64Const, signed(bits), OP.i64RotateLeft];

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** LEB128 of a number that is not negative where the format wants a signed one: bit 6 of the last byte is the sign. */
function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)];
}

function bytesOf(code: Code): number[] {
  return typeof code === "number" ? [code] : code.flatMap(bytesOf);
}

/** `code` with its length before it. */
function sized(code: Code): number[] {
  const bytes = bytesOf(code);
  return [...unsigned(bytes.length), ...bytes];
}

function assembleModule(): Uint8Array {
  const name = (text: string): number[] => sized([...Buffer.from(text)]);
  const locals = [2, [ROUND, TYPE.i64], [1, TYPE.i32]];
  return Uint8Array.from(
    bytesOf([
      [...Buffer.from("\0asm"), 1, 0, 0, 0],
      [SECTION.type, sized([2, [TYPE.func, 0, 0], [TYPE.func, PARAMETERS, TYPE.i32, 0]])],
      [SECTION.function, sized([3, 0, 1, 1])],
      [SECTION.memory, sized([1, 0, 1])],
      [
        SECTION.export,
        sized([4, name("permute"), 0, 0, name("absorb136"), 0, 1, name("absorb72"), 0, 2, name("memory"), 2, 0]),
      ],
      [SECTION.code, sized([3, sized([locals, permuteCode()]), absorb(136), absorb(72)])],
      [SECTION.data, sized([1, 0, OP.i32Const, 0, OP.end, sized(roundConstants())])],
    ]),
  );
}

/** Parameter: blocks left, at least 1. Starts from a state of zeros. */
function absorb(rate: number): number[] {
  const [left, input] = [0, PARAMETERS];
  const code: Code[] = [];
  for (let i = 0; i < LANES; i++) {
    code.push(OP.i32Const, 0, OP.i64Const, 0, OP.i64Store, unsigned(STATE_ADDRESS + LANE_BYTES * i));
  }
  code.push(OP.loop);
  for (let i = 0; i < rate / LANE_BYTES; i++) {
    const at = unsigned(STATE_ADDRESS + LANE_BYTES * i);
    code.push(OP.i32Const, 0, OP.i32Const, 0, OP.i64Load, at);
    code.push(get(input), OP.i64LoadUnaligned, unsigned(INPUT_ADDRESS + LANE_BYTES * i), OP.i64Xor, OP.i64Store, at);
  }
  code.push(OP.call, 0);
  code.push(get(input), OP.i32Const, signed(rate), OP.i32Add, set(input));
  code.push(get(left), OP.i32Const, 1, OP.i32Subtract, OP.teeLocal, left, OP.branchIfToLoop, OP.end);
  return sized([1, [1, TYPE.i32], code, OP.end]);
}

function permuteCode(): Code {
  const code: Code[] = [];
  for (let i = 0; i < LANES; i++) {
    code.push(OP.i32Const, 0, OP.i64Load, unsigned(STATE_ADDRESS + LANE_BYTES * i), set(lane(i)));
  }
  code.push(OP.loop, thetaRhoPi(), chiIota());
  code.push(get(ROUND), OP.i32Const, LANE_BYTES, OP.i32Add, OP.teeLocal, ROUND);
  code.push(OP.i32Const, signed(STATE_ADDRESS), OP.i32LessUnsigned, OP.branchIfToLoop, OP.end);
  for (let i = 0; i < LANES; i++) {
    code.push(OP.i32Const, 0, get(lane(i)), OP.i64Store, unsigned(STATE_ADDRESS + LANE_BYTES * i));
  }
  return [...code, OP.end];
}

function thetaRhoPi(): Code {
  const rotations = rhoRotations();
  const code: Code[] = [];
  for (let x = 0; x < 5; x++) {
    code.push(get(lane(x)));
    for (let y = 1; y < 5; y++) code.push(get(lane(x + 5 * y)), OP.i64Xor);
    code.push(set(parity(x)));
  }
  for (let x = 0; x < 5; x++) {
    code.push(get(parity((x + 4) % 5)), get(parity((x + 1) % 5)), rotateLeft(1), OP.i64Xor, set(EFFECT));
    for (let y = 0; y < 5; y++) {
      const target = y + 5 * ((2 * x + 3 * y) % 5);
      code.push(get(lane(x + 5 * y)), get(EFFECT), OP.i64Xor, rotateLeft(rotations[x + 5 * y]), set(moved(target)));
    }
  }
  return code;
}

function chiIota(): Code {
  const allOnes = [OP.i64Const, 0x7f];
  const code: Code[] = [];
  for (let y = 0; y < 25; y += 5) {
    for (let x = 0; x < 5; x++) {
      const [here, next, afterNext] = [x, (x + 1) % 5, (x + 2) % 5].map((column) => get(moved(column + y)));
      code.push(here, next, allOnes, OP.i64Xor, afterNext, OP.i64And, OP.i64Xor);
      if (x === 0 && y === 0) code.push(get(ROUND), OP.i64Load, 0, OP.i64Xor);
      code.push(set(lane(x + y)));
    }
  }
  return code;
}

/** FIPS 202, 3.2.2: the rotation of each lane (index x + 5y). */
function rhoRotations(): number[] {
  const rotations = new Array<number>(LANES).fill(0);
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t++) {
    rotations[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return rotations;
}

/** FIPS 202, 3.2.5: bit 2^j - 1 of a constant comes from a shift register; little-endian bytes of all 24. */
function roundConstants(): number[] {
  const constants = Buffer.alloc(ROUNDS * LANE_BYTES);
  let register = 1;
  for (let round = 0; round < ROUNDS; round++) {
    let constant = 0n;
    for (let j = 0; j < 7; j++) {
      if (register & 1) constant |= 1n << BigInt(2 ** j - 1);
      register = (register << 1) ^ ((register >>> 7) * 0x171);
    }
    constants.writeBigUInt64LE(constant, round * LANE_BYTES);
  }
  return [...constants];
}

const keccakModule = new WebAssembly.Module(assembleModule());
