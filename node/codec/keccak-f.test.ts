import { keccak_512 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createKeccakPermutation } from "./keccak-f.ts";

const RATE_BYTES = 72;

/** keccak-512 by the sponge construction over the permutation under test. */
function keccak512(message: Uint8Array): Uint8Array {
  const { state, permute } = createKeccakPermutation();
  const bytes = new Uint8Array(state.buffer, state.byteOffset, state.byteLength);
  const padded = new Uint8Array(RATE_BYTES * Math.ceil((message.length + 1) / RATE_BYTES));
  padded.set(message);
  padded[message.length] |= 0x01;
  padded[padded.length - 1] |= 0x80;
  for (let block = 0; block < padded.length; block += RATE_BYTES) {
    for (let i = 0; i < RATE_BYTES; i++) bytes[i] ^= padded[block + i];
    permute();
  }
  return bytes.slice(0, 64);
}

test("hashes messages of any length as @noble/hashes does", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5 * RATE_BYTES }), (message) => {
      expect(keccak512(message)).toEqual(keccak_512(message));
    }),
  );
});

test("each permutation has a state of its own", () => {
  const one = createKeccakPermutation();
  const other = createKeccakPermutation();
  one.permute();
  expect(other.state.every((word) => word === 0)).toBe(true);
  expect(one.state[0]).not.toBe(0);
});
