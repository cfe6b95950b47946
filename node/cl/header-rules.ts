import type { RuleViolation } from "./rule-violation.ts";

/** How far a new block may be ahead of the clock (quarkchain/constants.py ALLOWED_FUTURE_BLOCKS_TIME_VALIDATION). */
const ALLOWED_SECONDS_AHEAD = 15;

/** Time rules that root and minor blocks share. `now` undefined: the block is history, only its order counts. */
export function blockTimeViolations(
  header: { readonly createTime: number },
  parent: { readonly createTime: number },
  now: number | undefined,
): RuleViolation[] {
  const violations: RuleViolation[] = [];
  if (now !== undefined && header.createTime > now + ALLOWED_SECONDS_AHEAD) {
    violations.push({
      code: "TIME_IN_FUTURE",
      field: "createTime",
      message: `block of ${header.createTime} is too far in the future at ${now}`,
    });
  }
  if (header.createTime <= parent.createTime) {
    violations.push({
      code: "TIME_NOT_INCREASING",
      field: "createTime",
      message: `block of ${header.createTime} is not later than its parent of ${parent.createTime}`,
    });
  }
  return violations;
}
