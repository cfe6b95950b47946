import { SimCluster, type Weather } from "./sim-cluster.testkit.ts";
import type { Defect } from "./sim-engine.testkit.ts";
import { type PlannedEvent, planOf, planText, shrunk } from "./sim-plan.testkit.ts";

const FAIR: Weather = { kills: 0, cuts: 0, hostile: 0, engineFails: 0, writeFails: 0, bornAt: 0, executes: false };

export const STORM: Weather = { ...FAIR, kills: 3, cuts: 3, bornAt: 1 };

const STORMS: readonly Weather[] = [
  FAIR,
  { ...FAIR, cuts: 4 },
  { ...FAIR, kills: 2, bornAt: 2 },
  STORM,
  { ...FAIR, engineFails: 0.03, cuts: 2 },
  { ...FAIR, engineFails: 0.03, kills: 2, bornAt: 1 },
  { ...FAIR, kills: 1, cuts: 2, hostile: 4 },
  { ...FAIR, writeFails: 0.01, kills: 1, cuts: 1 },
  { ...FAIR, hostile: 8, bornAt: 1 },
  { ...FAIR, kills: 2, cuts: 2, hostile: 4, engineFails: 0.02, writeFails: 0.01, bornAt: 1 },
];

const EXECUTED: Weather = { ...FAIR, executes: true };

/** Engines execute. */
export const EXECUTED_STORMS: readonly Weather[] = [
  EXECUTED,
  { ...EXECUTED, kills: 3, cuts: 2 },
  { ...EXECUTED, kills: 2, cuts: 2, bornAt: 1 },
  { ...EXECUTED, cuts: 4, bornAt: 2 },
  { ...EXECUTED, kills: 2, engineFails: 0.03 },
];

export interface Tally {
  mined: number;
  reported: number;
  roots: number;
  lives: number;
  fetched: number;
  served: number;
}

/** Throws with the seed, the part of what was planned that the failure needs, and the last that the slaves have said. */
export async function simulate(seed: number, weather: Weather, defect?: Defect): Promise<SimCluster> {
  const plan = planOf(seed, weather);
  const sim = new SimCluster(seed, weather, plan, defect);
  try {
    await sim.run();
  } catch (error) {
    const { message, stack } = error as Error;
    const needed = await shrunk(plan, (part) => failsAlike(message, seed, weather, part, defect));
    const schedule = `${needed.length} of ${plan.length} events fail: ${planText(needed)}`;
    throw new Error(`seed ${seed}: ${message}\n${schedule}\n${sim.lines.slice(-20).join("\n")}\n${stack}`);
  }
  return sim;
}

/** One run a seed, in one weather after the other; `look` sees each when it has ended. */
export async function simulateAll(
  first: number,
  runs: number,
  storms = STORMS,
  look: (sim: SimCluster) => Promise<void> = async () => {},
): Promise<Tally> {
  const tally: Tally = { mined: 0, reported: 0, roots: 0, lives: 0, fetched: 0, served: 0 };
  for (let seed = first; seed < first + runs; seed++) {
    const sim = await simulate(seed, storms[seed % storms.length]);
    await look(sim);
    tally.mined += sim.history.mined;
    tally.reported += sim.history.reported.size;
    tally.roots += sim.history.roots.length;
    tally.lives += sim.lives;
    tally.fetched += sim.fetched;
    tally.served += sim.served;
  }
  console.log(`seeds ${first}…${first + runs - 1}: ${JSON.stringify(tally)}`);
  return tally;
}

/** Whether a part of a plan fails for the same reason; numbers and hashes may differ. */
async function failsAlike(
  message: string,
  seed: number,
  weather: Weather,
  plan: readonly PlannedEvent[],
  defect: Defect | undefined,
): Promise<boolean> {
  try {
    await new SimCluster(seed, weather, plan, defect).run();
    return false;
  } catch (error) {
    return kindOf((error as Error).message) === kindOf(message);
  }
}

function kindOf(message: string): string {
  return message.split("\n")[0].replaceAll(/[0-9a-f]{8,}|\d+/g, "#");
}
