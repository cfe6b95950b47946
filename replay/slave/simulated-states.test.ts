import { expect, test } from "vitest";
import { EXECUTED_STORMS, simulateAll } from "../../node/slave/sim-runs.testkit.ts";
import { checkMoney, checkStates } from "./simulated-states.testkit.ts";

const RUNS = Number(process.env.QKC_CLUSTERS ?? 10);
const FIRST_SEED = Number(process.env.QKC_SEED ?? 1);

/** As node/slave/cluster-simulation.test.ts, with engines that execute: QKC_SEED and QKC_CLUSTERS choose other runs. */
test("what a cluster's shards have come to, whatever happened to them, is what checkdb comes to", {
  timeout: 600_000,
}, async () => {
  const checked = { confirmed: 0, unconfirmed: 0 };
  await simulateAll(FIRST_SEED, RUNS, EXECUTED_STORMS, async (sim) => {
    checkMoney(sim);
    const { confirmed, unconfirmed } = await checkStates(sim);
    checked.confirmed += confirmed;
    checked.unconfirmed += unconfirmed;
  });
  expect(checked.confirmed).toBeGreaterThan(RUNS);
  expect(checked.unconfirmed).toBeGreaterThan(RUNS);
});
