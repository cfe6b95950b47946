import { expect, test } from "vitest";
import { countGas } from "../evm/gas-count.ts";
import { answerHardforkCase, SURROUNDINGS } from "../evm/hardforks/hardfork-case.testkit.ts";
import { ruleSet } from "../evm/hardforks/rule-set.ts";
import { Eip3155Writer } from "./eip3155-writer.ts";
import { UnitTracer } from "./unit-tracer.ts";

const CALLER = "a1".repeat(20);
const CALLED = "a2".repeat(20);
/** GAS POP STOP. */
const LOOK_AT_GAS = "5a5000";
/** CALL without arguments or value, with all but a 64th of the gas; then the same look. */
const CALL_AND_LOOK = `6000600060006000600073${CALLED}5af150${LOOK_AT_GAS}`;
const GAS = 0x5a;
const CALL = 0xf1;

interface Line {
  readonly op: number;
  readonly depth: number;
  readonly gas: string;
  readonly gasCost: string;
  readonly stack: readonly string[];
}

function trace(total: bigint, code: string): Line[] {
  const lines: Line[] = [];
  const writer = new Eip3155Writer((line) => lines.push(JSON.parse(line)));
  const tracer = new UnitTracer(writer, () => true);
  const account = { nonce: "1", balance: "0", storage: {} };
  const accounts = {
    [SURROUNDINGS.sender]: { ...account, code: "" },
    [CALLER]: { ...account, code },
    [CALLED]: { ...account, code: LOOK_AT_GAS },
  };
  const message = { name: "", hardfork: "quarkchain", accounts, to: CALLER, value: "0", data: "" };
  const nothing = { success: true, gasLeft: 0, output: "", logs: [], refund: 0, accounts: {} };
  tracer.enterUnit({ kind: "transaction", index: 0, hash: undefined });
  answerHardforkCase({ ...message, ...countGas(total) }, nothing, ruleSet("quarkchain"), tracer.tracer);
  return lines;
}

test.each([2n ** 52n - 1n, 2n ** 52n + 77n, 2n ** 53n + 12_345n, 2n ** 63n])("of %i gas all is shown", (total) => {
  const [first, second] = trace(total, LOOK_AT_GAS);
  expect(BigInt(first.gas)).toBe(total);
  // GAS pushes what is left behind itself.
  expect(second).toMatchObject({ gas: `0x${(total - 2n).toString(16)}`, stack: [`0x${(total - 2n).toString(16)}`] });
});

test("a call's gas and cost, and what is left behind it, are whole as well", () => {
  const lines = trace(2n ** 63n, CALL_AND_LOOK);
  const looks = lines.filter(({ op, depth }, i) => op === GAS && (depth === 2 || i > 10));
  expect(looks.map(({ depth }) => depth)).toEqual([2, 1]);
  for (const look of looks) {
    const next = lines[lines.indexOf(look) + 1];
    expect(next.stack.at(-1)).toBe(next.gas);
    expect(BigInt(look.gas) - BigInt(next.gas)).toBe(2n);
  }
  const call = lines.find(({ op }) => op === CALL);
  const handedOn = BigInt(looks[0].gas);
  expect(BigInt(call?.gasCost ?? 0)).toBe(handedOn + 700n);
  expect(handedOn).toBe(((BigInt(call?.gas ?? 0) - 700n) * 63n + 63n) / 64n);
});
