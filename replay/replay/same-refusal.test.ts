import { expect, test } from "vitest";
import { isSameRefusal } from "./same-refusal.ts";

const OURS = { transactionIndex: 1, refusal: "INTRINSIC_GAS", reason: "transaction 1 pays for too little" };

test("an engine's refusal is ours by rule and transaction, whatever its words", () => {
  expect(isSameRefusal({ transactionIndex: 1, refusal: "INTRINSIC_GAS" }, OURS)).toBe(true);
  expect(isSameRefusal({ transactionIndex: 2, refusal: "INTRINSIC_GAS" }, OURS)).toBe(false);
  expect(isSameRefusal({ transactionIndex: 1, refusal: "NONCE" }, OURS)).toBe(false);
  expect(isSameRefusal({ transactionIndex: 1 }, OURS)).toBe(false);
  expect(isSameRefusal({ transactionIndex: 1 }, { transactionIndex: 1, reason: "no name" })).toBe(false);
  expect(isSameRefusal(undefined, OURS)).toBe(false);
  expect(isSameRefusal({ transactionIndex: null, refusal: "X" }, { refusal: "X", reason: "" })).toBe(true);
});
