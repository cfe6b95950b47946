import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { answerBlock, type BlockAnswer, type BlockCase } from "../../scripts/fuzz/block-case.testkit.ts";
import { answerCase, type EvmCase } from "./evm/evm-case.testkit.ts";
import { QUARKCHAIN_RULES } from "./evm/rules.ts";

/** Cases of the differential fuzzer with pyquarkchain's answers; fixtures/fuzz/README.md says how they were made. */
const folder = new URL("../../fixtures/fuzz/", import.meta.url);

function readCases<T>(prefix: string): T[] {
  const files = readdirSync(folder).filter((name) => name.startsWith(prefix) && /\.json(\.gz)?$/.test(name));
  return files.sort().flatMap((name) => {
    const bytes = readFileSync(new URL(name, folder));
    const content = JSON.parse((name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8")) as T | T[];
    return Array.isArray(content) ? content : [content];
  });
}

/** The words of a refusal are each side's own. */
function comparable(answer: BlockAnswer): unknown {
  return "refused" in answer ? answer.refused.slice(0, 2) : answer;
}

const messages = readCases<EvmCase>("message").map((evmCase) => [evmCase.name, evmCase] as const);
const blocks = readCases<BlockCase>("block").map((blockCase) => [blockCase.name, blockCase] as const);

describe("messages end as in pyquarkchain", () => {
  test.each(messages)("%s", (_, evmCase) => {
    expect(answerCase(evmCase)).toEqual(evmCase.expected);
  });
});

describe("blocks give what pyquarkchain computes, or are refused alike", () => {
  test.each(blocks)("%s", (_, blockCase) => {
    expect(comparable(answerBlock(blockCase, QUARKCHAIN_RULES))).toEqual(comparable(blockCase.expected));
  });
});
