import { describe, expect, test } from "vitest";
import { ruleSet } from "../../../node/el/evm/hardforks/rule-set.ts";
import { defineRules, GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type Rules } from "../../../node/el/evm/rules.ts";
import type { WorldState } from "../../../node/el/state/world-state.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import { type StepDivergence, stepDivergenceSchema } from "../../report/triage-schema.ts";
import { type Disagreement, disagreementTrial } from "../disagreements.testkit.ts";
import { firstDivergingStep } from "./first-diverging-step.ts";
import { devnetExecutor, oneBlock, pushAddress } from "./one-block.testkit.ts";

const A = "aaaa0000000000000000000000000000000000a1";
const B = "aaaa0000000000000000000000000000000000b2";

function diverge(trial: BlockTrial, tested: Rules, alter?: (state: WorldState) => void): StepDivergence | undefined {
  const reference = devnetExecutor(QUARKCHAIN_RULES);
  const divergence = firstDivergingStep(trial, reference, devnetExecutor(tested, alter));
  return divergence && stepDivergenceSchema.parse(divergence);
}

describe("the instruction to blame", () => {
  test("is the one whose price differs, not the next one that shows it", () => {
    // PUSH1 9, SLOAD, PUSH1 1, SSTORE, STOP
    const trial = oneBlock({ contracts: { [A]: "600954600155" }, deposits: [A] });
    const divergence = diverge(trial, ruleSet("quarkchain+2929"));
    expect(divergence).toMatchObject({
      unit: { kind: "deposit", index: 0 },
      reference: "quarkchain",
      tested: "quarkchain+2929",
      what: "gas",
      contract: `0x${A}`,
      callPath: [`CALL 0x${A}`],
      referenceStep: { step: 1, pc: 2, opcode: "SLOAD", gas: "99997", gasCost: "200", depth: 0, stack: ["0x9"] },
      testedStep: { step: 1, pc: 2, opcode: "SLOAD", gas: "99997", gasCost: "2100", depth: 0, stack: ["0x9"] },
    });
    expect(divergence?.code.filter(({ here }) => here)).toEqual([{ pc: 2, text: "SLOAD", here: true }]);
    expect(divergence?.code[0]).toEqual({ pc: 0, text: "PUSH1 0x09", here: false });
    expect(divergence?.context.reference.map(({ opcode }) => opcode)).toEqual(["PUSH1", "SLOAD", "PUSH1", "SSTORE"]);
    expect(divergence?.context.tested.map(({ gas }) => gas)).toEqual(["100000", "99997", "97897", "97894"]);
  });

  test("lies in the frame that it belongs to, eight steps around it", () => {
    const quiet = "58".repeat(12);
    // Twelve PCs, then BALANCE of nobody, POP, twelve PCs
    const callee = `${quiet}303150${quiet}`;
    // CALL(gas, B, 0, 0, 0, 0, 0)
    const caller = `60006000600060006000${pushAddress(B)}5af150`;
    const divergence = diverge(
      oneBlock({ contracts: { [A]: caller, [B]: callee }, deposits: [A] }),
      ruleSet("quarkchain+1884"),
    );
    expect(divergence).toMatchObject({
      what: "gas",
      contract: `0x${B}`,
      callPath: [`CALL 0x${A}`, `CALL 0x${B}`],
      referenceStep: { opcode: "BALANCE", gasCost: "400", pc: 13, depth: 1 },
      testedStep: { opcode: "BALANCE", gasCost: "700", pc: 13, depth: 1 },
    });
    const shown = divergence?.context.reference.map(({ step }) => step);
    const blamed = divergence?.referenceStep?.step ?? 0;
    expect(shown).toEqual(Array.from({ length: 17 }, (_, i) => blamed - 8 + i));
  });

  test("is one that only one side knows", () => {
    const trial = oneBlock({ contracts: { [A]: "60015f5500" }, deposits: [A] });
    expect(diverge(trial, ruleSet("quarkchain+3855"))).toMatchObject({
      what: "end",
      referenceStep: { pc: 2, opcode: "PUSH0", gasCost: "99997" },
      testedStep: { pc: 2, opcode: "PUSH0", gasCost: "2" },
      context: { reference: [{ opcode: "PUSH1" }, { opcode: "PUSH0" }] },
    });
  });

  test("is the call, when the call itself is charged otherwise", () => {
    const caller = `60006000600060006000${pushAddress(B)}61fffff150`;
    const trial = oneBlock({ contracts: { [A]: caller, [B]: "5b" }, deposits: [A] });
    expect(diverge(trial, ruleSet("quarkchain+2929"))).toMatchObject({
      what: "gas",
      callPath: [`CALL 0x${A}`],
      // With what it hands on: 0xffff.
      referenceStep: { opcode: "CALL", gasCost: `${700 + 0xffff}`, depth: 0 },
      testedStep: { opcode: "CALL", gasCost: `${2600 + 0xffff}` },
    });
  });

  test("is the call of a precompile that is charged otherwise", () => {
    const caller = `600060006000600060006006${"61fffff150"}`;
    const trial = oneBlock({ contracts: { [A]: caller }, deposits: [A] });
    expect(diverge(trial, ruleSet("quarkchain+1108"))).toMatchObject({
      what: "gas",
      referenceStep: { opcode: "CALL" },
    });
  });

  test("may be the refund that an instruction earns", () => {
    // Sets slot 1 and clears it again.
    const trial = oneBlock({ contracts: { [A]: "6001600155600060015500" }, deposits: [A] });
    const cheaper = defineRules({ ...QUARKCHAIN_RULES, gas: { ...QUARKCHAIN_RULES.gas, storageClearRefund: 4800 } });
    expect(diverge(trial, cheaper)).toMatchObject({
      what: "refund",
      referenceStep: { opcode: "SSTORE", pc: 9 },
    });
  });

  test("is that of the first unit that comes to something else, not one whose unit ends alike", () => {
    // SLOAD and INVALID: all gas is gone by any rules.
    const contracts = { [A]: "600954fe", [B]: "600954" };
    const trial = oneBlock({ contracts, deposits: [A, B], calls: [{ to: B }] });
    expect(diverge(trial, ruleSet("quarkchain+1884"))).toMatchObject({
      unit: { kind: "deposit", index: 1 },
      contract: `0x${B}`,
    });
    expect(diverge(oneBlock({ contracts, deposits: [A] }), ruleSet("quarkchain+1884"))).toMatchObject({
      unit: { kind: "deposit", index: 0 },
      referenceStep: { opcode: "SLOAD" },
    });
  });
});

