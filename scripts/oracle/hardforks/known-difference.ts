import {
  answerHardforkCase,
  type HardforkAnswer,
  type HardforkCase,
} from "../../../node/el/evm/hardforks/hardfork-case.testkit.ts";
import { ruleSet } from "../../../node/el/evm/hardforks/rule-set.ts";

/**
 * Whether a creation ends by REVERT with data that starts with 0xef. From EIP-3541 on @ethereumjs/evm 10.1.3 takes
 * all gas for it as if it were new code (evm.js _executeCreate asks for 0xef without asking for success). The rule is
 * about code that a successful creation leaves, so such a case has no oracle here.
 */
export function revertsCreationWithEf(hardforkCase: HardforkCase, expected: HardforkAnswer): boolean {
  if (!ruleSet(hardforkCase.hardfork).refusesCodeWithEf) return false;
  const creations: boolean[] = [];
  let found = false;
  answerHardforkCase(hardforkCase, expected, undefined, {
    enterMessage: (message) => creations.push("initCode" in message),
    step: () => undefined,
    leaveMessage: ({ success, output }) => {
      if (creations.pop() && !success && output[0] === 0xef) found = true;
    },
  });
  return found;
}
