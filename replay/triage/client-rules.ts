import { type ConsensusRules, GOQUARKCHAIN_CONSENSUS, QUARKCHAIN_CONSENSUS } from "../../node/cl/consensus-rules.ts";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";

/** All by which a client comes from a block to its result. */
export interface ClientRules {
  readonly name: string;
  readonly execution: Rules;
  readonly consensus: ConsensusRules;
}

/** By which every block is judged. */
const JUDGING_RULES = { execution: QUARKCHAIN_RULES, consensus: QUARKCHAIN_CONSENSUS };

/** Of the other client. */
export const OTHER_RULES: ClientRules = {
  name: GOQUARKCHAIN_RULES.name,
  execution: GOQUARKCHAIN_RULES,
  consensus: GOQUARKCHAIN_CONSENSUS,
};

/** Names of the switches in which the other client's rules differ from those that judge. */
export const OTHER_SWITCHES: readonly string[] = [
  ...differingSwitches(JUDGING_RULES.execution, OTHER_RULES.execution),
  ...differingSwitches(JUDGING_RULES.consensus, OTHER_RULES.consensus),
];

/** The judging rules with some of the other client's switches. */
export function otherRulesWith(switches: ReadonlySet<string>): ClientRules {
  return {
    name: OTHER_RULES.name,
    execution: { ...JUDGING_RULES.execution, ...only(OTHER_RULES.execution, switches) },
    consensus: { ...JUDGING_RULES.consensus, ...only(OTHER_RULES.consensus, switches) },
  };
}

function differingSwitches(ours: object, theirs: object): string[] {
  const values = new Map<string, unknown>(Object.entries(theirs));
  return Object.entries(ours)
    .filter(([name, value]) => (typeof value === "boolean" || typeof value === "number") && values.get(name) !== value)
    .map(([name]) => name);
}

function only<T extends object>(rules: T, names: ReadonlySet<string>): Partial<T> {
  const chosen = Object.entries(rules).filter(([name]) => names.has(name));
  return Object.fromEntries(chosen) as Partial<T>;
}
