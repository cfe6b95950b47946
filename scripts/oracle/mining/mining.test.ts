/*
 * Blocks made here, taken by pyquarkchain's own states: PYQUARKCHAIN=<checkout> ORACLE_PYTHON=<python>
 * npm run test:oracle -- scripts/oracle/mining. ORACLE_SEED and ORACLE_COUNT repeat, shorten or lengthen a run.
 */
import { describe, expect, test } from "vitest";
import { Campaign } from "./campaign.ts";
import { Reference } from "./reference.ts";

const checkout = process.env.PYQUARKCHAIN;
const python = process.env.ORACLE_PYTHON ?? "python3";
const seed = Number(process.env.ORACLE_SEED ?? Date.now() % 1_000_000_000);
const count = Number(process.env.ORACLE_COUNT ?? 1000);
/** More than one block may go ahead. */
const ROOT_BLOCKS_AT_ONCE = 130;

if (checkout === undefined) console.info("scripts/oracle/mining: skipped, set PYQUARKCHAIN to a pyquarkchain checkout");

describe.skipIf(checkout === undefined)("templates", () => {
  test(`${count} blocks are pyquarkchain's own, and taken by it, seed ${seed}`, { timeout: 3_600_000 }, async () => {
    const reference = new Reference(checkout as string, python);
    const campaign = await Campaign.start(reference, seed);
    try {
      for (let n = 0; n < count; n++) {
        await campaign.step();
        if (n % 200 === 20) await campaign.manyRootBlocks(ROOT_BLOCKS_AT_ONCE);
      }
      const { totals } = campaign;
      console.info(totals);
      expect(totals.blocks).toBeGreaterThanOrEqual(count);
      expect(totals.otherTemplates).toBe(0);
      if (count < 200) return;
      expect(totals.limitedRoots).toBeGreaterThan(0);
      expect(totals.forks).toBeGreaterThan(0);
      for (const total of [totals.included, totals.refused, totals.deposits]) expect(total).toBeGreaterThan(count / 4);
    } finally {
      reference.close();
      await campaign.close();
    }
  });
});
