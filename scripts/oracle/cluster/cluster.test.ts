import { expect, test } from "vitest";
import { EXECUTED_STORMS, simulateAll } from "../../../node/slave/sim-runs.testkit.ts";
import { checkMoney, checkStates } from "../../../replay/slave/simulated-states.testkit.ts";

const RUNS = Number(process.env.QKC_CLUSTERS ?? 1000);
const FIRST_SEED = Number(process.env.QKC_SEED ?? 1001);

/** As node/slave/cluster-simulation.test.ts, of other seeds and more of them. */
test("a thousand clusters are right at every moment and whole in the end", { timeout: 7_200_000 }, async () => {
  const { mined, reported } = await simulateAll(FIRST_SEED, RUNS);
  expect(reported).toBeGreaterThan(mined / 3);
});

/** As replay/slave/simulated-states.test.ts. */
test("clusters that execute come to the states that checkdb comes to, and to all money", {
  timeout: 7_200_000,
}, async () => {
  let checked = 0;
  await simulateAll(FIRST_SEED, RUNS / 5, EXECUTED_STORMS, async (sim) => {
    checkMoney(sim);
    const { confirmed, unconfirmed } = await checkStates(sim);
    checked += confirmed + unconfirmed;
  });
  expect(checked).toBeGreaterThan(RUNS);
});
