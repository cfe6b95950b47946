import type { Hash32 } from "../../codec/bytes.ts";
import { keccak512 } from "../../codec/keccak.ts";
import { createKeccakPermutation } from "../../codec/keccak-f.ts";
import { epochSeed } from "./epoch.ts";
import { cacheBytes, DATASET_PAGE_BYTES, datasetBytes, ROW_BYTES } from "./ethash-size.ts";
import { type Proof, proofOf, proofSeed, wordsOf } from "./proof.ts";

/** An epoch's cache, from which single pages of its dataset are computed. */
export interface EthashCache {
  readonly epoch: number;
  /** Rows of 16 little-endian words; cacheBytes(epoch) bytes. */
  readonly words: Int32Array;
  readonly rowCount: number;
  readonly datasetPages: number;
}

const ROW_WORDS = ROW_BYTES / 4;
const CACHE_ROUNDS = 3;
const DATASET_PARENTS = 256;
const ACCESSES = 64;
const PAGE_WORDS = 2 * ROW_WORDS;
const FNV_PRIME = 0x01000193;

// The message to hash is written where the permutation expects it: in the first sixteen words of its state.
const { state: message, permute } = createKeccakPermutation();

/** Gives `words`, filled by fillEthashCache before (perhaps by another thread), its meaning. */
export function ethashCacheOver(epoch: number, words: Int32Array): EthashCache {
  return { epoch, words, rowCount: words.length / ROW_WORDS, datasetPages: datasetBytes(epoch) / DATASET_PAGE_BYTES };
}

/** Computes an epoch's cache into `words`, which must have cacheBytes(epoch) bytes (pyquarkchain ethash.py:mkcache). */
export function fillEthashCache(epoch: number, words: Int32Array): void {
  const rowCount = cacheBytes(epoch) / ROW_BYTES;
  words.set(wordsOf(keccak512(epochSeed(epoch))));
  for (let i = 1; i < rowCount; i++) {
    for (let k = 0; k < ROW_WORDS; k++) message[k] = words[(i - 1) * ROW_WORDS + k];
    hashMessageTo(words, i * ROW_WORDS);
  }
  for (let round = 0; round < CACHE_ROUNDS; round++) {
    for (let i = 0; i < rowCount; i++) {
      const before = ((i === 0 ? rowCount : i) - 1) * ROW_WORDS;
      const other = ((words[i * ROW_WORDS] >>> 0) % rowCount) * ROW_WORDS;
      for (let k = 0; k < ROW_WORDS; k++) message[k] = words[before + k] ^ words[other + k];
      hashMessageTo(words, i * ROW_WORDS);
    }
  }
}

/** Ethash from the cache alone, computing 64 dataset pages on the way (pyquarkchain ethash.py:hashimoto_light). */
export function ethashProof(cache: EthashCache, miningHash: Hash32, nonce: bigint): Proof {
  const seed = proofSeed(miningHash, nonce);
  const seedWords = wordsOf(seed);
  const mix = new Int32Array(PAGE_WORDS);
  mix.set(seedWords);
  mix.set(seedWords, ROW_WORDS);
  const page = new Int32Array(PAGE_WORDS);
  for (let i = 0; i < ACCESSES; i++) {
    computeDatasetPage(cache, (fnv(i ^ seedWords[0], mix[i % PAGE_WORDS]) >>> 0) % cache.datasetPages, page);
    for (let k = 0; k < PAGE_WORDS; k++) mix[k] = fnv(mix[k], page[k]);
  }
  return proofOf(seed, compress(mix));
}

/**
 * Two neighbouring dataset rows at once (pyquarkchain ethash.py:calc_dataset_item does one): each is a chain of 256 reads at
 * random places of a cache that no processor cache holds, and two chains side by side wait little longer than one.
 */
function computeDatasetPage({ words, rowCount }: EthashCache, index: number, page: Int32Array): void {
  const left = 2 * index;
  const right = left + 1;
  startDatasetRow(words, rowCount, left, page, 0);
  startDatasetRow(words, rowCount, right, page, ROW_WORDS);
  for (let j = 0; j < DATASET_PARENTS; j++) {
    const selector = j % ROW_WORDS;
    const leftParent = ((fnv(left ^ j, page[selector]) >>> 0) % rowCount) * ROW_WORDS;
    const rightParent = ((fnv(right ^ j, page[ROW_WORDS + selector]) >>> 0) % rowCount) * ROW_WORDS;
    for (let k = 0; k < ROW_WORDS; k++) {
      page[k] = fnv(page[k], words[leftParent + k]);
      page[ROW_WORDS + k] = fnv(page[ROW_WORDS + k], words[rightParent + k]);
    }
  }
  for (let offset = 0; offset < PAGE_WORDS; offset += ROW_WORDS) {
    for (let k = 0; k < ROW_WORDS; k++) message[k] = page[offset + k];
    hashMessageTo(page, offset);
  }
}

function startDatasetRow(words: Int32Array, rowCount: number, index: number, page: Int32Array, offset: number): void {
  const start = (index % rowCount) * ROW_WORDS;
  for (let k = 0; k < ROW_WORDS; k++) message[k] = words[start + k];
  message[0] ^= index;
  hashMessageTo(page, offset);
}

function compress(mix: Int32Array): Int32Array {
  const compressed = new Int32Array(mix.length / 4);
  for (let i = 0; i < compressed.length; i++) {
    const [a, b, c, d] = mix.subarray(4 * i, 4 * i + 4);
    compressed[i] = fnv(fnv(fnv(a, b), c), d);
  }
  return compressed;
}

/** keccak-512 of the message: its 64 bytes, then the padding that fills the 72 bytes of the rate. */
function hashMessageTo(target: Int32Array, offset: number): void {
  message.fill(0, ROW_WORDS);
  message[ROW_WORDS] = 1;
  message[ROW_WORDS + 1] = 0x80000000;
  permute();
  for (let k = 0; k < ROW_WORDS; k++) target[offset + k] = message[k];
}

function fnv(a: number, b: number): number {
  return Math.imul(a, FNV_PRIME) ^ b;
}
