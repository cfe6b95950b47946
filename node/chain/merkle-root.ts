import { concatBytes, type Hash32, uint32ToBytes, ZERO_HASH } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";

/**
 * SSZ-like keccak tree over the hashes of the serialised items, closed with the 8-byte count
 * (pyquarkchain core.py calculate_merkle_root). Used for transactions and for the headers in a root block.
 */
export function merkleRoot(leaves: readonly Hash32[]): Hash32 {
  if (leaves.length === 0) return ROOT_OF_NOTHING;
  return computedRoot(leaves);
}

function computedRoot(leaves: readonly Hash32[]): Hash32 {
  let level: readonly Hash32[] = leaves.length === 0 ? [ZERO_HASH] : leaves;
  let padding: Hash32 = ZERO_HASH;
  while (level.length !== 1) {
    const above: Hash32[] = [];
    for (let i = 0; i < level.length; i += 2) above.push(keccak256(level[i], level[i + 1] ?? padding));
    padding = keccak256(padding, padding);
    level = above;
  }
  return keccak256(level[0], concatBytes(new Uint8Array(4), uint32ToBytes(leaves.length)));
}

/** Of every block without transactions. */
const ROOT_OF_NOTHING = computedRoot([]);
