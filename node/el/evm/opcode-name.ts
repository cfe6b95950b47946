import { ruleSet } from "./hardforks/rule-set.ts";

/** Of every rule set: none gives an opcode another meaning. */
const { names } = ruleSet("quarkchain+osaka").table;

/** Its name, or the byte for one that no rule set has. */
export function opcodeName(opcode: number): string {
  return names[opcode] ?? `0x${opcode.toString(16).padStart(2, "0")}`;
}

/** Whether some rule set gives the byte a meaning. */
export function isInstruction(opcode: number): boolean {
  return names[opcode] !== undefined;
}

/** Names that other clients give to instructions that we call otherwise. */
const OTHER_NAMES: ReadonlyMap<string, number> = new Map([
  ["KECCAK256", 0x20],
  ["PREVRANDAO", 0x44],
  ["RANDOM", 0x44],
  ["INVALID", 0xfe],
  ["SUICIDE", 0xff],
]);

/** The byte that a name, or a text such as "opcode 0xc not defined", stands for; undefined for any other. */
export function opcodeOfName(name: string): number | undefined {
  const known = names.indexOf(name);
  if (known >= 0) return known;
  const byte = /\b0x([0-9a-f]{1,2})\b/i.exec(name)?.[1];
  return OTHER_NAMES.get(name) ?? (byte === undefined ? undefined : Number.parseInt(byte, 16));
}
