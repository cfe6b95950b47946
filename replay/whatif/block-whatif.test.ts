import { describe, expect, test } from "vitest";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { disagreementTrial } from "../triage/disagreements.testkit.ts";
import type { BlockOutcome } from "./block-whatif.ts";
import { CONTRACTS, syntheticTrial, whatIf } from "./synthetic-block.testkit.ts";

/** Each changed unit: kind and index, what differs, gas before and after, and its switches. */
function changes({ units }: BlockOutcome) {
  return units.map(({ kind, index, differs, before, after, switches }) => [
    `${kind} ${index}`,
    differs.join(),
    Number(before.gas),
    Number(after.gas),
    switches.map(({ name }) => name).join(),
  ]);
}

/** What each switch of the first changed unit does first. */
function effects({ units }: BlockOutcome): Record<string, string | null> {
  return Object.fromEntries(units[0].switches.map(({ name, where }) => [name, where]));
}

const CALL = 21_000;
/** Reads slot 0. */
const READ = "60005400";

describe("a transaction under other rules", () => {
  test("reads a slot: by which rules depends on how many price it", () => {
    const trial = syntheticTrial({ code: [READ], transactions: [{}] });
    const before = CALL + 3 + 200;
    expect(changes(whatIf(trial, "+1884"))).toEqual([["transaction 0", "gas", before, CALL + 3 + 800, "EIP-1884"]]);
    expect(changes(whatIf(trial, "+2929"))).toEqual([["transaction 0", "gas", before, CALL + 3 + 2100, "EIP-2929"]]);
    // Without only one of the two, or of the three, it would still cost more than it did.
    expect(changes(whatIf(trial, "istanbul"))).toEqual([
      ["transaction 0", "gas", before, CALL + 3 + 800, "EIP-1884,EIP-2200"],
    ]);
    const osaka = whatIf(trial, "osaka");
    expect(changes(osaka)).toEqual([["transaction 0", "gas", before, CALL + 3 + 2100, "EIP-1884,EIP-2200,EIP-2929"]]);
    expect(osaka.units[0].switches.map(({ gas }) => gas)).toEqual(["600", "600", "1900"]);
    expect(effects(osaka)).toEqual({
      "EIP-1884": "SLOAD at pc 0x2 costs 800 instead of 200",
      "EIP-2200": "SLOAD at pc 0x2 costs 800 instead of 200",
      "EIP-2929": "SLOAD at pc 0x2 costs 2,100 instead of 200",
    });
  });

  test("meets PUSH0", () => {
    // Stores 1 in slot 0.
    const trial = syntheticTrial({ code: ["60015f5500"], transactions: [{}] });
    const outcome = whatIf(trial, "osaka-2929-2200");
    expect(changes(outcome)).toEqual([
      ["transaction 0", "status,gas,state", 100_000, CALL + 3 + 2 + 20_000, "EIP-3855"],
    ]);
    expect(effects(outcome)).toEqual({ "EIP-3855": "PUSH0 at pc 0x2 goes on, formerly it makes its frame fail" });
  });

  test("clears a slot", () => {
    const trial = syntheticTrial({ code: ["600060005500"], slots: [0n], transactions: [{}] });
    const used = CALL + 6 + 5000;
    const outcome = whatIf(trial, "+3529");
    expect(changes(outcome)).toEqual([["transaction 0", "gas", used - Math.floor(used / 2), used - 4800, "EIP-3529"]]);
    expect(effects(outcome)).toEqual({
      "EIP-3529": "every instruction costs the same: settled at 21,206 gas instead of 13,003",
    });
  });

  test("brings data", () => {
    const trial = syntheticTrial({ code: ["00"], transactions: [{ data: Uint8Array.of(0, 1, 2) }] });
    const outcome = whatIf(trial, "+2028");
    expect(changes(outcome)).toEqual([["transaction 0", "gas", CALL + 4 + 2 * 68, CALL + 4 + 2 * 16, "EIP-2028"]]);
    expect(effects(outcome)).toEqual({ "EIP-2028": "the first instruction has 78,964 gas instead of 78,860" });
  });

  test("sends a value to what becomes a precompile", () => {
    const to = CONTRACTS[0].slice().fill(0);
    to[19] = 9;
    const trial = syntheticTrial({ code: [], transactions: [{ to: to as (typeof CONTRACTS)[number], value: 1n }] });
    const outcome = whatIf(trial, "+152");
    expect(changes(outcome)).toEqual([["transaction 0", "status,gas,state", CALL, 100_000, "EIP-152"]]);
    expect(effects(outcome)).toEqual({
      "EIP-152": "the message makes its frame fail, formerly it ends its frame",
    });
  });

  test("ends as it did", () => {
    const trial = syntheticTrial({ code: [READ], transactions: [{}] });
    expect(whatIf(trial, "+3855")).toMatchObject({ isChanged: false, units: [], block: undefined });
    expect(whatIf(trial, "quarkchain")).toMatchObject({ isChanged: false });
  });
});

