import { expect, test } from "vitest";
import { coinbaseLines, coinbasePatch } from "./coinbase-text.ts";
import type { CoinbasePart } from "./triage-schema.ts";

const reward = (declared: string | null): CoinbasePart => ({
  what: "the reward",
  unit: { kind: "reward", index: 0, hash: null },
  declared,
  amount: "100",
});
const fee = (index: number, amount: string, declared: string | null): CoinbasePart => ({
  what: `fee ${index}`,
  unit: { kind: "transaction", index, hash: "ab" },
  declared,
  amount,
});

test("fees are one summand, and the parts that differ follow", () => {
  const difference = { token: "QKC", declared: "113", computed: "112" };
  const parts = [reward("100"), fee(0, "5", "5"), fee(1, "7", "8")];
  expect(coinbaseLines({ ...difference, parts })).toEqual([
    "coinbase QKC: 113 declared, 112 computed = 100 (the reward) + 12 (2 fees)",
    "fee 1: 8 declared, 7 computed",
  ]);
  expect(coinbasePatch({ ...difference, parts }).split("\n")).toEqual([
    "@@ coinbase, QKC @@",
    "-113",
    "+112",
    " 100 the reward",
    " 5 fee 0",
    "-8 fee 1",
    "+7 fee 1",
  ]);
});

test.each([
  ["105", "the difference is fee 1: as if it were not paid"],
  ["119", "the difference is fee 1: as if it were paid twice"],
])("without a rule that explains %s the one part as large as the difference is pointed to", (declared, line) => {
  const parts = [reward(null), fee(0, "5", null), fee(1, "7", null)];
  expect(coinbaseLines({ token: "QKC", declared, computed: "112", parts }).slice(1)).toEqual([line]);
});

test("two parts that are as large point to nothing", () => {
  const parts = [reward(null), fee(0, "7", null), fee(1, "7", null)];
  expect(coinbaseLines({ token: "QKC", declared: "107", computed: "114", parts })).toHaveLength(1);
});

test("a report of an earlier program is shown as it was", () => {
  const parts = [
    { what: "reward", amount: "100" },
    { what: "fees", amount: "12" },
  ];
  expect(coinbaseLines({ token: "QKC", declared: "113", computed: "112", parts })).toEqual([
    "coinbase QKC: 113 declared, 112 computed = 100 (reward) + 12 (fees)",
  ]);
});
