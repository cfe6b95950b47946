/*
 * Seals against pyquarkchain itself: PYQUARKCHAIN=<checkout> ORACLE_PYTHON=<python> npx vitest run scripts/oracle/pow
 * The checkout needs qkchash/libqkchash.so (make -C qkchash). ORACLE_SEED and ORACLE_COUNT repeat or shorten a run;
 * pure Python takes some minutes for Ethash.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { createSharedEthashCaches } from "../../../node/cl/pow/ethash-cache-pool.ts";
import { type SealInput, SealVerifier } from "../../../node/cl/pow/seal.ts";
import { hashFromHex } from "../../../node/codec/bytes.ts";

const checkout = process.env.PYQUARKCHAIN;
const python = process.env.ORACLE_PYTHON ?? "python3";
const seed = Number(process.env.ORACLE_SEED ?? Date.now() % 1_000_000);
const count = Number(process.env.ORACLE_COUNT ?? 1000);

interface Question {
  readonly input: SealInput;
  readonly accepted: boolean;
}

async function askPyquarkchain(algorithm: SealInput["consensusType"]): Promise<Question[]> {
  const script = fileURLToPath(new URL("seals.py", import.meta.url));
  const { stdout } = await promisify(execFile)(python, [script, String(seed), String(count), algorithm], {
    env: { ...process.env, PYTHONPATH: checkout },
    maxBuffer: 2 ** 30,
  });
  return stdout.trim().split("\n").map(questionOf);
}

function questionOf(line: string): Question {
  const { accepted, miningHash, mixhash, nonce, difficulty, ...rest } = JSON.parse(line);
  const numbers = { nonce: BigInt(nonce), difficulty: BigInt(difficulty) };
  return {
    accepted,
    input: { ...rest, ...numbers, miningHash: hashFromHex(miningHash), mixhash: hashFromHex(mixhash) },
  };
}

if (checkout === undefined) console.info("scripts/oracle/pow: skipped, set PYQUARKCHAIN to a pyquarkchain checkout");

describe.skipIf(checkout === undefined)(`seals against pyquarkchain, seed ${seed}`, () => {
  test.each(["POW_DOUBLESHA256", "POW_QKCHASH", "POW_ETHASH"] as const)(
    "%s",
    { timeout: 3_600_000 },
    async (algorithm) => {
      const verifier = new SealVerifier(createSharedEthashCaches(2, 59_999));
      const questions = await askPyquarkchain(algorithm);
      console.info(`${algorithm}: seed ${seed}, ${count} headers, ${questions.length} questions`);
      expect(questions.length).toBeGreaterThan(count);
      for (const { input, accepted } of questions)
        expect({ input, ok: verifier.verify(input).ok }).toEqual({ input, ok: accepted });
    },
  );
});
