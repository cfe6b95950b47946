import { afterAll, expect, test } from "vitest";
import { openDatabase } from "../../../replay/database/open-database.ts";
import { SMALL } from "../../../replay/database/small-fixture.testkit.ts";
import { expectLocalised } from "../../../replay/triage/seeded-faults/expectations.testkit.ts";
import { blocksOf, chooseFaults, examine, median } from "../../../replay/triage/seeded-faults/seeded-faults.testkit.ts";

/** Other faults on other blocks each time: SEEDED_FAULTS names the first seed. */
const FIRST_SEED = Number(process.env.SEEDED_FAULTS ?? 2);
const SEEDS = Array.from({ length: 4 }, (_, i) => FIRST_SEED + i);
const COUNTS = { interpreter: 24, gas: 12, state: 8, receipts: 6, cursor: 5, fees: 5 };

const database = openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
afterAll(() => database.source.close());

test.each(SEEDS)("60 single faults of seed %d are localised and have small cases", async (seed) => {
  const blocks = await blocksOf(database);
  const chosen = chooseFaults(blocks, COUNTS, seed);
  const sizes = chosen.map(({ fault, trial }) => {
    const examined = examine(blocks, fault, trial);
    expectLocalised(trial, examined);
    return examined.reproducerBytes;
  });
  expect(sizes).toHaveLength(60);
  expect(median(sizes)).toBeLessThan(10_000);
});
