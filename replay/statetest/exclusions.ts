/** Part of a test's path, and why it is not run. pyquarkchain leaves all of these out, and more (test_state.py exclude_func). */
const EXCLUSIONS: ReadonlyMap<string, string> = new Map([
  [
    "failed_tx_xcf416c53",
    "needs precompile 3 deleted although its call ran out of gas: Ethereum's own accident, in pyquarkchain neither",
  ],
]);

/** Why a test is not run; undefined when it is. */
export function exclusionReason(path: string): string | undefined {
  for (const [part, reason] of EXCLUSIONS) if (path.includes(part)) return reason;
  return undefined;
}
