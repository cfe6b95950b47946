import { afterAll, expect, test } from "vitest";
import { GOQKC_CONFIG, GoquarkchainDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { openDatabase } from "../database/open-database.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import { matchesDeclared } from "../execution/trial.ts";
import { TrialSource } from "./open-trial.ts";

const pruned = new GoquarkchainDirectory();
const database = openDatabase({
  db: pruned.dir,
  configPath: GOQKC_CONFIG,
  rootTip: undefined,
  verifyChecksums: "default",
});
afterAll(() => {
  database.source.close();
  pruned.remove();
});

const SHARD = 1;

/** Memory held for the state under the last of these blocks. */
async function heldAfter(heights: readonly number[]): Promise<number> {
  const source = new TrialSource(database);
  const executor = rulesExecutor(source.config, SHARD, QUARKCHAIN_RULES);
  for (const height of heights) {
    const trial = await source.trial({ fullShardId: SHARD, height });
    expect([height, matchesDeclared(trial, executor.execute(trial.payload, trial.nodes))]).toEqual([height, true]);
  }
  return source.rig(SHARD).nodes.heldBytes;
}

test("what was computed for the state under one block is let go with the next one", async () => {
  const held = await heldAfter([100]);
  expect(held).toBeGreaterThan(0);
  expect(await heldAfter([200, 40, 100])).toBe(held);
});
