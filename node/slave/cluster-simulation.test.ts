import { describe, expect, test } from "vitest";
import { SimCluster, type Weather } from "./sim-cluster.testkit.ts";
import type { Defect } from "./sim-shard.testkit.ts";

const RUNS = Number(process.env.QKC_CLUSTERS ?? 50);
const FIRST_SEED = Number(process.env.QKC_SEED ?? 1);

const FAIR: Weather = { kills: 0, cuts: 0, engineFails: 0, writeFails: 0, bornAt: 0 };
const STORMS: readonly Weather[] = [
  FAIR,
  { ...FAIR, cuts: 4 },
  { ...FAIR, kills: 2, bornAt: 2 },
  { ...FAIR, kills: 3, cuts: 3, bornAt: 1 },
  { ...FAIR, engineFails: 0.03, cuts: 2 },
  { ...FAIR, engineFails: 0.03, kills: 2, bornAt: 1 },
  { ...FAIR, writeFails: 0.01, kills: 1 },
];

interface Tally {
  runs: number;
  mined: number;
  reported: number;
  roots: number;
  lives: number;
}

async function simulate(seed: number, weather: Weather, defect?: Defect): Promise<SimCluster> {
  const sim = new SimCluster(seed, weather, defect);
  try {
    await sim.run();
  } catch (error) {
    const { message, stack } = error as Error;
    throw new Error(`seed ${seed}: ${message}\n${sim.lines.slice(-20).join("\n")}\n${stack}`);
  }
  return sim;
}

/** Our slaves under a model of the master; QKC_SEED and QKC_CLUSTERS choose other runs. */
describe("whatever happens to a cluster", () => {
  test("its shards are right at every moment and whole in the end", { timeout: 3_600_000 }, async () => {
    const tally: Tally = { runs: 0, mined: 0, reported: 0, roots: 0, lives: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
      const sim = await simulate(seed, STORMS[seed % STORMS.length]);
      tally.runs++;
      tally.mined += sim.mined;
      tally.reported += sim.reported.size;
      tally.roots += sim.roots.length;
      tally.lives += sim.lives;
    }
    console.log(`seeds ${FIRST_SEED}…${FIRST_SEED + RUNS - 1}: ${JSON.stringify(tally)}`);
    expect(tally.reported).toBeGreaterThan(tally.mined / 3);
  });
});

describe("a defect that is put in is found", () => {
  test.each([
    ["report-before-lists", /reported before .* has its list/],
    ["marker-before-body", /marker without body/],
    ["lost-requeue", /a transaction is lost/],
    ["index-not-rewritten", /index/],
    ["double-apply", /executed 2 times/],
  ] as const)("%s", { timeout: 300_000 }, async (defect, message) => {
    const found: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS && found.length === 0; seed++) {
      await simulate(seed, STORMS[3], defect).catch((error: Error) => found.push(error.message));
    }
    console.log(defect, found[0]?.split("\n")[0]);
    expect(found[0]).toMatch(message);
  });
});
