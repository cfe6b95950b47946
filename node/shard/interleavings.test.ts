import { describe, expect, test } from "vitest";
import { everyNth } from "../codec/thoroughness.testkit.ts";
import { ClusterSim, checkAlways, checkAtEnd, type Weather } from "./cluster-sim.testkit.ts";
import { Scheduler } from "./scheduler.testkit.ts";

const RUNS = Number(process.env.QKC_INTERLEAVINGS ?? 50 / everyNth(2));
const FIRST_SEED = Number(process.env.QKC_SEED ?? 1);

const FAIR: Weather = { engineFails: 0, writeFails: 0, deliveryFails: 0, crashes: 0 };

async function simulate(seed: number, weather: Weather): Promise<ClusterSim> {
  const scheduler = new Scheduler(seed);
  const sim = new ClusterSim(scheduler, weather);
  sim.begin(12, 5);
  try {
    await scheduler.run(() => {
      checkAlways(sim);
      sim.crashSometimes();
    });
    await checkAtEnd(sim);
  } catch (error) {
    const { message, stack } = error as Error;
    throw new Error(`seed ${seed}: ${message}\n${scheduler.trace.slice(-60).join("\n")}\n${stack}`);
  }
  return sim;
}

/** Two shards, a master that forks, miners, lists both ways; QKC_SEED and QKC_INTERLEAVINGS choose other orders. */
describe("whatever order things come in", () => {
  test.each([
    ["nothing fails", FAIR],
    ["engines and deliveries fail", { ...FAIR, engineFails: 0.1, deliveryFails: 0.3 }],
    ["processes die", { ...FAIR, crashes: 0.02 }],
    ["everything at once", { engineFails: 0.1, writeFails: 0.02, deliveryFails: 0.2, crashes: 0.02 }],
  ] as const)("%s", async (_, weather) => {
    let [mined, added, steps] = [0, 0, 0];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
      const sim = await simulate(seed, weather);
      mined += sim.mined;
      added += sim.added.size;
      steps += sim.scheduler.trace.length;
    }
    console.log(`seeds ${FIRST_SEED}…${FIRST_SEED + RUNS - 1}: ${steps} turns, ${mined} blocks made, ${added} added`);
    expect(added).toBeGreaterThan(mined / 5);
  });
});
