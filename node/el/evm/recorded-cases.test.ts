import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { answerCase, type EvmCase } from "./evm-case.testkit.ts";
import type { GasSchedule } from "./gas.ts";
import { defineRules, QUARKCHAIN_RULES, type RuleDefinition } from "./rules.ts";
import type { TraceStep } from "./tracer.ts";

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

  const names = QUARKCHAIN_RULES.instructions.map(({ name, opcode }) => [name, opcode] as const);
  test.each(names)("fee of %s", (_, opcode) => {
    const instructions = QUARKCHAIN_RULES.instructions.map((entry) =>
      entry.opcode === opcode ? { ...entry, gas: entry.gas + 1 } : entry,
    );
    expect(isNoticed({ ...QUARKCHAIN_RULES, instructions }, opcode)).toBe(true);
  });

  test.each(names)("absence of %s", (_, opcode) => {
    const instructions = QUARKCHAIN_RULES.instructions.filter((entry) => entry.opcode !== opcode);
    expect(isNoticed({ ...QUARKCHAIN_RULES, instructions }, opcode)).toBe(true);
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

interface Answered {
  readonly evmCase: EvmCase;
  readonly answer: string;
  readonly opcodes: ReadonlySet<number>;
}

const answered: readonly Answered[] = cases
  .filter(({ name, expected }) => !name.startsWith("1024 ") && !expected.probed?.length)
  .map((evmCase) => {
    const opcodes = new Set<number>();
    const ignore = () => undefined;
    const tracer = { enterMessage: ignore, step: ({ opcode }: TraceStep) => opcodes.add(opcode), leaveMessage: ignore };
    return { evmCase, answer: JSON.stringify(answerCase(evmCase, QUARKCHAIN_RULES, tracer)), opcodes };
  });

/** Whether a case has another answer under these rules; `opcode` narrows it to the cases that execute it. */
function isNoticed(definition: RuleDefinition, opcode?: number): boolean {
  const rules = defineRules(definition);
  return answered.some(
    ({ evmCase, answer, opcodes }) =>
      (opcode === undefined || opcodes.has(opcode)) && JSON.stringify(answerCase(evmCase, rules)) !== answer,
  );
}
