import { defineRules, QUARKCHAIN_RULES, type RuleDefinition, type Rules } from "../../node/el/evm/rules.ts";

/** Wrong rules, each subtly: a run under one of them must find a difference. */
const MUTATIONS: Readonly<Record<string, Partial<RuleDefinition>>> = {
  "call-depth-1023": { callDepthLimit: 1023 },
  "log-gas-checked": { logDataGasChecked: true },
  "create2-gas-checked": { create2HashGasChecked: true },
  "token-id-not-asked": { tokenIdMustBeQueried: false },
  "modexp-empty-base": { modexpEmptyBaseIsZero: false },
  "sload-price": instructionGas("SLOAD", 1),
  "jumpdest-price": instructionGas("JUMPDEST", 1),
  "extcodehash-price": instructionGas("EXTCODEHASH", 1),
  "keccak-word-price": { gas: { ...QUARKCHAIN_RULES.gas, sha3Word: QUARKCHAIN_RULES.gas.sha3Word + 1 } },
};

export const MUTATION_NAMES = Object.keys(MUTATIONS);

/** QuarkChain's rules, changed by a mutation if one is named. Throws RangeError for a name that does not exist. */
export function rulesOf(mutation: string | undefined): Rules {
  if (mutation === undefined) return QUARKCHAIN_RULES;
  const change = MUTATIONS[mutation];
  if (change === undefined) throw new RangeError(`no mutation ${mutation}; there are ${MUTATION_NAMES.join(", ")}`);
  return defineRules({ ...QUARKCHAIN_RULES, ...change });
}

function instructionGas(name: string, more: number): Partial<RuleDefinition> {
  return {
    instructions: QUARKCHAIN_RULES.instructions.map((entry) =>
      entry.name === name ? { ...entry, gas: entry.gas + more } : entry,
    ),
  };
}
