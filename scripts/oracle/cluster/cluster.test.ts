import { expect, test } from "vitest";
import { simulateAll } from "../../../node/slave/sim-runs.testkit.ts";

const RUNS = Number(process.env.QKC_CLUSTERS ?? 1000);
const FIRST_SEED = Number(process.env.QKC_SEED ?? 1001);

/** As node/slave/cluster-simulation.test.ts, of other seeds and more of them. */
test("a thousand clusters are right at every moment and whole in the end", { timeout: 7_200_000 }, async () => {
  const { mined, reported } = await simulateAll(FIRST_SEED, RUNS);
  expect(reported).toBeGreaterThan(mined / 3);
});
