import { expect, test } from "vitest";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import type { Tracer, TraceStep } from "../../node/el/evm/tracer.ts";
import { firstEffect } from "./first-effect.ts";
import type { Unit, UnitRun } from "./unit-runs.ts";

test("two runs longer than what is kept of them are not said to be alike", () => {
  const step = { pc: 1, opcode: 1, gas: 5, depth: 0 } as TraceStep;
  const run = (_unit: Unit, _rules: unknown, tracer?: Tracer) => {
    for (let i = 0; i <= 400_000; i++) tracer?.step?.(step);
    return { gasUsed: 1n, refused: undefined } as UnitRun;
  };
  const text = firstEffect({ run }, {} as Unit, QUARKCHAIN_RULES, QUARKCHAIN_RULES);
  expect(text).toBe("what it changes lies behind the first 400,000 instructions");
});