describe("transactions of one block", () => {
  test("what follows from an earlier one is counted, and has no rule of its own", () => {
    // With calldata GAS is stored in slot 0; without any the slot is logged.
    const store = "5a60005500";
    const log = "60005460005260206000a000";
    const target = (4 + log.length / 2).toString(16).padStart(2, "0");
    const trial = syntheticTrial({
      code: [`3660${target}57${log}5b${store}`],
      transactions: [{ data: Uint8Array.of(1) }, {}],
    });
    const outcome = whatIf(trial, "+2028");
    expect(changes(outcome).map(([unit, differs, , , switches]) => [unit, differs, switches])).toEqual([
      ["transaction 0", "gas,state", "EIP-2028"],
    ]);
    expect(outcome).toMatchObject({ consequences: 1, block: undefined });
  });

  test("each is looked at on what those before it left in fact", () => {
    const trial = syntheticTrial({ code: [READ], transactions: [{}, {}, { data: Uint8Array.of(1) }] });
    const outcome = whatIf(trial, "+2929,+2028");
    expect(changes(outcome).map(([unit, , , , switches]) => [unit, switches])).toEqual([
      ["transaction 0", "EIP-2929"],
      ["transaction 1", "EIP-2929"],
      ["transaction 2", "EIP-2028,EIP-2929"],
    ]);
    expect(outcome.consequences).toBe(0);
  });

  test("one that would not be let in makes its block invalid", () => {
    const trial = syntheticTrial({
      code: ["00"],
      transactions: [{}, { data: new Uint8Array(10), startGas: 21_040n }],
    });
    const outcome = whatIf(trial, "osaka");
    expect(outcome.block).toEqual({
      kind: "invalid",
      transactionIndex: 1,
      reason: "its start gas 21040 is below the 21100 its data costs at least (INTRINSIC_GAS)",
      switches: ["EIP-7623"],
    });
    expect(outcome.units).toMatchObject([{ index: 1, differs: ["status", "gas"], after: { status: "refused" } }]);
  });
});

describe("blocks on which the clients disagree", () => {
  test("what GASLIMIT shows is one transaction's", () => {
    const { trial, config } = disagreementTrial("gaslimit-opcode");
    const outcome = whatIf(trial, "goquarkchain", config);
    expect(outcome.units.map(({ switches }) => switches.map(({ name }) => name))).toEqual([["gasLimitOfHeader"]]);
    expect(outcome.block).toBeUndefined();
  });

  test("a contract called after its destruction is the block's", () => {
    const { trial, config } = disagreementTrial("selfdestruct-same-block");
    const outcome = whatIf(trial, "goquarkchain", config);
    expect(outcome.units).toEqual([]);
    expect(outcome.block).toMatchObject({ kind: "together", switches: ["selfDestructAtBlockEnd"] });
  });

  test("an entry of zero that a revert leaves is seen where something else writes its account", () => {
    const { trial, config } = disagreementTrial("zero-token-balance");
    const outcome = whatIf(trial, "goquarkchain", config);
    expect(outcome).toMatchObject({ isChanged: true, consequences: 0 });
    const names = outcome.units.flatMap(({ switches }) => switches.map(({ name }) => name));
    expect([...names, ...(outcome.block?.switches ?? [])]).toEqual(["revertKeepsZeroBalances"]);
  });
});

test("a block that does not match what it declares is compared with what it gives", () => {
  const trial = syntheticTrial({ code: [READ], transactions: [{}] });
  const meta = { ...trial.block.meta, gasUsed: 1n };
  const altered = { ...trial, block: { ...trial.block, meta } };
  expect(whatIf(altered, "+3855")).toMatchObject({
    isChanged: false,
    warning: `does not match what it declares under ${QUARKCHAIN_RULES.name}: compared is what it gives`,
  });
  const invalid = { ...trial, payload: { ...trial.payload, gasLimit: 1n, xshardGasLimit: 0n } };
  expect(whatIf(invalid, "+1884").warning).toMatch(/^does not execute under quarkchain .*: it is left out$/);
});
