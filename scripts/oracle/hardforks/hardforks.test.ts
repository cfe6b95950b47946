import { describe, expect, test } from "vitest";
import { answerHardforkCase, type HardforkCase } from "../../../node/el/evm/hardforks/hardfork-case.testkit.ts";
import { HARDFORK_NAMES } from "../../../node/el/evm/hardforks/rule-set.ts";
import { ethereumjsAnswer } from "./ethereumjs.ts";
import { revertsCreationWithEf } from "./known-difference.ts";
import { randomCase } from "./programs.ts";
import { Random } from "./random.ts";

/** SEED and CASES come from the environment; each case runs twice, with ample gas and with less than it uses. */
const SEED = Number(process.env.SEED ?? 1);
const CASES = Number(process.env.CASES ?? 300);

describe(`random programs, seed ${SEED}`, () => {
  test.each(HARDFORK_NAMES)(`%s: ${CASES} cases agree with @ethereumjs/evm`, async (hardfork) => {
    for (let number = 0; number < CASES; number++) {
      const random = new Random(SEED * 1_000_003 + number);
      const ample = randomCase(random, hardfork, `seed ${SEED}, ${hardfork}, case ${number}`);
      const used = await compare(ample);
      await compare({ ...ample, gas: random.below(used + 1), name: `${ample.name}, scarce` });
    }
  });
});

/** Gas that the case uses. */
async function compare(hardforkCase: HardforkCase): Promise<number> {
  const expected = await ethereumjsAnswer(hardforkCase);
  if (!revertsCreationWithEf(hardforkCase, expected)) {
    expect(answerHardforkCase(hardforkCase, expected), hardforkCase.name).toEqual(expected);
  }
  return hardforkCase.gas - expected.gasLeft;
}
