import type { ExecutionContext } from "../context.ts";
import { failure, OUT_OF_GAS } from "../frame.ts";
import type { Message, MessageResult } from "../message.ts";

const INPUT_BYTES = 213;
const STATE_AT = 4;
const BLOCK_AT = 68;
const OFFSET_AT = 196;
const FINAL_AT = 212;

/** BLAKE2b's initial vector, low half of each word first. */
const INITIAL = Uint32Array.of(
  ...[0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a],
  ...[0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19],
);

const SCHEDULE: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/** Words that one mixing takes, columns first. */
const MIXINGS: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
];

/** Precompile 9: (rounds, state, block, offset, whether final) to the new state of BLAKE2b; a gas per round (EIP-152). */
export function blake2f(_context: ExecutionContext, message: Message): MessageResult {
  const { data, gas } = message;
  if (data.length !== INPUT_BYTES || data[FINAL_AT] > 1) return failure("not an input of BLAKE2b's compression");
  const rounds = new DataView(data.buffer, data.byteOffset).getUint32(0);
  if (gas < rounds) return failure(OUT_OF_GAS);
  return { success: true, gasLeft: gas - rounds, output: compress(rounds, data) };
}

function compress(rounds: number, data: Uint8Array): Uint8Array {
  const state = halves(data, STATE_AT, 16);
  const block = halves(data, BLOCK_AT, 32);
  const offset = halves(data, OFFSET_AT, 4);
  const v = new Uint32Array(32);
  v.set(state);
  v.set(INITIAL, 16);
  for (let i = 0; i < 4; i++) v[24 + i] ^= offset[i];
  if (data[FINAL_AT] === 1) {
    v[28] = ~v[28];
    v[29] = ~v[29];
  }
  for (let round = 0; round < rounds; round++) {
    const order = SCHEDULE[round % SCHEDULE.length];
    for (let i = 0; i < MIXINGS.length; i++) mix(v, MIXINGS[i], block, order[2 * i], order[2 * i + 1]);
  }
  const output = new DataView(new ArrayBuffer(64));
  for (let i = 0; i < 16; i++) output.setUint32(4 * i, state[i] ^ v[i] ^ v[i + 16], true);
  return new Uint8Array(output.buffer);
}

/** 64-bit words as little-endian halves. */
function halves(data: Uint8Array, at: number, count: number): Uint32Array {
  const view = new DataView(data.buffer, data.byteOffset);
  return Uint32Array.from({ length: count }, (_, i) => view.getUint32(at + 4 * i, true));
}

function mix(
  v: Uint32Array,
  words: readonly [number, number, number, number],
  block: Uint32Array,
  first: number,
  second: number,
): void {
  const [a, b, c, d] = words;
  add(v, a, v[2 * b], v[2 * b + 1]);
  add(v, a, block[2 * first], block[2 * first + 1]);
  xorRotate(v, d, a, 32);
  add(v, c, v[2 * d], v[2 * d + 1]);
  xorRotate(v, b, c, 24);
  add(v, a, v[2 * b], v[2 * b + 1]);
  add(v, a, block[2 * second], block[2 * second + 1]);
  xorRotate(v, d, a, 16);
  add(v, c, v[2 * d], v[2 * d + 1]);
  xorRotate(v, b, c, 63);
}

function add(v: Uint32Array, word: number, low: number, high: number): void {
  const sum = v[2 * word] + low;
  v[2 * word] = sum;
  v[2 * word + 1] += high + (sum > 0xffffffff ? 1 : 0);
}

/** word = (word xor other), rotated right. */
function xorRotate(v: Uint32Array, word: number, other: number, bits: number): void {
  const low = v[2 * word] ^ v[2 * other];
  const high = v[2 * word + 1] ^ v[2 * other + 1];
  if (bits === 32) {
    v[2 * word] = high;
    v[2 * word + 1] = low;
  } else if (bits < 32) {
    v[2 * word] = (low >>> bits) | (high << (32 - bits));
    v[2 * word + 1] = (high >>> bits) | (low << (32 - bits));
  } else {
    v[2 * word] = (high >>> (bits - 32)) | (low << (64 - bits));
    v[2 * word + 1] = (low >>> (bits - 32)) | (high << (64 - bits));
  }
}
