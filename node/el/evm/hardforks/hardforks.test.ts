import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { toHex } from "../../../codec/bytes.ts";
import { UsageError } from "../../../codec/errors.ts";
import { QUARKCHAIN_RULES } from "../rules.ts";
import type { Tracer } from "../tracer.ts";
import { EIPS } from "./eips.ts";
import {
  answerHardforkCase,
  type HardforkAnswer,
  type HardforkCase,
  type RecordedCase,
  SURROUNDINGS,
} from "./hardfork-case.testkit.ts";
import { HARDFORK_NAMES, ruleSet } from "./rule-set.ts";

/** Cases and answers of @ethereumjs/evm; fixtures/hardforks/README.md says how they were made. */
const file = new URL("../../../../fixtures/hardforks/cases.jsonl.gz", import.meta.url);
const cases: readonly RecordedCase[] = gunzipSync(readFileSync(file))
  .toString("utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

const CONTRACT = "a1".repeat(20);
const NOTHING: HardforkAnswer = { success: true, gasLeft: 0, output: "", logs: [], refund: 0, accounts: {} };

function caseOf(rules: string, code: string, data = ""): HardforkCase {
  return {
    name: rules,
    hardfork: rules,
    accounts: {
      [SURROUNDINGS.sender]: { nonce: "0", balance: "1000", code: "", storage: {} },
      [CONTRACT]: { nonce: "1", balance: "0", code, storage: {} },
    },
    to: CONTRACT,
    value: "0",
    data,
    gas: 100_000,
  };
}

function answer(rules: string, code: string, data = ""): HardforkAnswer {
  return answerHardforkCase(caseOf(rules, code, data), NOTHING);
}

/** Gas that code with this instruction uses, without what pushes `pushed` zeros cost. */
function gasOf(rules: string, pushed: number, opcode: string): number {
  const { success, gasLeft } = answer(rules, "6000".repeat(pushed) + opcode);
  return success ? 100_000 - gasLeft - 3 * pushed : Number.NaN;
}

describe("@ethereumjs/evm's answers", () => {
  test.each(cases.map((entry) => [entry.name, entry] as const))("%s", (_, entry) => {
    expect(answerHardforkCase(entry, entry.expected)).toEqual(entry.expected);
  });
});

/** Rules that only transactions show, or accounts in rare states (accounts.test.ts). */
const NOT_IN_MESSAGES = new Set([2028, 7623, 2681, 7610, 7702]);
/** Prices that a later rule replaces altogether. */
const NOT_RECORDED = new Set(["osaka 2565", "osaka 7823"]);

describe("a missing rule is noticed", () => {
  const pairs = HARDFORK_NAMES.flatMap((name) => [...ruleSet(name).eips].map((eip) => [name, eip] as const)).filter(
    ([name, eip]) => !NOT_IN_MESSAGES.has(eip) && !NOT_RECORDED.has(`${name} ${eip}`),
  );
  test.each(pairs)("%s without %i", (name, eip) => {
    const rules = ruleSet(`${name}-${eip}`);
    const noticed = cases
      .filter(({ hardfork }) => hardfork === name)
      .some(
        (entry) => JSON.stringify(answerHardforkCase(entry, entry.expected, rules)) !== JSON.stringify(entry.expected),
      );
    expect(noticed).toBe(true);
  });
});

describe("prices of single rules on QuarkChain's own", () => {
  test.each([
    ["quarkchain", "54", 200],
    ["quarkchain+1884", "54", 800],
    ["quarkchain+2929", "54", 2100],
    ["quarkchain+1884+2929", "54", 2100],
    ["quarkchain+1884", "31", 700],
    ["quarkchain+2929", "31", 2600],
    ["quarkchain+istanbul", "46", 2],
    ["quarkchain+7939", "1e", 5],
  ])("%s: 0x%s costs %i", (rules, opcode, gas) => {
    expect(gasOf(rules, opcode === "46" ? 0 : 1, opcode)).toBe(gas);
  });

  test("SSTORE with cold slots but Petersburg's metering", () => {
    expect(gasOf("quarkchain+2929", 2, "55")).toBe(5000 + 2100);
    expect(gasOf("quarkchain", 2, "55")).toBe(5000);
  });

  test("numbers longer than 1024 bytes are refused by 7823 only", () => {
    // MODEXP over memory: lengths 0, 1025 and 1.
    const code = "61040160205260016040526000600060616000600561fffffa60005260206000f3";
    expect(BigInt(`0x${answer("prague", code).output}`)).toBe(1n);
    expect(BigInt(`0x${answer("prague+7823", code).output}`)).toBe(0n);
  });
});

describe("QuarkChain's own behaviour", () => {
  test("stays under any rule that is added", () => {
    const rules = ruleSet("quarkchain+osaka");
    expect(rules).toMatchObject({
      logDataGasChecked: false,
      create2HashGasChecked: false,
      tokenIdMustBeQueried: true,
      modexpEmptyBaseIsZero: true,
    });
    for (const number of QUARKCHAIN_RULES.precompiles.keys()) expect(rules.precompiles.has(number)).toBe(true);
  });

  test("is in no hardfork of Ethereum", () => {
    for (const name of HARDFORK_NAMES) {
      expect(ruleSet(name)).toMatchObject({
        logDataGasChecked: true,
        create2HashGasChecked: true,
        tokenIdMustBeQueried: false,
        modexpEmptyBaseIsZero: false,
      });
      expect(Math.max(...ruleSet(name).precompiles.keys())).toBeLessThanOrEqual(0x100);
    }
  });

  test("mainnet's instructions all run in the interpreter's loop", () => {
    expect(QUARKCHAIN_RULES.table.special.every((entry) => entry === undefined)).toBe(true);
    expect(QUARKCHAIN_RULES.needsScope).toBe(false);
  });
});

/** After these nothing runs, or what runs is elsewhere. */
const WITHOUT_NEXT_STEP = new Set(["STOP", "JUMP", "JUMPI", "RETURN", "REVERT", "SELFDESTRUCT"]);
/** More than any instruction takes. */
const OPERANDS = 20;

/** How high the stack is after the instruction ran on zeros; undefined where nothing ran after it. */
function heightAfter(rules: string, opcode: number): number | undefined {
  const heights: number[] = [];
  const tracer: Tracer = {
    enterMessage: () => undefined,
    step: ({ depth, stack }) => depth === 0 && heights.push(stack.length),
    leaveMessage: () => undefined,
  };
  const code = "6000".repeat(OPERANDS) + toHex(Uint8Array.of(opcode)) + "00".repeat(33);
  answerHardforkCase(caseOf(rules, code), NOTHING, ruleSet(rules), tracer);
  return heights[OPERANDS + 1];
}

describe("every instruction takes and leaves what its table says", () => {
  test.each(["quarkchain", "quarkchain+osaka", ...HARDFORK_NAMES])("%s", (rules) => {
    for (const { opcode, name, inputs, outputs } of ruleSet(rules).instructions) {
      if (WITHOUT_NEXT_STEP.has(name)) continue;
      expect(heightAfter(rules, opcode), name).toBe(OPERANDS - inputs + outputs);
    }
  });
});

test("0x44 is the difficulty in every hardfork", () => {
  for (const name of HARDFORK_NAMES) {
    expect(BigInt(`0x${answer(name, "4460005260206000f3").output}`)).toBe(SURROUNDINGS.difficulty);
  }
});

describe("names of rule sets", () => {
  test("a base, then rules or hardforks to add or take away", () => {
    expect(ruleSet("quarkchain")).toBe(QUARKCHAIN_RULES);
    expect([...ruleSet("quarkchain+3855,+1153").eips]).toEqual([3855, 1153]);
    expect([...ruleSet("istanbul-1884,-2200+3855").eips].sort()).toEqual([1108, 1344, 152, 2028, 2681, 3855, 7610]);
    expect(ruleSet("quarkchain+osaka").eips).toEqual(ruleSet("osaka").eips);
    expect(ruleSet("cancun-berlin").eips.has(2929)).toBe(false);
    expect(ruleSet("berlin").name).toBe("berlin");
    expect(ruleSet("paris").eips).toEqual(ruleSet("london").eips);
  });

  test("the last hardfork has every rule", () => {
    expect([...ruleSet("osaka").eips].sort()).toEqual([...EIPS.keys()].sort());
  });

  test.each([
    ["frontier", /no hardfork "frontier".*petersburg/],
    ["", /no hardfork ""/],
    ["berlin+1559", /no rule 1559.*2929/],
    ["berlin+", /no hardfork ""/],
    ["berlin quarkchain", /no hardfork/],
  ])('"%s" is refused', (text, reason) => {
    expect(() => ruleSet(text)).toThrow(UsageError);
    expect(() => ruleSet(text)).toThrow(reason);
  });
});

test("CHAINID is the id of EIP-155", () => {
  expect(BigInt(`0x${answer("istanbul", "4660005260206000f3").output}`)).toBe(SURROUNDINGS.chainId);
});
