import { describe, expect, test } from "vitest";
import { ruleSet } from "../../../node/el/evm/hardforks/rule-set.ts";
import { opcodeOfName } from "../../../node/el/evm/opcode-name.ts";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import type { WorldState } from "../../../node/el/state/world-state.ts";
import type { TraceLine } from "../../../node/el/tracing/eip3155-writer.ts";
import { UnitTracer } from "../../../node/el/tracing/unit-tracer.ts";
import { blockTraceSchema, blockTraceToJson } from "../../../node/engine/api/trace-json.ts";
import type { BlockTrace } from "../../../node/engine/tracing-engine.ts";
import { TraceCollector } from "../../../node/execution-node/debug/trace-collector.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";
import { stepDivergenceSchema } from "../../report/triage-schema.ts";
import { type Disagreement, disagreementTrial } from "../disagreements.testkit.ts";
import { firstDivergingStep } from "./first-diverging-step.ts";
import { firstStepOffTrace } from "./first-step-off-trace.ts";
import { devnetExecutor, type OneBlock, oneBlock, pushAddress } from "./one-block.testkit.ts";

const A = "aaaa0000000000000000000000000000000000a1";
const B = "aaaa0000000000000000000000000000000000b2";
const C = "aaaa0000000000000000000000000000000000c3";

/** What an engine that executes as `executor` does would answer, there and back as text. */
function traceBy({ payload, nodes }: BlockTrial, executor: Executor): BlockTrace {
  const collector = new TraceCollector(undefined);
  const tracer = new UnitTracer(collector, () => true);
  const result = executor.execute(payload, nodes, tracer);
  tracer.finish();
  const rejection =
    result.status === "INVALID"
      ? { transactionIndex: result.rejection.transactionIndex ?? null, reason: result.rejection.reason }
      : null;
  return blockTraceSchema.parse(JSON.parse(JSON.stringify(blockTraceToJson({ units: collector.units, rejection }))));
}

const HALTING = ["STOP", "RETURN", "REVERT", "INVALID", "SELFDESTRUCT"].map(opcodeOfName);

/** The same as clients tell it whose loop comes to a STOP at the end of code. */
function withStopsAtEnd({ steps, ...unit }: BlockTrace["units"][number]): BlockTrace["units"][number] {
  const told: TraceLine[] = [];
  const last: TraceLine[] = [];
  const leaveTo = (depth: number) => {
    for (const line of last.splice(depth + 1).reverse()) {
      if (line.error !== undefined || HALTING.includes(line.opcode)) continue;
      told.push({ ...line, pc: line.pc + 33, opcode: 0, cost: 0n, gas: line.gas - (line.cost ?? 0n), stack: [] });
    }
  };
  for (const line of steps) {
    leaveTo(line.depth);
    told.push(line);
    last[line.depth] = line;
  }
  leaveTo(-1);
  return { ...unit, steps: told };
}

function offTrace(
  trial: BlockTrial,
  reference: Executor,
  tested: Executor,
  change = (units: BlockTrace["units"]) => units,
) {
  const units = change(traceBy(trial, tested).units);
  const divergence = firstStepOffTrace(trial, reference, { name: tested.name, units, isWhole: true, isExact: true });
  return divergence && stepDivergenceSchema.parse(divergence);
}

function expectAsInProcess(trial: BlockTrial, reference: Executor, tested: Executor): void {
  const inProcess = firstDivergingStep(trial, reference, tested);
  expect(inProcess).toBeDefined();
  expect(offTrace(trial, reference, tested)).toEqual(inProcess);
  const { what, referenceStep } = inProcess!;
  const withStops = offTrace(trial, reference, tested, (units) => units.map(withStopsAtEnd));
  expect(withStops).toMatchObject({ what, referenceStep });
}

const quiet = "58".repeat(12);
/** Calls a contract with what gas there is, or with a fixed amount. */
const call = (to: string, gas = "5a") => `60006000600060006000${pushAddress(to)}${gas}f150`;

