import { type Hash32, ZERO_HASH } from "../../codec/bytes.ts";
import { UnsupportedError } from "../../codec/errors.ts";
import { keccak256 } from "../../codec/keccak.ts";

export const EPOCH_LENGTH = 30_000;
/** Ethash's size tables end here too; a 10-second chain gets there after 19 years. */
const EPOCH_COUNT = 2048;

/**
 * The epoch of a block, from the height on its own chain: root and shard heights differ, so several epochs are in use at
 * once. Throws UnsupportedError from height 61,440,000 on.
 */
export function epochOf(height: number): number {
  const epoch = Math.floor(height / EPOCH_LENGTH);
  if (epoch >= EPOCH_COUNT) {
    throw new UnsupportedError(`height ${height} is past the last known proof-of-work epoch (${EPOCH_COUNT - 1})`);
  }
  return epoch;
}

const seeds: Hash32[] = [ZERO_HASH];

/** keccak-256 applied `epoch` times to 32 zero bytes; Ethash and qkchash share it (pyquarkchain ethash.py:mkcache). */
export function epochSeed(epoch: number): Hash32 {
  while (seeds.length <= epoch) seeds.push(keccak256(seeds[seeds.length - 1]));
  return seeds[epoch];
}
