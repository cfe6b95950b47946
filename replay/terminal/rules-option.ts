import { HARDFORK_NAMES, ruleSet } from "../../node/el/evm/hardforks/rule-set.ts";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";

/**
 * The rules that --rules names. QuarkChain's own stay in any case: a hardfork's name, or "+3855,-1884", adds Ethereum's
 * later rules to them. Throws UsageError for a name or number that does not exist.
 */
export function whatifRules(text: string): Rules {
  if (text === GOQUARKCHAIN_RULES.name) return GOQUARKCHAIN_RULES;
  const isHardfork = HARDFORK_NAMES.includes(text.split(/[,+-]/, 1)[0]);
  if (isHardfork) return ruleSet(`${QUARKCHAIN_RULES.name}+${text}`);
  return ruleSet(/^[+-]/.test(text) ? `${QUARKCHAIN_RULES.name}${text}` : text);
}
