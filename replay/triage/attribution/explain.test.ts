import { expect, test } from "vitest";
import { HASH } from "../../report/report.testkit.ts";
import type { StepDivergence } from "../../report/triage-schema.ts";
import { explain } from "./explain.ts";

const SELFDESTRUCT = { step: 25, pc: 1, opcode: "SELFDESTRUCT", gas: "99998", gasCost: "5000", depth: 0, stack: [] };

function partingAt(reference: typeof SELFDESTRUCT, tested: typeof SELFDESTRUCT): StepDivergence {
  return {
    unit: { kind: "transaction", index: 0, hash: HASH },
    reference: "quarkchain+3529",
    tested: "quarkchain",
    what: "gas",
    contract: null,
    callPath: [],
    referenceStep: reference,
    testedStep: tested,
    context: { reference: [reference], tested: [tested] },
    code: [],
    traces: null,
  };
}

test("gas that a step begins with is said by how much it is less", () => {
  const step = partingAt(SELFDESTRUCT, { ...SELFDESTRUCT, gas: "99990" });
  expect(explain([], step)).toBe("gas +8 before SELFDESTRUCT at pc 0x1");
});

test("gas that differs only once a step is done, as by what it refunds, has no amount before it", () => {
  expect(explain([], partingAt(SELFDESTRUCT, SELFDESTRUCT))).toBe("gas differs first at SELFDESTRUCT, pc 0x1");
});
