import { readFileSync } from "node:fs";
import { isMainThread, parentPort } from "node:worker_threads";
import { gunzipSync } from "node:zlib";
import { answerCase, type EvmCase } from "./evm-case.testkit.ts";

/** Plays the recorded cases whose calls nest to the limit; true for each that pyquarkchain answers alike. */
export function playDeepCases(): boolean[] {
  const file = new URL("../../../fixtures/evm/cases.jsonl.gz", import.meta.url);
  return gunzipSync(readFileSync(file))
    .toString("utf8")
    .trim()
    .split("\n")
    .map((line): EvmCase => JSON.parse(line))
    .filter(({ name }) => name.startsWith("1024 "))
    .map((evmCase) => JSON.stringify(answerCase(evmCase)) === JSON.stringify(evmCase.expected));
}

if (!isMainThread) parentPort?.postMessage(playDeepCases());
