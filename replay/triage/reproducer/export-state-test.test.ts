import { expect, test } from "vitest";
import { toHex } from "../../../node/codec/bytes.ts";
import { readTestFile } from "../../statetest/format.ts";
import { FORK } from "../../statetest/run-file.ts";
import { ethereumjsRoot } from "./ethereum-transaction.testkit.ts";
import { exportedStateTest } from "./export-state-test.ts";
import { type DifferingPlace, reproducerAt } from "./reproducer.testkit.ts";

/** As the runner of state tests reads it. */
async function exportedAt(place: DifferingPlace) {
  const [test] = readTestFile(JSON.stringify(exportedStateTest(await reproducerAt(place)))).values();
  if (test === undefined) throw new Error("no state test");
  return test;
}

test.each<DifferingPlace>([
  { fullShardId: 1, height: 12, rules: "quarkchain+2028" },
  { fullShardId: 1, height: 13, rules: "quarkchain+2929" },
  { fullShardId: 1, height: 20, rules: "quarkchain+2200" },
  { fullShardId: 1, height: 51, rules: "quarkchain+1884" },
])("@ethereumjs/evm comes to the exported state root: %o", async (place) => {
  const exported = await exportedAt(place);
  expect(toHex(await ethereumjsRoot(exported))).toBe(toHex(exported.post[FORK][0].hash));
});

test("GASLIMIT shows what transactions have without deposits", async () => {
  const reproducer = await reproducerAt({ fullShardId: 1, height: 12, rules: "quarkchain+2028" });
  const { gasLimit, xshardGasLimit } = reproducer.block;
  const env = { currentGasLimit: `0x${(gasLimit - xshardGasLimit).toString(16)}` };
  expect(exportedStateTest(reproducer)).toMatchObject({ "1-12": { env } });
});

test.each<[DifferingPlace, RegExp]>([
  [{ fullShardId: 1, height: 40, rules: "quarkchain+2200" }, /it has deposits/],
  [{ fullShardId: 1, height: 18, rules: "quarkchain+2028" }, /another token than QKC/],
  [{ fullShardId: 1, height: 25, rules: "quarkchain+2028" }, /goes to another shard/],
])("says why not: %o", async (place, reason) => {
  const reproducer = await reproducerAt(place);
  expect(() => exportedStateTest(reproducer)).toThrow(reason);
});

test("rules that come to the same as QuarkChain's are exported, whatever their name", async () => {
  const reproducer = await reproducerAt({ fullShardId: 1, height: 12, rules: "quarkchain+2028" });
  const expected = { source: "execution", name: "quarkchain+2028 with EIP-2028 as in quarkchain" } as const;
  const renamed = { ...reproducer, about: { ...reproducer.about, expected } };
  expect(exportedStateTest(renamed)).toEqual(exportedStateTest(reproducer));
});

test("rules that come to something else are named", async () => {
  const reproducer = await reproducerAt({ fullShardId: 1, height: 12, rules: "quarkchain+2028" });
  const expected = { source: "execution", name: "quarkchain+2028" } as const;
  const swapped = { ...reproducer, about: { ...reproducer.about, expected }, expected: reproducer.got };
  expect(() => exportedStateTest(swapped)).toThrow(/expects the result of quarkchain\+2028/);
});

test("what only a declared block says is not exported", async () => {
  const reproducer = await reproducerAt({ fullShardId: 1, height: 12, rules: "quarkchain+2028" });
  const about = { ...reproducer.about, expected: { source: "declared", name: "the block" } } as const;
  expect(() => exportedStateTest({ ...reproducer, about })).toThrow(/known in part only/);
});
