/*
 * The interpreter against pyquarkchain's VM on random messages: PYQUARKCHAIN=<checkout> ORACLE_PYTHON=<python>
 * npm run test:oracle -- scripts/oracle/evm. ORACLE_SEED and ORACLE_COUNT repeat, shorten or lengthen a run.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { answerCase, type EvmCase } from "../../../node/el/evm/evm-case.testkit.ts";

const checkout = process.env.PYQUARKCHAIN;
const python = process.env.ORACLE_PYTHON ?? "python3";
const seed = Number(process.env.ORACLE_SEED ?? Date.now() % 1_000_000_000);
const count = Number(process.env.ORACLE_COUNT ?? 2000);
const BATCH = 500;

async function askPyquarkchain(...args: readonly string[]): Promise<EvmCase[]> {
  const script = fileURLToPath(new URL("cases.py", import.meta.url));
  const { stdout } = await promisify(execFile)(python, ["-W", "ignore", script, ...args], {
    env: { ...process.env, PYTHONPATH: checkout, PYTHONDONTWRITEBYTECODE: "1" },
    maxBuffer: 2 ** 30,
  });
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

if (checkout === undefined) console.info("scripts/oracle/evm: skipped, set PYQUARKCHAIN to a pyquarkchain checkout");

describe.skipIf(checkout === undefined)("interpreter against pyquarkchain", () => {
  test("the directed cases", { timeout: 600_000 }, async () => {
    for (const evmCase of await askPyquarkchain("directed")) {
      expect(answerCase(evmCase), evmCase.name).toEqual(evmCase.expected);
    }
  });

  test(`${count} random worlds, seed ${seed}`, { timeout: 3_600_000 }, async () => {
    for (let done = 0; done < count; done += BATCH) {
      const batch = Math.min(BATCH, count - done);
      for (const evmCase of await askPyquarkchain("random", `${seed + done}`, `${batch}`)) {
        expect(answerCase(evmCase), evmCase.name).toEqual(evmCase.expected);
      }
    }
  });
});
