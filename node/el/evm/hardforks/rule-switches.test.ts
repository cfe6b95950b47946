import { describe, expect, test } from "vitest";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type RuleDefinition, type Rules } from "../rules.ts";
import { EIPS } from "./eips.ts";
import { baseOf, HARDFORK_NAMES, ruleSet } from "./rule-set.ts";
import { ruleSwitches, withSwitch } from "./rule-switches.ts";
import { BASE_TITLES, EIP_TITLES } from "./rule-titles.ts";

const PAIRS: readonly (readonly [string, Rules, Rules])[] = [
  ["quarkchain to goquarkchain", QUARKCHAIN_RULES, GOQUARKCHAIN_RULES],
  ["goquarkchain to quarkchain", GOQUARKCHAIN_RULES, QUARKCHAIN_RULES],
  ["quarkchain to petersburg", QUARKCHAIN_RULES, ruleSet("petersburg")],
  ["quarkchain to quarkchain+osaka", QUARKCHAIN_RULES, ruleSet("quarkchain+osaka")],
  ["osaka to goquarkchain", ruleSet("osaka"), GOQUARKCHAIN_RULES],
  ["berlin to cancun-2929", ruleSet("berlin"), ruleSet("cancun-2929")],
];

/** Without the name, and without functions that are made anew each time. */
function comparable({ name, table, instructions, ...rest }: Rules): unknown {
  const prices = instructions.map(({ run, surcharge, ...fixed }) => ({
    ...fixed,
    special: [run !== undefined, surcharge !== undefined],
  }));
  return { ...rest, instructions: prices, eips: [...rest.eips].sort((a, b) => a - b) };
}

function names(from: Rules, to: Rules): string[] {
  return ruleSwitches(from, to).map(({ name }) => name);
}

describe("titles", () => {
  test("every later rule has one", () => {
    expect([...EIP_TITLES.keys()]).toEqual([...EIPS.keys()]);
  });

  test("every field in which clients differ has one", () => {
    const bases: readonly RuleDefinition[] = [QUARKCHAIN_RULES, GOQUARKCHAIN_RULES, baseOf(ruleSet("petersburg"))];
    const differing = Object.keys(QUARKCHAIN_RULES)
      .filter((key) => !["name", "table", "eips"].includes(key))
      .filter((key) => new Set(bases.map((base) => base[key as keyof RuleDefinition])).size > 1);
    expect(differing.sort()).toEqual(Object.keys(BASE_TITLES).sort());
  });
});

describe("switches between two rule sets", () => {
  test("are none between equal ones", () => {
    expect(ruleSwitches(ruleSet("osaka"), ruleSet("osaka"))).toEqual([]);
  });

  test("are the later rules, then what else differs", () => {
    expect(names(ruleSet("istanbul"), ruleSet("quarkchain+berlin"))).toEqual([
      "EIP-2565",
      "EIP-2929",
      ...names(ruleSet("petersburg"), QUARKCHAIN_RULES).filter((name) => !name.startsWith("EIP-")),
    ]);
    expect(names(QUARKCHAIN_RULES, ruleSet("petersburg"))).toContain("precompiles");
    expect(names(QUARKCHAIN_RULES, GOQUARKCHAIN_RULES)).toEqual(
      expect.arrayContaining(["gasLimitOfHeader", "revertKeepsZeroBalances", "selfDestructAtBlockEnd"]),
    );
  });

  test("say which of the two has them", () => {
    const between = ruleSwitches(ruleSet("quarkchain+3855"), ruleSet("quarkchain+1884"));
    expect(between.map(({ name, isGained }) => [name, isGained])).toEqual([
      ["EIP-1884", true],
      ["EIP-3855", false],
    ]);
  });

  test.each(PAIRS)("%s: all of them lead there, none of them nowhere", (_, from, to) => {
    expect(comparable(withSwitch(from, to, names(from, to)))).toEqual(comparable(to));
    expect(comparable(withSwitch(from, to, []))).toEqual(comparable(from));
  });

  test.each(PAIRS)("%s: each can be had alone, and taken back", (_, from, to) => {
    for (const name of names(from, to)) {
      const alone = withSwitch(from, to, [name]);
      expect(names(from, alone)).toEqual([name]);
      expect(comparable(withSwitch(alone, from, [name]))).toEqual(comparable(from));
    }
  });

  test("later rules are composed anew from those that are left", () => {
    const osaka = ruleSet("quarkchain+osaka");
    for (const name of HARDFORK_NAMES) {
      const later = ruleSet(`quarkchain+${name}`);
      expect(comparable(withSwitch(osaka, later, names(osaka, later)))).toEqual(comparable(later));
    }
    const without = withSwitch(osaka, QUARKCHAIN_RULES, ["EIP-2200", "EIP-2929"]);
    expect(comparable(without)).toEqual(comparable(ruleSet("quarkchain+osaka-2200-2929")));
  });

  test("a name that is none is refused", () => {
    expect(() => withSwitch(QUARKCHAIN_RULES, ruleSet("quarkchain+3855"), ["EIP-1884"])).toThrow(/EIP-1884/);
  });
});
