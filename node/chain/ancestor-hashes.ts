import type { Hash32 } from "../codec/bytes.ts";
import type { MinorBlockHeader } from "./minor-block.ts";

/** BLOCKHASH reaches no further. */
const MOST_ANCESTORS = 256;

/**
 * Hash of the n-th ancestor of the block whose parent is `parentHash`: n = 1 is the parent itself, at most 256. Headers
 * are asked for as far back as somebody wants to know.
 */
export function ancestorHashes(
  parentHash: Hash32,
  headerOf: (hash: Hash32) => MinorBlockHeader,
): (distance: number) => Hash32 | undefined {
  const hashes: Hash32[] = [parentHash];
  return (distance) => {
    if (distance < 1 || distance > MOST_ANCESTORS) return undefined;
    while (hashes.length < distance) {
      const header = headerOf(hashes[hashes.length - 1]);
      if (header.height === 0) return undefined;
      hashes.push(header.prevMinorBlockHash);
    }
    return hashes[distance - 1];
  };
}
