/*
 * Records fixtures/hardforks: npx tsx scripts/oracle/hardforks/record.ts
 * Random cases are taken as long as one of their hardfork's rules, taken away, is not noticed by two cases yet.
 */
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import {
  answerHardforkCase,
  type HardforkCase,
  type RecordedCase,
} from "../../../node/el/evm/hardforks/hardfork-case.testkit.ts";
import { HARDFORK_NAMES, ruleSet } from "../../../node/el/evm/hardforks/rule-set.ts";
import { ethereumjsAnswer } from "./ethereumjs.ts";
import { revertsCreationWithEf } from "./known-difference.ts";
import { randomCase } from "./programs.ts";
import { Random } from "./random.ts";

const SEED = 4;
const MOST_TRIES = 3000;
const NOTICES = 2;
const file = new URL("../../../fixtures/hardforks/cases.jsonl.gz", import.meta.url);

const recorded: RecordedCase[] = [];
for (const hardfork of HARDFORK_NAMES) recorded.push(...(await casesOf(hardfork)));
writeFileSync(file, gzipSync(recorded.map((entry) => `${JSON.stringify(entry)}\n`).join(""), { level: 9 }));
console.log(`${recorded.length} cases`);

async function casesOf(hardfork: string): Promise<RecordedCase[]> {
  const missing = new Map([...ruleSet(hardfork).eips].map((eip) => [eip, NOTICES]));
  const cases: RecordedCase[] = [];
  for (let number = 0; number < MOST_TRIES && (missing.size > 0 || cases.length < 8); number++) {
    const ample = randomCase(new Random(SEED * 1_000_003 + number), hardfork, `${hardfork} ${number}`);
    const expected = await ethereumjsAnswer(ample);
    if (revertsCreationWithEf(ample, expected)) continue;
    const noticed = [...missing.keys()].filter((eip) => isNoticed(ample, expected, eip));
    if (noticed.length === 0 && cases.length >= 8) continue;
    for (const eip of noticed) {
      const left = (missing.get(eip) ?? 0) - 1;
      if (left > 0) missing.set(eip, left);
      else missing.delete(eip);
    }
    cases.push({ ...ample, expected });
  }
  console.log(`${hardfork}: ${cases.length} cases; not noticed: ${[...missing.keys()].join(", ") || "none"}`);
  return cases;
}

function isNoticed(hardforkCase: HardforkCase, expected: RecordedCase["expected"], eip: number): boolean {
  const answer = answerHardforkCase(hardforkCase, expected, ruleSet(`${hardforkCase.hardfork}-${eip}`));
  return JSON.stringify(answer) !== JSON.stringify(expected);
}
