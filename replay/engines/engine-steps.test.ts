import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { opcodeName } from "../../node/el/evm/opcode-name.ts";
import { QUARKCHAIN_INSTRUCTIONS } from "../../node/el/evm/opcodes.ts";
import { defineRules, QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { ENGINE_METHODS, QKC_CAPABILITIES } from "../../node/engine/api/methods.ts";
import { EngineProtocolError } from "../../node/engine/client/engine-failures.ts";
import { HttpEngine } from "../../node/engine/client/http-engine.ts";
import { ENGINE_ERROR, EngineError } from "../../node/engine/engine-error.ts";
import type { RpcMethods } from "../../node/engine/json-rpc/rpc-method.ts";
import { engineMethods } from "../../node/engine/server/engine-methods.ts";
import { startRpcServer } from "../../node/engine/server/rpc-server.ts";
import type { TracingEngine, UnitTrace } from "../../node/engine/tracing-engine.ts";
import type { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { OpenNodes } from "../el/open-nodes.testkit.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import type { BlockTrial } from "../execution/trial.ts";
import type { StepDivergence } from "../report/triage-schema.ts";
import { TrialSource } from "../triage/open-trial.ts";
import { firstDivergingStep } from "../triage/steps/first-diverging-step.ts";
import { withEngineStep } from "./engine-look.ts";
import { engineStepDivergence } from "./engine-steps.ts";

const SHARD = 1;
/** Its transactions meet SLOAD. */
const HEIGHT = 15;
/** Rules that no rule set has. */
const DEAR_SLOAD = defineRules({
  ...QUARKCHAIN_RULES,
  name: "dear SLOAD",
  instructions: QUARKCHAIN_INSTRUCTIONS.map((one) => (one.name === "SLOAD" ? { ...one, gas: one.gas + 1 } : one)),
});

const nodes = new OpenNodes();
let database: OpenDatabase;
let trial: BlockTrial;
let node: ExecutionNode;
let inProcess: StepDivergence;

beforeAll(async () => {
  database = openDatabase({
    db: "fixtures/pyqkc-small",
    configPath: undefined,
    rootTip: undefined,
    verifyChecksums: "default",
  });
  const trials = new TrialSource(database);
  trial = await trials.trial({ fullShardId: SHARD, height: HEIGHT });
  const [reference, tested] = [QUARKCHAIN_RULES, DEAR_SLOAD].map((rules) => rulesExecutor(trials.config, SHARD, rules));
  inProcess = firstDivergingStep(trial, reference, tested) as StepDivergence;
  node = await nodes.fed(SHARD, HEIGHT - 1, { rules: DEAR_SLOAD });
});
afterAll(async () => {
  await nodes.close();
  database.source.close();
});

/** Why no step was found, each time. */
const reasons: string[] = [];

/** What is found by asking an engine that has these methods. */
async function stepBy(methods: RpcMethods, folder?: string): Promise<StepDivergence | undefined> {
  const server = await startRpcServer({ port: 0, methods });
  const engine = new HttpEngine({ url: server.url });
  const reference = rulesExecutor(database.config.quarkchain, SHARD, QUARKCHAIN_RULES);
  try {
    const found = await engineStepDivergence({ engine, engineName: DEAR_SLOAD.name, trial, reference, folder });
    if (found.step === undefined) reasons.push(found.reason);
    return found.step;
  } finally {
    engine.close();
    await server.close();
  }
}

/** The node with some of its answers changed. */
function nodeWith(change: Partial<TracingEngine>): TracingEngine {
  const bound = ["exchangeCapabilities", "traceBlock", "preState"] as const;
  const own = Object.fromEntries(bound.map((name) => [name, node[name].bind(node)]));
  return { ...own, ...change } as TracingEngine;
}

function answering(
  answers: Readonly<Record<string, unknown>>,
  offered: readonly string[] = QKC_CAPABILITIES,
): RpcMethods {
  const all = { [ENGINE_METHODS.exchangeCapabilities.name]: offered, ...answers };
  return Object.fromEntries(
    Object.entries(all).map(([name, answer]) => [name, { isOrdered: false, call: async () => answer }]),
  );
}

describe("the step by an engine's own trace is the one found in process", () => {
  test("whole block", async () => {
    expect(inProcess).toMatchObject({ what: "gas", referenceStep: { opcode: "SLOAD" }, unit: { kind: "transaction" } });
    expect(await stepBy(engineMethods(node))).toEqual(inProcess);
  });

  test("unit by unit, where the whole is too long", async () => {
    let asked = 0;
    const short = nodeWith({
      traceBlock: async (payload, options) => {
        asked++;
        return await node.traceBlock(payload, {
          ...options,
          limitBytes: options?.unit === undefined ? 100 : undefined,
        });
      },
    });
    expect(await stepBy(engineMethods(short))).toEqual(inProcess);
    expect(asked).toBeGreaterThan(1);
  });

  test("with files of both sides", async () => {
    const folder = nodes.newFolder();
    const { traces, ...step } = (await stepBy(engineMethods(node), folder)) as StepDivergence;
    expect({ ...step, traces: null }).toEqual(inProcess);
    const [ours, theirs] = [traces!.reference, traces!.tested].map((file) =>
      readFileSync(join(folder, file), "utf8").trim().split("\n"),
    );
    const at = ours.findIndex((line, i) => line !== theirs[i]);
    const [mine, other] = [ours[at], theirs[at]].map((line) => JSON.parse(line));
    expect(mine).toMatchObject({ opName: "SLOAD", pc: inProcess.referenceStep?.pc });
    expect(BigInt(other.gasCost) - BigInt(mine.gasCost)).toBe(1n);
  });

  test("an engine that does as it should", async () => {
    const good = await nodes.fed(SHARD, HEIGHT - 1);
    expect(await stepBy(engineMethods(good))).toBeUndefined();
    expect(reasons.pop()).toBe("its traces differ nowhere from ours");
  });
});

type Line = UnitTrace["steps"][number];
type Dialect = (line: Line) => object;

/** As go-ethereum (eth/tracers/logger/logger.go) and reth write a step: nothing that is empty but the stack. */
function gethStep({ pc, opcode, gas, cost, depth, stack, error }: Line): object {
  const op = opcodeName(opcode).replace("SHA3", "KECCAK256");
  const words = stack.map((word) => `0x${word.toString(16)}`);
  return {
    ...{ pc, op, gas: Number(gas), gasCost: Number(cost), depth: depth + 1, stack: words },
    ...(error === undefined ? {} : { error }),
  };
}

/** go-ethereum's form before 1.10: words without prefix, padded. */
function oldGethStep(line: Line): object {
  const words = line.stack.map((word) => word.toString(16).padStart(64, "0"));
  return { ...gethStep(line), stack: words, memory: [], storage: {}, error: {} };
}

/** Besu's: an error of null or a list, hex of any form, its own name for what is no instruction. */
function besuStep(line: Line): object {
  const words = line.stack.map((word) => (word === 0n ? "0x" : `0x${word.toString(16).padStart(64, "0")}`));
  return { ...gethStep(line), stack: words, error: null, memory: null, reason: null, refund: null, returnData: null };
}

/** Whoever leaves out what is empty without exception. */
function sparseStep(line: Line): object {
  const { stack, ...rest } = gethStep(line) as { readonly stack: readonly string[] };
  return stack.length === 0 ? rest : { ...rest, stack };
}

const DIALECTS: [string, Dialect][] = [
  ["go-ethereum", gethStep],
  ["old go-ethereum", oldGethStep],
  ["Besu", besuStep],
  ["sparse", sparseStep],
];

/** Units of the block's trace as go-ethereum tells of transactions. */
async function structLogs(dialect: Dialect): Promise<object[]> {
  const { units } = await node.traceBlock({ blockHash: trial.hash, block: trial.block, inputs: trial.payload });
  return units
    .filter(({ kind }) => kind === "transaction")
    .map(({ steps, outcome }) => ({
      gas: Number(outcome?.gasUsed),
      failed: outcome?.success === false,
      returnValue: "",
      structLogs: steps.map(dialect),
    }));
}

describe("an engine that has go-ethereum's methods only", () => {
  const seen = ({ unit, what, contract, callPath, referenceStep, testedStep }: StepDivergence) => ({
    ...{ unit, what, contract, callPath, referenceStep, testedStep },
  });

  describe.each(DIALECTS)("in the dialect of %s", (_name, dialect) => {
    test.each(["debug_traceBadBlock", "debug_traceBlockByHash"])("%s", async (method) => {
      const logs = await structLogs(dialect);
      const step = await stepBy(answering({ [method]: logs.map((result) => ({ txHash: "0x00", result })) }));
      expect(seen(step!)).toEqual(seen(inProcess));
    });

    test("traces in the list itself, one that is missing", async () => {
      const logs = await structLogs(dialect);
      const missing = { txHash: "0x00", error: "no state" };
      const listed = logs.map((result, index) => (index === inProcess.unit.index ? result : missing));
      expect(seen((await stepBy(answering({ debug_traceBlockByHash: listed })))!)).toEqual(seen(inProcess));
    });

    test("debug_traceTransaction", async () => {
      const logs = await structLogs(dialect);
      let count = 0;
      const step = await stepBy({
        ...answering({}),
        debug_traceTransaction: { isOrdered: true, call: async () => logs[count++] },
      });
      expect(seen(step!)).toEqual(seen(inProcess));
    });
  });

  test("none of them: it is said which were asked for", async () => {
    expect(await stepBy(answering({}))).toBeUndefined();
    expect(reasons.pop()).toMatch(
      /^it gives no traces \(debug_traceBadBlock: .*does not exist.*; debug_traceBlockByHash: .*; debug_traceTransaction: /,
    );
  });

  test("steps without any stack are no trace", async () => {
    const logs = await structLogs((line) => ({ ...gethStep(line), stack: undefined }));
    const found = stepBy(answering({ debug_traceBadBlock: logs.map((result) => ({ result })) }));
    await expect(found).rejects.toThrow(/no step has its stack/);
  });
});

describe("hostile answers", () => {
  const trace = ENGINE_METHODS.traceBlock.name;
  const offered = [...QKC_CAPABILITIES, trace];
  const line = { pc: 0, op: 0, gas: "0x1", gasCost: 0, memSize: 0, stack: [], depth: 1, returnData: "0x", refund: 0 };
  const unit = { kind: "transaction", index: "0x0", hash: null, output: "0x", outcome: null };
  const block = (steps: unknown) => ({ units: [{ ...unit, steps }], rejection: null });

  test.each<[string, unknown]>([
    ["null", null],
    ["text", "trace"],
    ["a list", []],
    ["units that are no list", { units: {}, rejection: null }],
    ["a million units that are none", { units: new Array(1_000_000).fill(0), rejection: null }],
    ["a million steps that are none", block(new Array(1_000_000).fill({}))],
    ["no steps", block(undefined)],
    ["a stack of a million", block([{ ...line, stack: new Array(1_000_000).fill(0) }])],
    ["a stack that is none", block([{ ...line, stack: null }])],
    ["a word of 33 bytes", block([{ ...line, stack: [`0x${"11".repeat(33)}`] }])],
    ["gas past 2^53 as a number, which has lost digits", block([{ ...line, gas: 2 ** 53 }])],
    ["gas that is no number", block([{ ...line, gas: "much" }])],
    ["a fraction", block([{ ...line, pc: 0.5 }])],
    ["an opcode of two bytes", block([{ ...line, op: 256 }])],
    ["depth zero", block([{ ...line, depth: 0 }])],
    ["depth without end", block([{ ...line, depth: 1e9 }])],
  ])("%s", async (_name, answer) => {
    const found = stepBy(answering({ [trace]: answer }, offered));
    await expect(found).rejects.toThrow(EngineProtocolError);
    await expect(found).rejects.toThrow(/qkc_debugTraceBlockV1/);
  });

  test.each<[string, unknown]>([
    ["no list", { structLogs: [] }],
    ["steps that are none", [{ result: { gas: 0, failed: false, structLogs: new Array(1_000_000).fill(null) } }]],
    ["an instruction that nobody knows", [{ result: { gas: 0, failed: false, structLogs: [{ ...line, op: "FOO" }] } }]],
  ])("of go-ethereum's method: %s", async (_name, answer) => {
    await expect(stepBy(answering({ debug_traceBadBlock: answer }))).rejects.toThrow(EngineProtocolError);
  });

  test("numbers and hex, with what may be left out and what nobody asked for", async () => {
    const { op, pc, gas, stack, depth } = { ...line, op: "0x0", stack: [7, "0x7", "0x07", "07"] };
    const step = await stepBy(answering({ [trace]: block([{ op, pc, gas, stack, depth, storage: {} }]) }, offered));
    expect(step).toBeDefined();
  });

  test("a step that was found before the trace's stays", async () => {
    const server = await startRpcServer({ port: 0, methods: engineMethods(node) });
    const config = database.config.quarkchain;
    const look = { url: server.url, jwtSecret: undefined, config, trial, folder: nodes.newFolder(), warn: expect.fail };
    const withStep = async (step: StepDivergence) => {
      const divergence = { triage: { step } } as Parameters<typeof withEngineStep>[0];
      return (await withEngineStep(divergence, look)).triage?.step;
    };
    const { unit, referenceStep } = inProcess;
    const earlier = { ...inProcess, referenceStep: { ...referenceStep!, step: referenceStep!.step - 1 } };
    expect(await withStep(earlier)).toBe(earlier);
    const deposit = { ...inProcess, unit: { ...unit, kind: "deposit" as const } };
    expect(await withStep(deposit)).toBe(deposit);
    const later = { ...inProcess, unit: { ...unit, index: unit.index + 1 } };
    expect((await withStep(later))?.unit).toEqual(unit);
    await server.close();
  });

  test("the divergence stands, and a warning says why there is no step", async () => {
    const failing = nodeWith({
      traceBlock: async () => {
        throw new EngineError(ENGINE_ERROR.server, "no traces today");
      },
    });
    const server = await startRpcServer({ port: 0, methods: engineMethods(failing) });
    const warnings: string[] = [];
    const divergence = { triage: null } as Parameters<typeof withEngineStep>[0];
    const look = {
      url: server.url,
      jwtSecret: undefined,
      config: database.config.quarkchain,
      trial,
      folder: nodes.newFolder(),
      warn: (message: string) => warnings.push(message),
    };
    expect(await withEngineStep(divergence, look)).toBe(divergence);
    expect(warnings.join()).toMatch(/block 15: .*no traces today/);
    await server.close();
  });
});
