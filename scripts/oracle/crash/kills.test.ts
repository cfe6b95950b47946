import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  contentDigest,
  feedWithKills,
  type KillRun,
  runChild,
  seededRandom,
} from "../../../replay/el/kill-runs.testkit.ts";
import { SmallChain } from "../../../replay/el/small-payloads.testkit.ts";
import { type BuiltProject, buildProject, temporaryFolder } from "../../../replay/work/built-project.testkit.ts";

/** In every mode until so many kills are done. QKC_KILLS=1000 for a longer night. */
const KILLS = Number(process.env.QKC_KILLS ?? 200);
const MODES = [
  { durability: "process", states: 0 },
  { durability: "process", states: 6 },
  { durability: "disk", states: 0 },
  { durability: "disk", states: 6 },
] as const;

let project: BuiltProject;
const folder = temporaryFolder();
const chain = new SmallChain();

beforeAll(() => {
  project = buildProject();
});
afterAll(() => {
  folder.remove();
  chain.close();
});

test(`${KILLS} kills at random moments lose nothing that was acknowledged`, async () => {
  const seed = Number(process.env.QKC_CRASH_SEED ?? Date.now() % 1_000_000);
  console.log(`QKC_CRASH_SEED=${seed}`);
  const random = seededRandom(seed);
  const digests = new Map<number, string>();
  let kills = 0;
  for (let round = 0; kills < KILLS; round++) {
    const fullShardId = chain.fullShardIds[Math.floor(round / MODES.length) % chain.fullShardIds.length];
    const run: KillRun = { ...MODES[round % MODES.length], fullShardId, folder: join(folder.path, `${round}`) };
    const withStates = run.states === 0;
    const wanted = digests.get(fullShardId + (withStates ? 0 : 0.5)) ?? (await untouchedDigest(run, withStates));
    digests.set(fullShardId + (withStates ? 0 : 0.5), wanted);
    const name = `seed ${seed}, round ${round} (${run.durability}, ${run.states} states, shard ${fullShardId})`;
    kills += await feedWithKills(project, chain, run, { random, most: KILLS - kills, name });
    expect(await contentDigest(run.folder, withStates), name).toBe(wanted);
  }
  console.log(`${kills} kills`);
});

/** Of a store that nobody disturbed. */
async function untouchedDigest({ fullShardId }: KillRun, withStates: boolean): Promise<string> {
  const path = join(folder.path, `whole-${fullShardId}-${withStates}`);
  const run = { folder: path, fullShardId, durability: "process", states: 0 } as const;
  expect((await runChild(project, run, undefined)).finished).toBe(true);
  return await contentDigest(path, withStates);
}
