import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BuiltProject, buildProject, temporaryFolder } from "../work/built-project.testkit.ts";
import { contentDigest, feedWithKills, runChild, seededRandom } from "./kill-runs.testkit.ts";
import { SmallChain } from "./small-payloads.testkit.ts";

const SHARD = 65538;

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

test("a process killed again and again loses nothing that it acknowledged and ends with the same content", async () => {
  const seed = Number(process.env.QKC_CRASH_SEED ?? Date.now() % 1_000_000);
  const whole = { folder: join(folder.path, "whole"), fullShardId: SHARD, durability: "process", states: 0 } as const;
  expect((await runChild(project, whole, undefined)).finished).toBe(true);
  const killed = { ...whole, folder: join(folder.path, "killed") };
  await feedWithKills(project, chain, killed, { random: seededRandom(seed), most: 4, name: `seed ${seed}` });
  expect(await contentDigest(killed.folder), `seed ${seed}`).toBe(await contentDigest(whole.folder));
}, 120_000);

test("a file that cannot grow any more tears no batch", async () => {
  const run = { fullShardId: SHARD, durability: "process", states: 0 } as const;
  const whole = join(folder.path, "whole");
  const torn = { ...run, folder: join(folder.path, "torn") };
  const failed = await runChild(project, { ...torn, mostFileKiB: 120 }, undefined);
  expect(failed.finished).toBe(false);
  expect(failed.stderr).toMatch(/cannot be written \(IO error: .*File too large\)/);
  expect(failed.lines.length).toBeGreaterThan(10);
  expect((await runChild(project, torn, undefined)).finished).toBe(true);
  expect(await contentDigest(torn.folder)).toBe(await contentDigest(whole));
});
