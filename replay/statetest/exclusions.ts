/** Part of a test's path, and why it is not run. pyquarkchain excludes these too (tests/test_state.py exclude_func). */
const EXCLUSIONS: ReadonlyMap<string, string> = new Map();

/** Why a test is not run; undefined when it is. */
export function exclusionReason(path: string): string | undefined {
  for (const [part, reason] of EXCLUSIONS) if (path.includes(part)) return reason;
  return undefined;
}
