import type { Hash32 } from "../../codec/bytes.ts";
import { keccak256, keccak512 } from "../../codec/keccak.ts";

/** What Ethash and qkchash compute from a mining hash and a nonce. */
export interface Proof {
  /** Must equal the header's mixhash. */
  readonly mixhash: Hash32;
  /** Must, read as a big-endian number, not exceed the target. */
  readonly result: Hash32;
}

/** 64 bytes: keccak-512 of the mining hash and the nonce as 8 bytes little-endian (pyquarkchain ethash.py:hashimoto). */
export function proofSeed(miningHash: Hash32, nonce: bigint): Uint8Array {
  const nonceBytes = Buffer.allocUnsafe(8);
  nonceBytes.writeBigUInt64LE(nonce);
  return keccak512(miningHash, nonceBytes);
}

/** `mix` holds 32 bytes. */
export function proofOf(seed: Uint8Array, mix: Int32Array): Proof {
  const mixhash = new Uint8Array(mix.buffer.slice(mix.byteOffset, mix.byteOffset + mix.byteLength)) as Hash32;
  return { mixhash, result: keccak256(seed, mixhash) };
}

/** The bytes as little-endian words, in memory of their own. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(Uint8Array.from(bytes).buffer);
}
