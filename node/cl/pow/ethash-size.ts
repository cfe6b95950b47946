/*
 * Sizes of Ethash's cache and dataset: the largest prime number of rows below a bound that grows with the epoch.
 *
 * Trap: pyquarkchain's own prime test (ethash_utils.py:isprime) stops before the square root, so products of neighbouring
 * primes pass. Its cache of epoch 520 has 1151 * 1153 rows, that of epoch 1574 is wrong as well; all other sizes below
 * epoch 2048 agree. Mainnet's blocks of epoch 520 (heights 15,600,000 to 15,629,999) were mined and checked with native
 * Ethash libraries, whose tables have the primes. So these sizes are the standard ones; fixtures/pow shows both results.
 */

export const ROW_BYTES = 64;
export const DATASET_PAGE_BYTES = 2 * ROW_BYTES;
const CACHE_START_BYTES = 2 ** 24;
const CACHE_GROWTH_BYTES = 2 ** 17;
const DATASET_START_BYTES = 2 ** 30;
const DATASET_GROWTH_BYTES = 2 ** 23;

/** Bytes of an epoch's cache: 16 MB at first, 102 MB at epoch 650. */
export function cacheBytes(epoch: number): number {
  return ROW_BYTES * largestPrimeBelow((CACHE_START_BYTES + CACHE_GROWTH_BYTES * epoch) / ROW_BYTES);
}

/** Bytes of an epoch's dataset, of which verification computes 64 pages. */
export function datasetBytes(epoch: number): number {
  const bound = (DATASET_START_BYTES + DATASET_GROWTH_BYTES * epoch) / DATASET_PAGE_BYTES;
  return DATASET_PAGE_BYTES * largestPrimeBelow(bound);
}

/** `bound` is even. */
function largestPrimeBelow(bound: number): number {
  let candidate = bound - 1;
  while (!isPrime(candidate)) candidate -= 2;
  return candidate;
}

/** `odd` is odd and above 1. */
function isPrime(odd: number): boolean {
  for (let divisor = 3; divisor * divisor <= odd; divisor += 2) {
    if (odd % divisor === 0) return false;
  }
  return true;
}
