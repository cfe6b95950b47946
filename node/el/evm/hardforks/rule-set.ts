import { UsageError } from "../../../codec/errors.ts";
import { ETHEREUM_PRECOMPILES } from "../precompiles/precompiles.ts";
import { defineRules, GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type RuleDefinition, type Rules } from "../rules.ts";
import { EIPS } from "./eips.ts";

/** What each of Ethereum's hardforks after Petersburg adds to execution; docs/hardforks.md names what is left out. */
const HARDFORKS = [
  ["petersburg", [2681, 7610]],
  ["istanbul", [152, 1108, 1344, 1884, 2028, 2200]],
  ["berlin", [2565, 2929]],
  ["london", [3198, 3529, 3541]],
  ["paris", []],
  ["shanghai", [3651, 3855, 3860]],
  ["cancun", [1153, 4844, 5656, 6780, 7516]],
  ["prague", [2537, 7623, 7702]],
  ["osaka", [7823, 7883, 7939, 7951]],
] as const satisfies readonly (readonly [string, readonly number[]])[];

/** What the two clients run, without any of the hardforks' rules. */
const CLIENTS: ReadonlyMap<string, Rules> = new Map(
  [QUARKCHAIN_RULES, GOQUARKCHAIN_RULES].map((rules) => [rules.name, rules]),
);

export const HARDFORK_NAMES: readonly string[] = HARDFORKS.map(([name]) => name);

/** Petersburg without QuarkChain's departures and precompiles. 0x44 is the difficulty in every hardfork. */
const PETERSBURG: RuleDefinition = {
  ...QUARKCHAIN_RULES,
  name: "petersburg",
  precompiles: ETHEREUM_PRECOMPILES,
  logDataGasChecked: true,
  create2HashGasChecked: true,
  tokenIdMustBeQueried: false,
  modexpEmptyBaseIsZero: false,
  gasLimitOfHeader: true,
  revertKeepsZeroBalances: false,
  ripemdStaysTouched: true,
};

const known = new Map<string, Rules>(CLIENTS);

/** What rules with later Ethereum rules in them were made of. */
const bases = new WeakMap<Rules, RuleDefinition>();

/**
 * The rules that a text names: `quarkchain`, `goquarkchain` or one of HARDFORK_NAMES, then rules to add or to take away
 * by number, or by hardfork for all of a hardfork's and those before it: "osaka", "quarkchain+3855",
 * "cancun-1153+7939", "quarkchain+berlin-2929". Throws UsageError for a name or number that does not exist.
 */
export function ruleSet(text: string): Rules {
  let rules = known.get(text);
  if (rules === undefined) {
    rules = build(text);
    known.set(text, rules);
  }
  return rules;
}

/** The rules as they are without the later Ethereum rules in them. */
export function baseOf(rules: Rules): RuleDefinition {
  return bases.get(rules) ?? rules;
}

/** Rules of a base, which has no later Ethereum rules, with those of these numbers. */
export function composeRules(base: RuleDefinition, eips: ReadonlySet<number>, name: string): Rules {
  let definition: RuleDefinition = { ...base, name, eips };
  for (const [number, apply] of EIPS) if (eips.has(number)) definition = apply(definition);
  const rules = defineRules(definition);
  bases.set(rules, base);
  return rules;
}

function build(text: string): Rules {
  const [base = "", ...modifiers] = text.split(/,?(?=[+-])/);
  const client = CLIENTS.get(base);
  const chosen = new Set(client === undefined ? hardforkEips(base, text) : []);
  for (const modifier of modifiers) {
    const name = modifier.slice(1);
    const numbers = /^\d+$/.test(name) ? [eipNumber(name, text)] : hardforkEips(name, text);
    for (const number of numbers) {
      if (modifier.startsWith("+")) chosen.add(number);
      else chosen.delete(number);
    }
  }
  return composeRules(client ?? PETERSBURG, chosen, text);
}

/** All rules up to and with those of a hardfork. */
function hardforkEips(name: string, text: string): number[] {
  const index = HARDFORK_NAMES.indexOf(name);
  if (index < 0) refuse(text, `no hardfork "${name}"; there are ${[...CLIENTS.keys(), ...HARDFORK_NAMES].join(", ")}`);
  return HARDFORKS.slice(0, index + 1).flatMap(([, numbers]) => [...numbers]);
}

function eipNumber(name: string, text: string): number {
  const number = Number(name);
  if (!EIPS.has(number)) refuse(text, `no rule ${name}; there are ${[...EIPS.keys()].join(", ")}`);
  return number;
}

function refuse(text: string, reason: string): never {
  throw new UsageError(`rule set "${text}": ${reason}`);
}