describe("a trace shows the step that the execution itself would show", () => {
  test.each<[string, string, OneBlock]>([
    ["an SLOAD", "2929", { contracts: { [A]: "600954600155" }, deposits: [A] }],
    ["the last instruction of a unit", "2929", { contracts: { [A]: "600954" }, deposits: [A] }],
    [
      "the last instruction of a frame",
      "1884",
      { contracts: { [A]: `${call(B)}58`, [B]: "600954" }, calls: [{ to: A }] },
    ],
    [
      "one at which a frame fails",
      "1884",
      { contracts: { [A]: `${call(B, "6101f4")}58`, [B]: "600954" }, deposits: [A] },
    ],
    ["within a call", "1884", { contracts: { [A]: call(B), [B]: `${quiet}303150${quiet}` }, deposits: [A] }],
    ["behind a call", "1884", { contracts: { [A]: `${call(B)}3031`, [B]: quiet }, deposits: [A] }],
    ["two calls deep", "1884", { contracts: { [A]: call(B), [B]: `${call(C)}58`, [C]: "303158" }, calls: [{ to: A }] }],
    ["an instruction that one side has not", "3855", { contracts: { [A]: "60015f5500" }, deposits: [A] }],
    [
      "the same in a frame that fails for it",
      "3855",
      { contracts: { [A]: `${call(B, "6103e8")}58`, [B]: "5f58" }, calls: [{ to: A }] },
    ],
    ["the price of a call", "2929", { contracts: { [A]: call(B, "61ffff"), [B]: "5b" }, deposits: [A] }],
    ["gas that a call hands on", "2929", { contracts: { [A]: call(B), [B]: "5b58" }, deposits: [A] }],
    ["a call of nobody", "2929", { contracts: { [A]: `${call(C, "6103e8")}58` }, calls: [{ to: A }] }],
    ["a precompile", "1108", { contracts: { [A]: "6000600060006000600060065af15000" }, deposits: [A] }],
    [
      "the gas of a transaction",
      "2028",
      { contracts: { [A]: "6001" }, calls: [{ to: A, data: Uint8Array.of(1, 2, 3) }] },
    ],
    ["that of one without code", "2028", { contracts: { [A]: "" }, calls: [{ to: B, data: Uint8Array.of(1) }] }],
    [
      "in the second transaction",
      "2929",
      { contracts: { [A]: "6001", [B]: "600954600155" }, calls: [{ to: A }, { to: B }] },
    ],
    ["a refund", "3529", { contracts: { [A]: "600160095560006009556058" }, storage: { [A]: {} }, calls: [{ to: A }] }],
  ])("%s", (_name, eip, block) => {
    expectAsInProcess(oneBlock(block), devnetExecutor(QUARKCHAIN_RULES), devnetExecutor(ruleSet(`quarkchain+${eip}`)));
    expectAsInProcess(oneBlock(block), devnetExecutor(ruleSet(`quarkchain+${eip}`)), devnetExecutor(QUARKCHAIN_RULES));
  });

  test.each<Disagreement>(["gaslimit-opcode"])("between the two clients: %s", (name) => {
    const { trial, config } = disagreementTrial(name);
    const executor = (rules: typeof QUARKCHAIN_RULES) => rulesExecutor(config, trial.fullShardId, rules);
    expectAsInProcess(trial, executor(QUARKCHAIN_RULES), executor(GOQUARKCHAIN_RULES));
  });

  test("a wrong value that is read", () => {
    const trial = oneBlock({ contracts: { [A]: "6007600155600354600255" }, deposits: [A] });
    const lying = devnetExecutor(QUARKCHAIN_RULES, (state: WorldState) => {
      const read = state.getStorage.bind(state);
      state.getStorage = (address, slot) => read(address, slot) + (slot === 3n ? 1n : 0n);
    });
    expectAsInProcess(trial, devnetExecutor(QUARKCHAIN_RULES), lying);
  });

  test("gas of more than 2^53, with all its digits", () => {
    const startGas = 2n ** 54n + 12_345n;
    const trial = oneBlock({ contracts: { [A]: `${call(B)}5a58`, [B]: "600954" }, calls: [{ to: A, startGas }] });
    const [before, after] = [devnetExecutor(QUARKCHAIN_RULES), devnetExecutor(ruleSet("quarkchain+1884"))];
    expect(traceBy(trial, before).units[0].steps[0].gas).toBe(startGas - 21_000n);
    expectAsInProcess(trial, before, after);
    const step = offTrace(trial, before, after)?.referenceStep;
    const inCall = traceBy(trial, before).units[0].steps.find(({ depth, pc }) => depth === 1 && pc === 2);
    expect(step).toMatchObject({ opcode: "SLOAD", gas: `${inCall?.gas}`, gasCost: "200" });
    expect(BigInt(step?.gas ?? 0)).toBeGreaterThan(2n ** 53n);
  });

  test("nothing where nothing differs", () => {
    const trial = oneBlock({
      contracts: { [A]: `${call(B)}600954600155`, [B]: "5f" },
      deposits: [A],
      calls: [{ to: A }],
    });
    const executor = devnetExecutor(QUARKCHAIN_RULES);
    expect(offTrace(trial, executor, executor)).toBeUndefined();
    expect(offTrace(trial, executor, executor, (units) => units.map(withStopsAtEnd))).toBeUndefined();
    expect(offTrace(trial, executor, devnetExecutor(ruleSet("quarkchain+1344")))).toBeUndefined();
  });
});

