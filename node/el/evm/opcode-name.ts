import { ruleSet } from "./hardforks/rule-set.ts";

/** Of every rule set: none gives an opcode another meaning. */
const { names } = ruleSet("quarkchain+osaka").table;

/** Its name, or the byte for one that no rule set has. */
export function opcodeName(opcode: number): string {
  return names[opcode] ?? `0x${opcode.toString(16).padStart(2, "0")}`;
}
