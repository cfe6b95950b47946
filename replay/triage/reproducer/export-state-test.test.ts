import { expect, test } from "vitest";
import { toHex } from "../../../node/codec/bytes.ts";
import { QUARKCHAIN_FORK } from "../../statetest/forks.ts";
import { readTestFile } from "../../statetest/format.ts";
import { ethereumjsRoot } from "./ethereum-transaction.testkit.ts";
import { exportedStateTest } from "./export-state-test.ts";
import { type DifferingPlace, reproducerAt } from "./reproducer.testkit.ts";

/** As the runner of state tests reads it. */
async function exportedAt(place: DifferingPlace) {
  const [test] = readTestFile(JSON.stringify(exportedStateTest(await reproducerAt(place)))).values();
  if (test === undefined) throw new Error("no state test");
  return test.read();
}

test.each<DifferingPlace>([
  { fullShardId: 1, height: 12, rules: "quarkchain+2028" },
  { fullShardId: 1, height: 13, rules: "quarkchain+2929" },
  { fullShardId: 1, height: 20, rules: "quarkchain+2200" },
  { fullShardId: 1, height: 51, rules: "quarkchain+1884" },
])("@ethereumjs/evm comes to the exported state root: %o", async (place) => {
  const exported = await exportedAt(place);
  expect(toHex(await ethereumjsRoot(exported))).toBe(toHex(exported.post[QUARKCHAIN_FORK.name][0].hash));
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
  // A CREATE2 below zero gas, which creates all the same.
  [{ fullShardId: 1, height: 25, rules: "quarkchain+2929" }, /QuarkChain's own rules/],
])("says why not: %o", async (place, reason) => {
  const reproducer = await reproducerAt(place);
  expect(() => exportedStateTest(reproducer)).toThrow(reason);
});

test.each([
  { source: "execution", name: "quarkchain+2028" },
  { source: "declared", name: "the block" },
] as const)("what is expected by $name is told beside what QuarkChain's rules come to", async (expected) => {
  const reproducer = await reproducerAt({ fullShardId: 1, height: 12, rules: "quarkchain+2028" });
  const swapped = { ...reproducer, about: { ...reproducer.about, expected }, expected: reproducer.got };
  const { "1-12": exported } = exportedStateTest(swapped) as Record<string, { post: unknown; _info: unknown }>;
  const { "1-12": right } = exportedStateTest(reproducer) as Record<string, { post: unknown }>;
  expect(exported.post).toEqual(right.post);
  expect(exported._info).toMatchObject({ expected: { ...expected, result: expect.anything() } });
});

test("hex is written in full, and the other rules' result under their own name", async () => {
  const found = await reproducerAt({ fullShardId: 1, height: 20, rules: "quarkchain+2200" });
  const [[address, account]] = Object.entries(found.pre);
  const reproducer = { ...found, pre: { ...found.pre, [address]: { ...account, storage: { "0x5": 7n } } } };
  const [exported] = Object.values(exportedStateTest(reproducer) as unknown as Record<string, Exported>);
  const slots = Object.values(exported.pre).flatMap(({ storage }) => Object.entries(storage).flat());
  expect(slots.length).toBeGreaterThan(0);
  expect(slots.filter((word) => !/^0x[0-9a-f]{64}$/.test(word))).toEqual([]);
  expect(Object.keys(exported.post)).toEqual([QUARKCHAIN_FORK.name]);
  expect(Object.keys(exported._info.results)).toEqual(["quarkchain+2200"]);
  expect(exported._info.results["quarkchain+2200"].hash).not.toBe(exported.post[QUARKCHAIN_FORK.name][0].hash);
});

interface Exported {
  readonly pre: Record<string, { readonly storage: Record<string, string> }>;
  readonly post: Record<string, { readonly hash: string }[]>;
  readonly _info: { readonly results: Record<string, { readonly hash: string }> };
}