describe("what only a trace can have", () => {
  const trial = oneBlock({ contracts: { [A]: "600954600155" }, deposits: [A, A], calls: [{ to: A }] });
  const reference = devnetExecutor(QUARKCHAIN_RULES);
  const { units } = traceBy(trial, reference);
  const parting = (changed: readonly BlockTrace["units"][number][], isWhole = true) =>
    firstStepOffTrace(trial, reference, { name: "engine", units: changed, isWhole, isExact: true });
  const [first] = units;

  test("units that are missing are other execution only where the trace is whole", () => {
    const fewer = units.slice(0, 2);
    expect(parting(fewer)).toMatchObject({ unit: { kind: "transaction", index: 0 }, what: "end", testedStep: null });
    expect(parting(fewer, false)).toBeUndefined();
  });

  test("units that we do not come to", () => {
    const extra = { ...first, index: 2 };
    expect(parting([...units, extra])).toMatchObject({
      unit: { kind: "deposit", index: 2 },
      what: "end",
      contract: null,
      referenceStep: null,
    });
  });

  test("ends that differ behind steps that do not", () => {
    const outcome = first.outcome!;
    const ending = (change: object) =>
      parting([{ ...first, outcome: { ...outcome, ...change } }, ...units.slice(1)])?.what;
    expect(ending({ success: false })).toBe("outcome");
    expect(ending({ gasUsed: 1n })).toBe("gas");
    expect(ending({ logs: [{ address: new Uint8Array(20), topics: [], data: new Uint8Array(0) }] })).toBe("logs");
    expect(parting([{ ...first, outcome: null }])).toMatchObject({ unit: { index: 0 }, what: "end" });
  });

  test("fields that are not told are not compared", () => {
    const told = units.map((unit) => ({
      ...unit,
      steps: unit.steps.map(({ pc, opcode, gas, depth, stack }) => ({ pc, opcode, gas, depth, stack })),
    }));
    expect(parting(told)).toBeUndefined();
  });

  test("a frame that nothing called", () => {
    const deep = { ...first, steps: first.steps.map((step, i) => ({ ...step, depth: 500 * i })) };
    expect(parting([deep])).toMatchObject({ what: "end", referenceStep: { step: 0 }, testedStep: { step: 0 } });
  });
});
