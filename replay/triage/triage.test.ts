import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { bytesEqual, toHex } from "../../node/codec/bytes.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import { ruleSet } from "../../node/el/evm/hardforks/rule-set.ts";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import { causeWithout } from "../report/classes/class-name.ts";
import { triageSchema } from "../report/triage-schema.ts";
import { Classifier } from "./classes/classifier.ts";
import { type Disagreement, disagreementTrial } from "./disagreements.testkit.ts";
import { outcomeOf } from "./locality/declared-outcome.ts";
import { triageDivergence } from "./triage.ts";

const folder = mkdtempSync(join(tmpdir(), "qkc-triage-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The block as `maker` made it, looked at as one that `tested` does not come to. */
function triageUnder(name: Disagreement, maker: Rules, tested: Rules, known: readonly string[] = []) {
  const { trial, config, cl } = disagreementTrial(name);
  const execute = (rules: Rules) => rulesExecutor(config, trial.fullShardId, rules).execute(trial.payload, trial.nodes);
  const made = execute(maker);
  const declared = outcomeOf(made, cl, trial);
  const outcome = execute(tested);
  const matches = (other: NewPayloadResult) => isSame(made, other);
  expect(matches(outcome)).toBe(false);
  const classifier = new Classifier(config, tested);
  const diverging = { cl, trial, declared: () => declared, matches, outcome, fields: [] };
  const cause = classifier.causeOf(diverging, known);
  const warnings: string[] = [];
  const warn = (text: string) => warnings.push(text);
  const request = { config, cl, trial, declared, cause, tested, rulesText: tested.name, folder, warn };
  const triage = triageSchema.parse(triageDivergence(request));
  expect(warnings).toEqual([]);
  return { triage, trial };
}

function isSame(a: NewPayloadResult, b: NewPayloadResult): boolean {
  if (a.status !== "EXECUTED" || b.status !== "EXECUTED") return false;
  return bytesEqual(a.computed.stateRoot, b.computed.stateRoot) && a.computed.gasUsed === b.computed.gasUsed;
}

const CASES = [
  {
    name: "gaslimit-opcode",
    rule: "gasLimitOfHeader",
    // fixtures/goqkc-disagreements: the last block's transaction that stores GASLIMIT.
    unit: 4,
    step: { opcode: "GASLIMIT", pc: 0 },
    what: "stack",
    receipt: undefined,
    state: [["storage", "0x9", "0x5b8d80", "0xb71b00"]],
  },
  {
    name: "selfdestruct-same-block",
    rule: "selfDestructAtBlockEnd",
    unit: 1,
    step: { opcode: "SELFDESTRUCT", pc: 1 },
    what: "state",
    receipt: { index: 3, fields: [{ field: "cumulativeGasUsed", declared: "146091", computed: "151093" }] },
    state: [
      ["balance", "QKC", "1005401074640498371866341", "1005401074642999371866341"],
      ["balance", "QKC", "1000152663115762112832562", "1000152663110760112832562"],
    ],
  },
  {
    name: "zero-token-balance",
    rule: "revertKeepsZeroBalances",
    unit: 2,
    step: { opcode: "SSTORE", pc: 3 },
    what: "state",
    receipt: undefined,
    state: [["tokenBalances", null, "0x00c0", "0x"]],
  },
] as const;

describe("triageDivergence", () => {
  it.each(CASES)("$name: goquarkchain's rules on pyquarkchain's block", (expected) => {
    const { triage, trial } = triageUnder(expected.name, QUARKCHAIN_RULES, GOQUARKCHAIN_RULES);
    expect(triage.class).toBe(expected.rule);
    expect(triage.attribution.switches.map(({ name }) => name)).toEqual([expected.rule]);
    const hash = toHex(trial.payload.transactions[expected.unit].hash);
    expect(triage.unit).toEqual({ kind: "transaction", index: expected.unit, hash });
    expect(triage.step).toMatchObject({ what: expected.what, referenceStep: expected.step, testedStep: expected.step });
    expect(triage.receipt ?? undefined).toEqual(expected.receipt);
    expect(triage.state.differences.map((one) => [one.field, one.key, one.declared, one.computed])).toEqual(
      expected.state,
    );
    expect(triage.command).toBe(`qkc diff --db DIR --block ${toHex(trial.hash)} --rules goquarkchain`);
    expect(triage.calls?.map(({ execution, unit }) => [execution, unit])).toEqual([
      [triage.step?.reference, triage.unit],
      [triage.step?.tested, triage.unit],
    ]);
    const { reference, tested } = triage.step?.traces ?? {};
    for (const file of [triage.reproducer, reference, tested])
      expect(existsSync(join(folder, file ?? "none"))).toBe(true);
  });

  it.each(CASES)("$name: quarkchain's rules on a block as goquarkchain would have made it", (expected) => {
    const { triage } = triageUnder(expected.name, GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, [expected.rule]);
    expect(triage.class).toBe(expected.rule);
    expect(triage.attribution.switches.map(({ name }) => name)).toEqual([expected.rule]);
    expect(triage.unit).toMatchObject({ kind: "transaction", index: expected.unit });
    expect(triage.step).toMatchObject({ what: expected.what, testedStep: expected.step });
    expect(triage.state.differences.map((one) => [one.field, one.key, one.computed, one.declared])).toEqual(
      expected.state,
    );
  });

  it.each(CASES)("$name: finds the rule by which goquarkchain would have made it", ({ name, rule }) => {
    const { triage } = triageUnder(name, GOQUARKCHAIN_RULES, QUARKCHAIN_RULES);
    expect(triage.class).toBe(rule);
    expect(triage.attribution.explanation).toContain(`${rule}: `);
  });

  it("finds the one of Ethereum's later rules by which a block was made", () => {
    const { triage } = triageUnder("gaslimit-opcode", ruleSet("quarkchain+2929"), QUARKCHAIN_RULES);
    expect(triage.class).toBe("EIP-2929");
    expect(triage.attribution.explanation).toMatch(/^as with EIP-2929: the first look at an account costs 2,600/);
  });

  it("leaves a block without an explanation unexplained, and says where it differs", () => {
    const { trial, config, cl } = disagreementTrial("gaslimit-opcode");
    const outcome = rulesExecutor(config, trial.fullShardId, GOQUARKCHAIN_RULES).execute(trial.payload, trial.nodes);
    const declared = outcomeOf(outcome, cl, trial);
    const cause = causeWithout("unexplained/state.storage");
    const common = { config, cl, trial, declared, cause, tested: QUARKCHAIN_RULES, rulesText: undefined };
    const triage = triageDivergence({ ...common, folder: undefined, warn: expect.fail });
    expect(triage.attribution.switches).toEqual([]);
    expect(triage.attribution.explanation).toMatch(
      /^unexplained: .*; first in transaction 4 .* storage 0x9 0xb71b00 declared, 0x5b8d80 computed$/,
    );
    expect(triage).toMatchObject({ step: null, reproducer: null, unit: { kind: "transaction", index: 4 } });
  });
});

describe("Classifier", () => {
  it("does not blame a rule for what the tested rules themselves come to", () => {
    const { trial, config, cl } = disagreementTrial("zero-token-balance");
    const outcome = rulesExecutor(config, trial.fullShardId, QUARKCHAIN_RULES).execute(trial.payload, trial.nodes);
    const declared = () => outcomeOf(outcome, cl, trial);
    const matches = (other: NewPayloadResult) => isSame(outcome, other);
    const diverging = { cl, trial, declared, matches, outcome, fields: [] };
    expect(new Classifier(config, QUARKCHAIN_RULES).causeOf(diverging).name).toBe("unexplained/not-reproduced");
  });

  it("names a block that no rules explain by what differs first, and stops searching after five alike", () => {
    const { trial, config, cl } = disagreementTrial("zero-token-balance");
    const outcome = rulesExecutor(config, trial.fullShardId, QUARKCHAIN_RULES).execute(trial.payload, trial.nodes);
    let asked = 0;
    const matches = () => {
      asked++;
      return false;
    };
    const declared = () => ({ ...outcomeOf(outcome, cl, trial), stateRoot: trial.payload.parentStateRoot });
    const diverging = { cl, trial, declared, matches, outcome, fields: [] };
    const classifier = new Classifier(config, QUARKCHAIN_RULES);
    const counts = Array.from({ length: 7 }, () => {
      asked = 0;
      expect(classifier.causeOf(diverging).name).toMatch(/^unexplained\/state\./);
      return asked;
    });
    expect(counts.slice(0, 5).every((count) => count > 20)).toBe(true);
    expect(counts.slice(5)).toEqual([1, 1]);
  });
});
