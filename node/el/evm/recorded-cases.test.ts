import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { answerCase, type EvmCase } from "./evm-case.testkit.ts";
import type { GasSchedule } from "./gas.ts";
import { defineRules, QUARKCHAIN_RULES, type RuleDefinition } from "./rules.ts";

/** Cases and answers of pyquarkchain; fixtures/evm/README.md says how they were made. */
const file = new URL("../../../fixtures/evm/cases.jsonl.gz", import.meta.url);
const cases: readonly EvmCase[] = gunzipSync(readFileSync(file))
  .toString("utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

describe("pyquarkchain's answers", () => {
  test.each(cases.map((evmCase) => [evmCase.name, evmCase] as const))("%s", (_, evmCase) => {
    expect(answerCase(evmCase)).toEqual(evmCase.expected);
  });
});

/** The cases notice each price, fee and switch: with a wrong one some answer is wrong. */
describe("a wrong rule is noticed", () => {
  const prices = Object.keys(QUARKCHAIN_RULES.gas) as (keyof GasSchedule)[];
  test.each(prices)("price %s", (price) => {
    const gas = { ...QUARKCHAIN_RULES.gas, [price]: QUARKCHAIN_RULES.gas[price] + 1 };
    expect(isNoticed({ ...QUARKCHAIN_RULES, gas })).toBe(true);
  });

  test.each(QUARKCHAIN_RULES.instructions.map(({ name }) => name))("fee of %s", (name) => {
    const instructions = QUARKCHAIN_RULES.instructions.map((entry) =>
      entry.name === name ? { ...entry, gas: entry.gas + 1 } : entry,
    );
    expect(isNoticed({ ...QUARKCHAIN_RULES, instructions })).toBe(true);
  });

  test.each(QUARKCHAIN_RULES.instructions.map(({ name }) => name))("absence of %s", (name) => {
    const instructions = QUARKCHAIN_RULES.instructions.filter((entry) => entry.name !== name);
    expect(isNoticed({ ...QUARKCHAIN_RULES, instructions })).toBe(true);
  });

  const switches: readonly Partial<RuleDefinition>[] = [
    { callDepthLimit: 1023 },
    { callDepthLimit: 1025 },
    { maxCodeSize: 24575 },
    { maxCodeSize: 24577 },
    { logDataGasChecked: true },
    { create2HashGasChecked: true },
    { tokenIdMustBeQueried: false },
    { modexpEmptyBaseIsZero: false },
  ];
  test.each(switches.map((change) => [JSON.stringify(change), change] as const))("%s", (_, change) => {
    expect(isNoticed({ ...QUARKCHAIN_RULES, ...change })).toBe(true);
  });
});

const quickCases = cases.filter(({ name, expected }) => !name.startsWith("1024 ") && !expected.probed?.length);
const rightAnswers = quickCases.map((evmCase) => JSON.stringify(answerCase(evmCase)));

function isNoticed(definition: RuleDefinition): boolean {
  const rules = defineRules(definition);
  return quickCases.some((evmCase, index) => JSON.stringify(answerCase(evmCase, rules)) !== rightAnswers[index]);
}
