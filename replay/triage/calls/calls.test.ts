import { expect, test } from "vitest";
import { fromHex } from "../../../node/codec/bytes.ts";
import { ruleSet } from "../../../node/el/evm/hardforks/rule-set.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../../node/el/evm/rules.ts";
import { callsOfUnitSchema } from "../../report/calls-schema.ts";
import { callLines, gasLines } from "../../report/calls-text.ts";
import { devnetExecutor, oneBlock, pushAddress } from "../steps/one-block.testkit.ts";
import { ContractNames } from "./abi/contract-names.ts";
import { recordCalls } from "./call-record.ts";
import { unitCallsView } from "./call-view.ts";
import { revertReason } from "./revert-reason.ts";

const A = "aaaa0000000000000000000000000000000000a1";
const B = "aaaa0000000000000000000000000000000000b2";
const C = "aaaa0000000000000000000000000000000000c3";
const ADDRESSES: Readonly<Record<string, string>> = { A, B, C };

const word = (value: number | string) =>
  typeof value === "number" ? value.toString(16).padStart(64, "0") : value.padEnd(64, "0");
/** Error("no"). */
const REASON = `08c379a0${word(0x20)}${word(2)}${word("6e6f")}`;
/** Puts the reason into memory, 32 bytes at a time, and reverts with its 100 bytes. */
const REVERTS = `${[0, 1, 2, 3].map((i) => `7f${REASON.padEnd(256, "0").slice(64 * i, 64 * i + 64)}60${(32 * i).toString(16).padStart(2, "0")}52`).join("")}60646000fd`;

/** Calls without value, with 20,000 gas and no data. */
function call(to: string, opcode: "CALL" | "DELEGATECALL" | "STATICCALL" | "CALLCODE"): string {
  const value = opcode === "CALL" || opcode === "CALLCODE" ? "6000" : "";
  const byte = { CALL: "f1", CALLCODE: "f2", DELEGATECALL: "f4", STATICCALL: "fa" }[opcode];
  return `6000600060006000${value}${pushAddress(to)}614e20${byte}50`;
}

function callsOf(contracts: Readonly<Record<string, string>>, rules: Rules = QUARKCHAIN_RULES, most?: number) {
  const trial = oneBlock({
    contracts: Object.fromEntries(Object.entries(contracts).map(([name, code]) => [ADDRESSES[name], code])),
    deposits: [A],
  });
  const isChosen = ({ kind }: { readonly kind: string }) => kind === "deposit";
  const { units } = recordCalls({ trial, executor: devnetExecutor(rules), isChosen, most });
  return callsOfUnitSchema.parse(unitCallsView(units[0], rules.name, new ContractNames()));
}

test("every kind of call, in order, with depths and callees", () => {
  const calls = ["CALL", "DELEGATECALL", "STATICCALL", "CALLCODE"] as const;
  const unit = callsOf({ A: calls.map((kind) => call(B, kind)).join(""), B: call(C, "CALL"), C: "00" });
  expect(unit.calls.map(({ kind, depth, to, success }) => [kind, depth, to, success])).toEqual([
    ["CALL", 0, `0x${A}`, true],
    ["CALL", 1, `0x${B}`, true],
    ["CALL", 2, `0x${C}`, true],
    ["DELEGATECALL", 1, `0x${B}`, true],
    ["CALL", 2, `0x${C}`, true],
    ["STATICCALL", 1, `0x${B}`, true],
    ["CALL", 2, `0x${C}`, true],
    ["CALLCODE", 1, `0x${B}`, true],
    ["CALL", 2, `0x${C}`, true],
  ]);
});

test("gas: what each used itself adds up to what the outermost used", () => {
  const { calls, gas } = callsOf({ A: call(B, "CALL") + call(C, "CALL"), B: call(C, "CALL"), C: "5b5b5b00" });
  const [outermost] = calls;
  const own = calls.reduce((sum, { ownGas }) => sum + Number(ownGas), 0);
  expect(own).toBe(Number(outermost.gasIn) - Number(outermost.gasOut));
  expect(calls.filter(({ to }) => to === `0x${C}`).map(({ ownGas }) => ownGas)).toEqual(["3", "3"]);
  expect(gas.find(({ contract }) => contract === `0x${C}`)).toEqual({
    contract: `0x${C}`,
    function: "(no function)",
    calls: 2,
    gas: "6",
  });
  expect(gas.map((row) => Number(row.gas))).toEqual(gas.map((row) => Number(row.gas)).sort((a, b) => b - a));
});

test("a revert is told in its words, and a creation by its address", () => {
  const creates = "6a600160005260206000f3006000526001601560096000f05000";
  const unit = callsOf({ A: call(B, "CALL") + creates, B: REVERTS });
  expect(unit.calls[1]).toMatchObject({ success: false, failure: expect.stringContaining('Error("no")') });
  expect(unit.calls[2]).toMatchObject({ kind: "CREATE", to: expect.stringMatching(/^0x[0-9a-f]{40}$/), success: true });
  const lines = callLines(unit);
  expect(lines[0]).toMatch(/^deposit 0 .*success, [\d,]+ gas$/);
  expect(lines[2]).toMatch(new RegExp(`^ {4}CALL 0x${B}  gas 20,000 → [\\d,]+, own [\\d,]+  ✗ .*Error\\("no"\\)$`));
  expect(gasLines(unit).join("\n")).toContain("(creation)");
});

test("precompiles and the chain's own contracts have names", () => {
  const unit = callsOf({ A: `6040600052${call("02".padStart(40, "0"), "CALL")}` });
  expect(callLines(unit)[2]).toContain("CALL precompile (0x0000000000000000000000000000000000000002) sha256(0x)");
});

test("more calls than are kept are counted", () => {
  const { calls, omitted } = callsOf(
    { A: call(B, "CALL") + call(B, "CALL"), B: call(C, "CALL"), C: "00" },
    undefined,
    2,
  );
  expect([calls.length, omitted]).toEqual([2, 3]);
});

test("other rules show in the gas of the tree", () => {
  const contracts = { A: call(B, "CALL"), B: "60005450" };
  const own = (rules: Rules) => callsOf(contracts, rules).calls[1].ownGas;
  expect(Number(own(ruleSet("quarkchain+1884"))) - Number(own(QUARKCHAIN_RULES))).toBe(600);
});

test.each([
  [REASON, 'Error("no")'],
  [`4e487b71${word(0x11)}`, "Panic(0x11): an operation overflows"],
  [`4e487b71${word(0x99)}`, "Panic(0x99)"],
  // The words of another shape are shown as they are.
  ["08c379a0ff", "0x08c379a0ff"],
  ["", undefined],
])("revert data %s say %s", (data, reason) => {
  expect(revertReason(fromHex(data), new ContractNames())).toBe(reason);
});
