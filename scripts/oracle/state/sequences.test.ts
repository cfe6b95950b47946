/*
 * WorldState against pyquarkchain's State: PYQUARKCHAIN=<checkout> ORACLE_PYTHON=<python> npm run test:oracle --
 * scripts/oracle/state. ORACLE_SEED and ORACLE_COUNT repeat, shorten or lengthen a run.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { bytesFromKey, toHex } from "../../../node/codec/bytes.ts";
import { StateCache } from "../../../node/el/state/state-cache.ts";
import { replaySequence, type StateSequence } from "../../../node/el/state/state-sequence.testkit.ts";

const checkout = process.env.PYQUARKCHAIN;
const python = process.env.ORACLE_PYTHON ?? "python3";
const seed = Number(process.env.ORACLE_SEED ?? Date.now() % 1_000_000);
const count = Number(process.env.ORACLE_COUNT ?? 2000);
const BATCH = 500;
/** So small that all nodes, or the older ones, are let go between blocks. */
const TIGHT_LIMITS_BYTES = [2000, 20_000];

async function askPyquarkchain(first: number, howMany: number): Promise<StateSequence[]> {
  const script = fileURLToPath(new URL("sequences.py", import.meta.url));
  const { stdout } = await promisify(execFile)(python, ["-W", "ignore", script, `${first}`, `${howMany}`, "--rows"], {
    env: { ...process.env, PYTHONPATH: checkout },
    maxBuffer: 2 ** 30,
  });
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

if (checkout === undefined) console.info("scripts/oracle/state: skipped, set PYQUARKCHAIN to a pyquarkchain checkout");

describe.skipIf(checkout === undefined)(`state against pyquarkchain, seed ${seed}`, () => {
  test(`${count} sequences`, { timeout: 3_600_000 }, async () => {
    for (let done = 0; done < count; done += BATCH) {
      for (const sequence of await askPyquarkchain(seed + done, Math.min(BATCH, count - done))) {
        const { rows } = replaySequence(sequence);
        const written = new Set(sequence.rows);
        for (const key of rows.keys()) {
          expect(written, `seed ${sequence.seed}: a row pyquarkchain does not write`).toContain(
            toHex(bytesFromKey(key)),
          );
        }
        for (const limit of TIGHT_LIMITS_BYTES) replaySequence(sequence, new StateCache(limit));
      }
    }
  });
});
