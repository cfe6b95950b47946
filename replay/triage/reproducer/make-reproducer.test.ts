import { describe, expect, test } from "vitest";
import { toHex } from "../../../node/codec/bytes.ts";
import type { Reproducer } from "./format.ts";
import { reproduce } from "./reproduce.ts";
import { type DifferingPlace, reproducerAt } from "./reproducer.testkit.ts";
import { reproducerText } from "./reproducer-file.ts";
import { decodedTransaction } from "./sender-keys.ts";

function fieldsOf({ about }: Reproducer): string[] {
  return about.differences.map(({ where, field }) => `${where.split(" ")[0]} ${field.split(" ")[0]}`);
}

describe.each<[string, DifferingPlace, { deposits: number; transactions: number; accounts: number }]>([
  ["one of twelve transactions", { fullShardId: 1, height: 12, rules: "quarkchain+2028" }, size(0, 1, 1)],
  ["a deposit before transactions", { fullShardId: 1, height: 40, rules: "quarkchain+2200" }, size(1, 0, 1)],
  ["a contract's storage", { fullShardId: 1, height: 26, rules: "quarkchain+1884" }, size(0, 1, 2)],
  ["a transaction to another shard", { fullShardId: 1, height: 25, rules: "quarkchain+2028" }, size(0, 1, 1)],
])("%s", async (_, place, expected) => {
  const reproducer = await reproducerAt(place);

  test("is all that is left", () => {
    const { deposits, transactions, pre } = reproducer;
    expect(size(deposits.length, transactions.length, Object.keys(pre).length)).toEqual(expected);
    expect(reproducerText(reproducer).length).toBeLessThan(10_000);
  });

  test("fails under the rules that it was found with, as it says, and passes under its own", () => {
    expect(reproduce(reproducer).differences).toEqual(reproducer.about.differences);
    expect(reproducer.about.differences).not.toEqual([]);
    expect(reproduce(reproducer, "quarkchain").differences).toEqual([]);
  });

  test("is the same each time", async () => {
    expect(reproducerText(await reproducerAt(place))).toBe(reproducerText(reproducer));
  });
});

function size(deposits: number, transactions: number, accounts: number) {
  return { deposits, transactions, accounts };
}

test("calldata shrinks to what makes the difference", async () => {
  const reproducer = await reproducerAt({ fullShardId: 1, height: 12, rules: "quarkchain+2028" });
  const data = decodedTransaction(reproducer.transactions[0])?.data ?? new Uint8Array(0);
  expect(toHex(data)).toMatch(/^(00)*[1-9a-f][0-9a-f]$|^(00)*0[1-9a-f]$/);
  expect(fieldsOf(reproducer)).toContain("transaction cumulativeGasUsed");
});

test("code that is not reached is zero, and nothing stands behind what is", async () => {
  const reproducer = await reproducerAt({ fullShardId: 1, height: 26, rules: "quarkchain+1884" });
  const contracts = Object.values(reproducer.pre).filter(({ code }) => code.length > 0);
  expect(contracts).toHaveLength(1);
  for (const { code } of contracts) {
    expect(code[code.length - 1]).not.toBe(0);
    expect(code.filter((byte) => byte !== 0).length).toBeLessThan(code.length / 2);
  }
});
