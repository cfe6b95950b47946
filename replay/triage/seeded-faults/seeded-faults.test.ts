import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { openDatabase } from "../../database/open-database.ts";
import { SMALL } from "../../database/small-fixture.testkit.ts";
import { expectLocalised } from "./expectations.testkit.ts";
import { blocksOf, chooseFaults, examine, median, rowOf } from "./seeded-faults.testkit.ts";

const SEED = 1;
const COUNTS = { interpreter: 24, gas: 12, state: 8, receipts: 6, cursor: 5, fees: 5 };

const database = openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
afterAll(() => database.source.close());

test(`60 single faults (seed ${SEED}) are localised, and each has a small case that fails with it alone`, async () => {
  const blocks = await blocksOf(database);
  const chosen = chooseFaults(blocks, COUNTS, SEED);
  expect(chosen).toHaveLength(60);
  const table: string[] = [];
  const sizes: number[] = [];
  for (const { fault, trial } of chosen) {
    const examined = examine(blocks, fault, trial);
    expectLocalised(trial, examined);
    table.push(rowOf(trial, examined));
    sizes.push(examined.reproducerBytes);
  }
  expect(median(sizes)).toBeLessThan(10_000);
  const header = "fault | block | fields | unit | step";
  await expect(`${[header, ...table].join("\n")}\n`).toMatchFileSnapshot(
    fileURLToPath(new URL("seeded-faults.txt", import.meta.url)),
  );
}, 240_000);
