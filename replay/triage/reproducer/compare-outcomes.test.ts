import { describe, expect, test } from "vitest";
import { addressFromHex, fromHex } from "../../../node/codec/bytes.ts";
import { compareOutcomes, differenceClass } from "./compare-outcomes.ts";
import type { ExecutedOutcome, Outcome, OutcomeUnit } from "./format.ts";

const ADDRESS = `0x${"ab".repeat(20)}`;

function unit(change: Partial<OutcomeUnit> = {}): OutcomeUnit {
  const plain = { success: true, cumulativeGasUsed: 21000n, logs: [], bloom: [], contractAddress: fromHex("") };
  return { kind: "transaction", index: 0, ...plain, contractFullShardKey: 1, ...change };
}

function executed(change: Partial<ExecutedOutcome>): Outcome {
  return { status: "EXECUTED", ...change };
}

function found(expected: Outcome, got: Outcome): string[] {
  return compareOutcomes(expected, got).map((one) => `${one.where} ${one.field}: ${one.expected} / ${one.got}`);
}

const log = { address: addressFromHex(ADDRESS), topics: [fromHex("01")], data: fromHex("02") };

describe("compareOutcomes", () => {
  test.each<[string, Outcome, Outcome, string[]]>([
    ["what is not expected is not compared", executed({}), executed({ gasUsed: 1n, units: [unit()] }), []],
    ["gas", executed({ gasUsed: 1n }), executed({ gasUsed: 2n }), ["block gasUsed: 1 / 2"]],
    ["what did not come", executed({ gasUsed: 1n }), executed({}), ["block gasUsed: 1 / -"]],
    [
      "a receipt's fields",
      executed({ units: [unit({ logs: [log] })] }),
      executed({ units: [unit({ success: false })] }),
      ["transaction 0 success: true / false", `transaction 0 logs: ${ADDRESS.slice(2)} [01] 02 / `],
    ],
    [
      "a receipt that is missing",
      executed({ units: [unit()] }),
      executed({ units: [] }),
      ["transaction 0 receipt: present / -"],
    ],
    [
      "accounts and their entries",
      executed({ state: { [ADDRESS]: { nonce: 1n, balances: { 35760: 5n }, storage: { "0x1": 16n } } } }),
      executed({ state: { [ADDRESS]: { nonce: 1n, balances: { 35760: 4n }, storage: { "0x1": 17n } } } }),
      [`state ${ADDRESS} balance 35760: 5 / 4`, `state ${ADDRESS} storage 0x1: 10 / 11`],
    ],
    [
      "an account that should not be there",
      executed({ state: { [ADDRESS]: null } }),
      executed({ state: { [ADDRESS]: {} } }),
      [`state ${ADDRESS} exists: absent / present`],
    ],
    [
      "a block that is refused",
      executed({ gasUsed: 1n }),
      { status: "INVALID", transactionIndex: 2, reason: "" },
      ["block status: executed / transaction 2 is invalid"],
    ],
    [
      "another reason is no difference",
      { status: "INVALID", transactionIndex: 2, reason: "a" },
      { status: "INVALID", transactionIndex: 2, reason: "b" },
      [],
    ],
  ])("%s", (_, expected, got, differences) => expect(found(expected, got)).toEqual(differences));

  test("more receipts than all that are expected", () => {
    const receiptRoot = new Uint8Array(32) as NonNullable<ExecutedOutcome["receiptRoot"]>;
    const all = executed({ units: [unit()], receiptRoot });
    const more = executed({ units: [unit(), unit({ index: 1 })], receiptRoot });
    expect(found(all, more)).toEqual(["block receipts: 1 / 2"]);
    expect(found(executed({ units: [unit()] }), more)).toEqual([]);
  });

  test("long texts are cut and still told apart", () => {
    const withData = (hex: string) =>
      executed({ units: [unit({ logs: [{ ...log, data: fromHex(hex.repeat(500)) }] })] });
    const [difference] = compareOutcomes(withData("00"), withData("01"));
    expect(difference.expected.length).toBeLessThan(250);
    expect(difference.expected).not.toBe(difference.got);
  });
});

test("a class has no numbers", () => {
  const differences = compareOutcomes(
    executed({ units: [unit(), unit({ index: 7 })], state: { [ADDRESS]: { balances: { 1: 1n, 2: 2n } } } }),
    executed({
      units: [unit({ success: false }), unit({ index: 7, success: false })],
      state: { [ADDRESS]: { balances: {} } },
    }),
  );
  expect(differences).toHaveLength(4);
  expect(differenceClass(differences)).toBe("state balance, transaction success");
});
