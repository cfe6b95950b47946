import { describe, expect, test } from "vitest";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type Rules } from "../../../node/el/evm/rules.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import { matchesDeclared } from "../../execution/trial.ts";
import { type Disagreement, disagreementTrial } from "../disagreements.testkit.ts";
import { attribute } from "./attribute.ts";

/** Rules towards pyquarkchain's with which goquarkchain's match what the block declares. */
function missingFromGoquarkchain(disagreement: Disagreement, tested: Rules) {
  const { trial, config } = disagreementTrial(disagreement);
  return attribute({
    trial,
    reference: QUARKCHAIN_RULES,
    tested,
    executorOf: (rules) => rulesExecutor(config, trial.fullShardId, rules),
    matches: (outcome) => matchesDeclared(trial, outcome),
  });
}

describe("blocks that goquarkchain refuses", () => {
  test.each([
    ["gaslimit-opcode", "gasLimitOfHeader"],
    ["selfdestruct-same-block", "selfDestructAtBlockEnd"],
    ["zero-token-balance", "revertKeepsZeroBalances"],
  ] as const)("%s: %s", (disagreement, expected) => {
    expect(missingFromGoquarkchain(disagreement, GOQUARKCHAIN_RULES)).toEqual([expected]);
  });
});
