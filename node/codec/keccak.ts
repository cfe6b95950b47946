import { operations } from "../measure/operations.ts";
import { asHash32, type Hash32 } from "./bytes.ts";
import { createKeccakSponge, DIGEST_ADDRESS, INPUT_ADDRESS } from "./keccak-f.ts";

const RATE_256 = 136;
const RATE_512 = 72;
/** First and last bit of the padding: in the byte behind the input, and in the last one of its block. */
const PAD_FIRST = 0x01;
const PAD_LAST = 0x80;

/** One sponge serves a thread: a hash is made in one go. */
const sponge = createKeccakSponge();

/** keccak-256 (the pre-standard padding Ethereum uses). */
export function keccak256(first: Uint8Array, ...more: readonly Uint8Array[]): Hash32 {
  operations.hashes++;
  sponge.absorb136(fill(RATE_256, first, more));
  return sponge.memory.slice(DIGEST_ADDRESS, DIGEST_ADDRESS + 32) as Hash32;
}

/** keccak-512, 64 bytes. */
export function keccak512(first: Uint8Array, ...more: readonly Uint8Array[]): Uint8Array {
  operations.hashes++;
  sponge.absorb72(fill(RATE_512, first, more));
  return sponge.memory.slice(DIGEST_ADDRESS, DIGEST_ADDRESS + 64);
}

/** Puts the input where the sponge reads it, pads it, and returns how many blocks it makes. */
function fill(rate: number, first: Uint8Array, more: readonly Uint8Array[]): number {
  let length = first.length;
  for (const part of more) length += part.length;
  const blocks = Math.floor(length / rate) + 1;
  const end = INPUT_ADDRESS + blocks * rate;
  sponge.reserve(end);
  const { memory } = sponge;
  memory.set(first, INPUT_ADDRESS);
  let at = INPUT_ADDRESS + first.length;
  for (const part of more) {
    memory.set(part, at);
    at += part.length;
  }
  // A call of `fill` would cost more than a short block's padding.
  for (let i = at; i < end; i++) memory[i] = 0;
  memory[at] = PAD_FIRST;
  memory[end - 1] |= PAD_LAST;
  return blocks;
}

export const KECCAK_EMPTY: Hash32 = asHash32(keccak256(new Uint8Array(0)));
/** Root of an empty Merkle-Patricia trie: keccak256(rlp("")). */
export const EMPTY_TRIE_ROOT: Hash32 = asHash32(keccak256(Uint8Array.of(0x80)));
