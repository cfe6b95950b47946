/**
 * How many of its cases a test takes: every n-th in `npm test`, where that is enough to see what breaks, and every one in
 * the oracle suite, which sets QKC_THOROUGH.
 */
export function everyNth(n: number): number {
  return process.env.QKC_THOROUGH === undefined ? n : 1;
}
