import { type Hash32, word256ToBigInt } from "../../codec/bytes.ts";

/** Ethash and qkchash: the result may be the target itself (pyquarkchain ethpow.py:check_pow, qkcpow.py:check_pow). */
export function meetsTarget(result: Hash32, difficulty: bigint): boolean {
  return word256ToBigInt(result, 0) <= quotient(difficulty);
}

/** Double SHA-256: the hash must stay below a target that is itself one lower (pyquarkchain miner.py:validate_seal). */
export function meetsDoubleSha256Target(hash: Hash32, difficulty: bigint): boolean {
  return word256ToBigInt(hash, 0) < quotient(difficulty) - 1n;
}

/** Difficulty 0 means 1. */
function quotient(difficulty: bigint): bigint {
  return 2n ** 256n / (difficulty === 0n ? 1n : difficulty);
}
