import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEVM, type InterpreterStep } from "@ethereumjs/evm";
import { Account, createAddressFromString } from "@ethereumjs/util";
import { afterAll, describe, expect, test } from "vitest";
import { fromHex } from "../../node/codec/bytes.ts";
import { ruleSet } from "../../node/el/evm/hardforks/rule-set.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import { Eip3155Writer } from "../../node/el/tracing/eip3155-writer.ts";
import { UnitTracer } from "../../node/el/tracing/unit-tracer.ts";
import type { BlockTrial } from "../execution/trial.ts";
import { devnetExecutor, oneBlock, pushAddress } from "../triage/steps/one-block.testkit.ts";
import { writeTraceFiles } from "../triage/trace-files.ts";

const A = "aaaa0000000000000000000000000000000000a1";
const B = "aaaa0000000000000000000000000000000000b2";
const GAS = 100_000n;
const CALLS: ReadonlySet<string> = new Set(["CREATE", "CREATE2", "CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"]);

interface Line {
  readonly pc: number;
  readonly op: number;
  readonly gas: string;
  readonly gasCost: string;
  readonly memSize: number;
  readonly stack: readonly string[];
  readonly depth: number;
  readonly returnData: string;
  readonly refund: string;
  readonly opName: string;
  readonly error?: string;
}

interface EndLine {
  readonly output: string;
  readonly gasUsed: string;
  readonly pass: boolean;
}

function trace(trial: BlockTrial, rules: Rules): { steps: Line[]; end: EndLine } {
  const lines: string[] = [];
  const tracer = new UnitTracer(new Eip3155Writer((line) => lines.push(line)), ({ kind }) => kind !== "reward");
  devnetExecutor(rules).execute(trial.payload, trial.nodes, tracer);
  tracer.finish();
  const parsed = lines.map((line) => JSON.parse(line) as unknown);
  return { steps: parsed.slice(0, -1) as Line[], end: parsed.at(-1) as EndLine };
}

/** The steps that @ethereumjs/evm tells of when the first contract is called with the gas of a deposit. */
async function otherSteps(contracts: Readonly<Record<string, string>>): Promise<InterpreterStep[]> {
  const evm = await createEVM();
  evm.common.setHardfork("petersburg");
  const caller = createAddressFromString(`0x${"bbbb0000000000000000000000000000000000bb"}`);
  await evm.stateManager.putAccount(caller, new Account());
  for (const [address, code] of Object.entries(contracts)) {
    const at = createAddressFromString(`0x${address}`);
    await evm.stateManager.putAccount(at, new Account(1n));
    await evm.stateManager.putCode(at, fromHex(code));
  }
  const steps: InterpreterStep[] = [];
  evm.events.on("step", (step, next) => {
    steps.push({ ...step, stack: [...step.stack] });
    next?.();
  });
  const to = createAddressFromString(`0x${Object.keys(contracts)[0]}`);
  await evm.runCall({ caller, to, gasLimit: GAS });
  return steps;
}

const CALLEE = "60005460010160005560206000f3";

const CASES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["a loop", { [A]: "600a5b8060070160030250600190038060025700" }],
  ["memory that grows", { [A]: "60016000526002610400526003611fff53610400516101005261020060002000" }],
  ["storage and its refund", { [A]: "600160015560006001556001600255600154600254" }],
  ["copies and hashes", { [A]: "602060006000376020600060003960206000600020602060006000a1" }],
  ["a call", { [A]: `60206000600060006000${pushAddress(B)}61fffff15000`, [B]: CALLEE }],
  ["a delegate call", { [A]: `6020600060006000${pushAddress(B)}61fffff45000`, [B]: CALLEE }],
  ["a static call that writes", { [A]: `6020600060006000${pushAddress(B)}61fffffa503d`, [B]: CALLEE }],
  ["a call that reverts", { [A]: `60206000600060006000${pushAddress(B)}61fffff13d`, [B]: "60aa6000526020600cfd" }],
  ["a creation", { [A]: "6a600160005260206000f3006000526001601560096000f05000" }],
  ["exponents and shifts", { [A]: "61010060020a6004601b6110001d1c" }],
  ["a call without balance", { [A]: `60006000600060006001${pushAddress(B)}5af1`, [B]: "00" }],
  ["a self-destruct", { [A]: `${pushAddress(B)}ff`, [B]: "00" }],
  ["no more gas", { [A]: "5b6001600055600056" }],
  ["a bad jump", { [A]: "600356fe" }],
];

