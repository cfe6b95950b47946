import { type Hash32, uint32ToBytes } from "../../codec/bytes.ts";
import { keccak512 } from "../../codec/keccak.ts";
import { epochSeed } from "./epoch.ts";
import { OrderStatisticTree } from "./order-statistic-tree.ts";
import { type Proof, proofOf, proofSeed, wordsOf } from "./proof.ts";

const CACHE_ENTRIES = 65_536;
const ENTRIES_PER_HASH = 8;
const ACCESS_ROUNDS = 64;
/** Sixteen 64-bit numbers, each a low word followed by a high word. */
const MIX_WORDS = 32;

/** An epoch's set of 64-bit numbers. */
export interface QkchashCache {
  /** Never changed: each hash works on a copy. */
  readonly tree: OrderStatisticTree;
  /** Room for that copy. */
  readonly scratch: OrderStatisticTree;
}

/** Makes an epoch's cache, 3.1 MB (pyquarkchain qkchash.py:make_cache, qkchash.cpp:cache_create). */
export function createQkchashCache(epoch: number): QkchashCache {
  const tree = new OrderStatisticTree(CACHE_ENTRIES);
  // The rotations made while the sorted numbers go in one after the other are part of the tree's statistics.
  for (const number of sortedCacheNumbers(epoch)) {
    tree.insert(Number(BigInt.asIntN(32, number >> 32n)), Number(BigInt.asIntN(32, number)));
  }
  return { tree, scratch: new OrderStatisticTree(CACHE_ENTRIES) };
}

/** Ascending, without duplicates. */
export function sortedCacheNumbers(epoch: number): BigUint64Array {
  const seed = epochSeed(epoch);
  const numbers = new BigUint64Array(CACHE_ENTRIES);
  const bytes = new Uint8Array(numbers.buffer);
  for (let i = 0; i < CACHE_ENTRIES / ENTRIES_PER_HASH; i++) bytes.set(keccak512(seed, uint32ToBytes(i)), i * 64);
  numbers.sort();
  return numbers.filter((number, i) => i === 0 || number !== numbers[i - 1]);
}

/**
 * qkchash or, `withRotationStats`, qkchashX, which XORs the tree's rotation statistics into the mix before the last hash
 * (pyquarkchain qkchash.py:calculate_hash, qkchash.cpp:qkc_hashx).
 */
export function qkchashProof(
  cache: QkchashCache,
  miningHash: Hash32,
  nonce: bigint,
  withRotationStats: boolean,
): Proof {
  const { tree, scratch } = cache;
  scratch.copyFrom(tree);
  const seed = proofSeed(miningHash, nonce);
  const mix = compress(accessRounds(scratch, wordsOf(seed)));
  if (withRotationStats) {
    const statistics = scratch.rotationStatistics();
    for (let i = 0; i < mix.length; i++) mix[i] ^= statistics[i];
  }
  return proofOf(seed, mix);
}

/** qkchash.cpp:qkc_hash_llrb up to the compression. */
function accessRounds(tree: OrderStatisticTree, seed: Int32Array): Int32Array {
  const mix = new Int32Array(MIX_WORDS);
  mix.set(seed);
  mix.set(seed, seed.length);
  const removed = new Int32Array(MIX_WORDS);
  const pointer = new Int32Array(2);
  for (let round = 0; round < ACCESS_ROUNDS; round++) {
    pointer[0] = seed[0] ^ round;
    pointer[1] = seed[1];
    const selected = 2 * (round % (MIX_WORDS / 2));
    fnv64(pointer, 0, mix[selected], mix[selected + 1]);
    for (let j = 0; j < MIX_WORDS; j += 2) {
      tree.removeAt(remainder(pointer[1], pointer[0], tree.size), removed, j);
      fnv64(pointer, 0, removed[j], removed[j + 1]);
      tree.insert(pointer[1], pointer[0]);
      fnv64(pointer, 0, removed[j], removed[j + 1]);
    }
    for (let j = 0; j < MIX_WORDS; j += 2) fnv64(mix, j, removed[j], removed[j + 1]);
  }
  return mix;
}

/** Four numbers into one, as Ethash does with words. */
function compress(mix: Int32Array): Int32Array {
  const compressed = new Int32Array(MIX_WORDS / 4);
  for (let i = 0; i < compressed.length; i += 2) {
    const from = 4 * i;
    compressed[i] = mix[from];
    compressed[i + 1] = mix[from + 1];
    for (let j = from + 2; j < from + 8; j += 2) fnv64(compressed, i, mix[j], mix[j + 1]);
  }
  return compressed;
}

/** words[at] becomes words[at] * (2^40 + 0x1b3) mod 2^64 XOR the other number; no product exceeds 2^41. */
function fnv64(words: Int32Array, at: number, otherLow: number, otherHigh: number): void {
  const low = words[at];
  const lowProduct = (low >>> 0) * 0x1b3;
  const carry = Math.floor(lowProduct / 2 ** 32);
  words[at] = lowProduct ^ otherLow;
  words[at + 1] = (Math.imul(words[at + 1], 0x1b3) + carry + (low << 8)) ^ otherHigh;
}

/** An unsigned 64-bit number modulo `divisor`, which is at most 2^20. */
function remainder(high: number, low: number, divisor: number): number {
  return (((high >>> 0) % divisor) * 2 ** 32 + (low >>> 0)) % divisor;
}
