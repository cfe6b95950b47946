import { describe, expect, test } from "vitest";
import { STORM, simulate, simulateAll } from "./sim-runs.testkit.ts";

const RUNS = Number(process.env.QKC_CLUSTERS ?? 50);
const FIRST_SEED = Number(process.env.QKC_SEED ?? 1);

/** Our slaves under a model of the master, with an honest and a hostile peer; QKC_SEED and QKC_CLUSTERS choose other runs. */
test("whatever happens to a cluster, its shards are right at every moment and whole in the end", {
  timeout: 600_000,
}, async () => {
  const { mined, reported, fetched, served } = await simulateAll(FIRST_SEED, RUNS);
  expect(reported).toBeGreaterThan(mined / 3);
  // By the master's lists and by announcements.
  expect(fetched).toBeGreaterThan(RUNS / 2);
  expect(served - fetched).toBeGreaterThan(RUNS / 2);
});

describe("a defect that is put in is found", () => {
  test.each([
    ["report-before-lists", /reported before .* has its list/],
    ["marker-before-body", /marker without body/],
    ["lost-requeue", /a transaction is lost/],
    ["index-not-rewritten", /index/],
    ["double-apply", /a block was executed \d times/],
    ["deposit-twice", /balances differ/],
  ] as const)("%s", { timeout: 300_000 }, async (defect, message) => {
    const found: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS && found.length === 0; seed++) {
      await simulate(seed, STORM, defect).catch((error: Error) => found.push(error.message));
    }
    expect(found[0]).toMatch(message);
    // What of the schedule the failure needs.
    expect(found[0]).toMatch(/\n\d+ of \d+ events fail: \d+ ms /);
  });
});
