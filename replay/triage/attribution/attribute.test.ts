import { describe, expect, test } from "vitest";
import { ruleSet } from "../../../node/el/evm/hardforks/rule-set.ts";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type Rules } from "../../../node/el/evm/rules.ts";
import { type Disagreement, disagreementTrial } from "../disagreements.testkit.ts";
import { rulesExecutor } from "../rules-executor.ts";
import { attribute, attributeDeclared, comesToDeclared } from "./attribute.ts";

function names({ switches }: { readonly switches: readonly { readonly name: string }[] }): string[] {
  return switches.map(({ name }) => name);
}

/** Rules towards pyquarkchain's with which goquarkchain's come to what the block declares. */
function missingFromGoquarkchain(disagreement: Disagreement, tested: Rules) {
  const { trial, config } = disagreementTrial(disagreement);
  return attribute({
    trial,
    reference: QUARKCHAIN_RULES,
    tested,
    executorOf: (rules) => rulesExecutor(config, trial.fullShardId, rules),
    matches: (outcome) => comesToDeclared(trial, outcome),
  });
}

describe("blocks that goquarkchain refuses", () => {
  test.each([
    ["gaslimit-opcode", "gasLimitOfHeader"],
    ["selfdestruct-same-block", "selfDestructAtBlockEnd"],
    ["zero-token-balance", "revertKeepsZeroBalances"],
  ] as const)("%s: %s", (disagreement, expected) => {
    expect(names(missingFromGoquarkchain(disagreement, GOQUARKCHAIN_RULES))).toEqual([expected]);
  });
});

/** A block that declares what another rule set comes to. */
function declaredUnder(rules: Rules, disagreement: Disagreement) {
  const { trial, config } = disagreementTrial(disagreement);
  const outcome = rulesExecutor(config, trial.fullShardId, rules).execute(trial.payload, trial.nodes);
  if (outcome.status === "INVALID") throw new Error(outcome.rejection.reason);
  const { stateRoot, receiptRoot, bloom, gasUsed, xshardReceiveGasUsed, xshardCursor, coinbaseAmounts } =
    outcome.computed;
  const { block } = trial;
  const meta = { ...block.meta, stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor };
  const header = { ...block.header, bloom, coinbaseAmounts };
  return { trial: { ...trial, block: { ...block, header, meta } }, config };
}

describe("who made a block that differs", () => {
  test.each([
    ["gaslimit-opcode", "gasLimitOfHeader"],
    ["selfdestruct-same-block", "selfDestructAtBlockEnd"],
    ["zero-token-balance", "revertKeepsZeroBalances"],
  ] as const)("goquarkchain, where it disagrees in %s", (disagreement, expected) => {
    const attribution = attributeDeclared(declaredUnder(GOQUARKCHAIN_RULES, disagreement));
    expect(names(attribution)).toEqual([expected]);
    expect(attribution.explanation).toContain(`${expected}: `);
  });

  test("somebody with one of Ethereum's later rules", () => {
    const attribution = attributeDeclared(declaredUnder(ruleSet("quarkchain+2929"), "gaslimit-opcode"));
    expect(names(attribution)).toEqual(["EIP-2929"]);
    expect(attribution.explanation).toMatch(/^as with EIP-2929: the first look at an account costs 2,600/);
  });

  test("nobody who is known", () => {
    const { trial, config } = declaredUnder(QUARKCHAIN_RULES, "gaslimit-opcode");
    const meta = { ...trial.block.meta, gasUsed: trial.block.meta.gasUsed + 1n };
    const attribution = attributeDeclared({ trial: { ...trial, block: { ...trial.block, meta } }, config });
    expect(attribution.switches).toEqual([]);
    expect(attribution.explanation).toMatch(/^unexplained/);
  });
});