describe("EIP-3155 lines, by petersburg's rules, are the steps of @ethereumjs/evm", () => {
  test.each(CASES)("%s", async (_, contracts) => {
    const trial = oneBlock({ contracts, deposits: [Object.keys(contracts)[0]] });
    const { steps } = trace(trial, ruleSet("petersburg"));
    const expected = await otherSteps(contracts);
    expect(steps.map(comparable)).toEqual(expected.map(otherComparable));
    for (const [i, step] of steps.entries()) {
      if (CALLS.has(step.opName) || step.error !== undefined || isCodeReturn(steps, i)) continue;
      const { fee, dynamicFee } = expected[i].opcode;
      expect(Number(step.gasCost), `${step.opName} at ${step.pc}`).toBe(Number(dynamicFee ?? fee));
    }
  });
});

/** A creation's last step pays for the code as well. */
function isCodeReturn(steps: readonly Line[], at: number): boolean {
  return steps[at].opName === "RETURN" && steps.slice(0, at).some(({ opName }) => opName === "CREATE");
}

function comparable({ pc, op, gas, depth, stack }: Line) {
  return { pc, op, gas: BigInt(gas), depth, stack: stack.map((word) => withoutAddress(BigInt(word))) };
}

/** Its refund counter is left out: it tells of the one behind the instruction. */
function otherComparable({ pc, gasLeft, depth, stack, opcode }: InterpreterStep) {
  return { pc, op: opcode.code, gas: gasLeft, depth: depth + 1, stack: stack.map(withoutAddress) };
}

/** New contracts have other addresses on QuarkChain. */
function withoutAddress(word: bigint): bigint | string {
  return word >> 140n > 0n && word >> 160n === 0n ? "address" : word;
}

describe("what EIP-3155 has besides", () => {
  test("sizes of memory, return data, and the end of a unit", () => {
    const caller = `60206000600060006000${pushAddress(B)}61fffff13d`;
    const contracts = { [A]: caller, [B]: "60aa60005260206000f3" };
    const { steps, end } = trace(oneBlock({ contracts, deposits: [A] }), QUARKCHAIN_RULES);
    expect(steps.filter(({ depth }) => depth === 2).map(({ memSize }) => memSize)).toEqual([0, 0, 0, 32, 32, 32]);
    expect(steps.at(-1)).toMatchObject({
      opName: "RETURNDATASIZE",
      memSize: 32,
      returnData: `0x${"aa".padStart(64, "0")}`,
    });
    expect(end).toEqual({ output: "0x", gasUsed: expect.stringMatching(/^0x[0-9a-f]+$/), pass: true });
  });

  test("the refund counter before each step", () => {
    const { steps } = trace(
      oneBlock({ contracts: { [A]: "60016001556000600155" + "5b" }, deposits: [A] }),
      QUARKCHAIN_RULES,
    );
    expect(steps.map(({ refund }) => Number(refund))).toEqual([0, 0, 0, 0, 0, 0, 15000]);
  });

  test("what a step of a failing frame failed of", () => {
    const { steps, end } = trace(oneBlock({ contracts: { [A]: "600356fe" }, deposits: [A] }), QUARKCHAIN_RULES);
    expect(steps.at(-1)).toMatchObject({ opName: "JUMP", error: "jump to no JUMPDEST", gasCost: "0x1869d" });
    expect(end).toEqual({ output: "0x", gasUsed: "0x1a9c8", pass: false });
  });
});

describe("trace files", () => {
  const folder = mkdtempSync(join(tmpdir(), "qkc-trace-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const trial = oneBlock({ contracts: { [A]: "600954600a54", [B]: "5b" }, deposits: [B, A] });
  const request = {
    trial,
    reference: devnetExecutor(QUARKCHAIN_RULES),
    tested: devnetExecutor(ruleSet("quarkchain+1884")),
    unit: { kind: "deposit", index: 1 },
    folder,
  } as const;
  const linesOf = (path: string) => readFileSync(join(folder, path), "utf8").trim().split("\n");

  test("hold one unit of both sides", () => {
    const paths = writeTraceFiles({ ...request, id: "1-1-00" });
    expect(paths).toEqual({ reference: "traces/1-1-00-reference.jsonl", tested: "traces/1-1-00-tested.jsonl" });
    const sloads = Object.values(paths).map((path) =>
      linesOf(path)
        .map((line) => JSON.parse(line) as Line)
        .filter(({ opName }) => opName === "SLOAD")
        .map(({ gasCost }) => Number(gasCost)),
    );
    expect(sloads).toEqual([
      [200, 200],
      [800, 800],
    ]);
  });

  test("say at their end that they were cut", () => {
    const lines = linesOf(writeTraceFiles({ ...request, id: "cut", maxBytes: 300 }).tested);
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[2])).toEqual({ error: expect.stringMatching(/^trace cut after \d+ bytes: 3 more lines/) });
  });
});
