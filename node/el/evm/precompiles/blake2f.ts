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

const SCHEDULE: readonly Uint8Array[] = [
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
].map((order) => Uint8Array.from(order));

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
  const v = new Int32Array(32);
  v.set(state);
  v.set(INITIAL, 16);
  for (let i = 0; i < 4; i++) v[24 + i] ^= offset[i];
  if (data[FINAL_AT] === 1) {
    v[28] = ~v[28];
    v[29] = ~v[29];
  }
  for (let round = 0; round < rounds; round++) mixAll(v, block, SCHEDULE[round % SCHEDULE.length]);
  const output = new DataView(new ArrayBuffer(64));
  for (let i = 0; i < 16; i++) output.setInt32(4 * i, state[i] ^ v[i] ^ v[i + 16], true);
  return new Uint8Array(output.buffer);
}

/** 64-bit words as little-endian halves. */
function halves(data: Uint8Array, at: number, count: number): Int32Array {
  const view = new DataView(data.buffer, data.byteOffset);
  return Int32Array.from({ length: count }, (_, i) => view.getInt32(at + 4 * i, true));
}

/** One round: the columns, then the diagonals. */
function mixAll(v: Int32Array, block: Int32Array, order: Uint8Array): void {
  mix(v, 0, 4, 8, 12, block, order[0], order[1]);
  mix(v, 1, 5, 9, 13, block, order[2], order[3]);
  mix(v, 2, 6, 10, 14, block, order[4], order[5]);
  mix(v, 3, 7, 11, 15, block, order[6], order[7]);
  mix(v, 0, 5, 10, 15, block, order[8], order[9]);
  mix(v, 1, 6, 11, 12, block, order[10], order[11]);
  mix(v, 2, 7, 8, 13, block, order[12], order[13]);
  mix(v, 3, 4, 9, 14, block, order[14], order[15]);
}

/**
 * Mixes the words a, b, c and d with two of the block. Each word is in two local variables while it is worked on: a call
 * may ask for four billion rounds.
 */
function mix(
  v: Int32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  block: Int32Array,
  first: number,
  second: number,
): void {
  let aLow = v[2 * a];
  let aHigh = v[2 * a + 1];
  let bLow = v[2 * b];
  let bHigh = v[2 * b + 1];
  let cLow = v[2 * c];
  let cHigh = v[2 * c + 1];
  let dLow = v[2 * d];
  let dHigh = v[2 * d + 1];

  let sum = (aLow >>> 0) + (bLow >>> 0) + (block[2 * first] >>> 0);
  aHigh = (aHigh + bHigh + block[2 * first + 1] + carryOf(sum)) | 0;
  aLow = sum | 0;
  let low = dLow ^ aLow;
  let high = dHigh ^ aHigh;
  dLow = high;
  dHigh = low;
  sum = (cLow >>> 0) + (dLow >>> 0);
  cHigh = (cHigh + dHigh + carryOf(sum)) | 0;
  cLow = sum | 0;
  low = bLow ^ cLow;
  high = bHigh ^ cHigh;
  bLow = (low >>> 24) | (high << 8);
  bHigh = (high >>> 24) | (low << 8);

  sum = (aLow >>> 0) + (bLow >>> 0) + (block[2 * second] >>> 0);
  aHigh = (aHigh + bHigh + block[2 * second + 1] + carryOf(sum)) | 0;
  aLow = sum | 0;
  low = dLow ^ aLow;
  high = dHigh ^ aHigh;
  dLow = (low >>> 16) | (high << 16);
  dHigh = (high >>> 16) | (low << 16);
  sum = (cLow >>> 0) + (dLow >>> 0);
  cHigh = (cHigh + dHigh + carryOf(sum)) | 0;
  cLow = sum | 0;
  low = bLow ^ cLow;
  high = bHigh ^ cHigh;
  bLow = (high >>> 31) | (low << 1);
  bHigh = (low >>> 31) | (high << 1);

  v[2 * a] = aLow;
  v[2 * a + 1] = aHigh;
  v[2 * b] = bLow;
  v[2 * b + 1] = bHigh;
  v[2 * c] = cLow;
  v[2 * c + 1] = cHigh;
  v[2 * d] = dLow;
  v[2 * d + 1] = dHigh;
}

/** What a sum of low halves carries over. */
function carryOf(sum: number): number {
  return (sum / 0x1_0000_0000) | 0;
}