describe("where no instruction is to blame", () => {
  test("a message that begins otherwise shows its first step", () => {
    const trial = oneBlock({ contracts: { [A]: "6001" }, calls: [{ to: A, data: new Uint8Array(3).fill(1) }] });
    expect(diverge(trial, ruleSet("quarkchain+2028"))).toMatchObject({
      unit: { kind: "transaction", index: 0 },
      what: "gas",
      referenceStep: { step: 0, pc: 0, gas: `${100_000 - 21_000 - 3 * 68}` },
      testedStep: { step: 0, pc: 0, gas: `${100_000 - 21_000 - 3 * 16}` },
    });
  });

  test("a transaction without code has no steps", () => {
    const trial = oneBlock({ contracts: { [A]: "" }, calls: [{ to: B, data: new Uint8Array(1).fill(1) }] });
    expect(diverge(trial, ruleSet("quarkchain+2028"))).toMatchObject({
      unit: { kind: "transaction", index: 0 },
      what: "gas",
      referenceStep: null,
      testedStep: null,
      code: [],
    });
  });

  test("a refused transaction ends before it begins", () => {
    const data = new Uint8Array(2400);
    const trial = oneBlock({ contracts: { [A]: "6001" }, calls: [{ to: A, data }] });
    const rules = defineRules({
      ...QUARKCHAIN_RULES,
      transaction: { ...QUARKCHAIN_RULES.transaction, floorTokenGas: 40n },
    });
    expect(diverge(trial, rules)).toMatchObject({
      unit: { kind: "transaction", index: 0 },
      what: "end",
      referenceStep: { step: 0 },
      testedStep: null,
    });
  });

  test("there is no divergence of what is alike", () => {
    const trial = oneBlock({ contracts: { [A]: "600954600155" }, deposits: [A], calls: [{ to: A }] });
    expect(diverge(trial, QUARKCHAIN_RULES)).toBeUndefined();
    expect(diverge(trial, ruleSet("quarkchain+3855"))).toBeUndefined();
  });
});

describe("a state that answers or keeps something else", () => {
  const trial = oneBlock({ contracts: { [A]: "6007600155600354600255" }, deposits: [A] });

  test("a wrong value read shows on the stack", () => {
    const divergence = diverge(trial, QUARKCHAIN_RULES, (state) => {
      const read = state.getStorage.bind(state);
      state.getStorage = (address, slot) => read(address, slot) + (slot === 3n ? 1n : 0n);
    });
    expect(divergence).toMatchObject({ what: "stack", referenceStep: { opcode: "SLOAD", pc: 7 } });
  });

  test("a wrong value written shows at once, not when it is read", () => {
    const divergence = diverge(trial, QUARKCHAIN_RULES, (state) => {
      const write = state.setStorage.bind(state);
      state.setStorage = (address, slot, value) => write(address, slot, value ^ 1n);
    });
    expect(divergence).toMatchObject({ what: "state", referenceStep: { opcode: "SSTORE", pc: 4 } });
  });
});

describe("blocks on which the two clients disagree", () => {
  test.each<[Disagreement, number, object]>([
    ["gaslimit-opcode", 4, { what: "stack", referenceStep: { opcode: "GASLIMIT", pc: 0 } }],
    ["selfdestruct-same-block", 1, { what: "state", referenceStep: { opcode: "SELFDESTRUCT", pc: 1 } }],
    // SSTORE runs out of gas, and what the call gave is taken back.
    ["zero-token-balance", 2, { what: "state", referenceStep: { opcode: "SSTORE", pc: 3 } }],
  ])("%s", (name, index, expected) => {
    const { trial, config } = disagreementTrial(name);
    const [reference, tested] = [QUARKCHAIN_RULES, GOQUARKCHAIN_RULES].map((rules) =>
      rulesExecutor(config, trial.fullShardId, rules),
    );
    expect(firstDivergingStep(trial, reference, tested)).toMatchObject({
      unit: { kind: "transaction", index },
      ...expected,
    });
  });
});
