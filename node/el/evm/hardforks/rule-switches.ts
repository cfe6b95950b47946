import { QkcError } from "../../../codec/errors.ts";
import type { RuleDefinition, Rules } from "../rules.ts";
import { EIPS } from "./eips.ts";
import { baseOf, composeRules } from "./rule-set.ts";
import { BASE_TITLES, EIP_TITLES, type RuleTitle } from "./rule-titles.ts";

/** One thing in which two rule sets differ, which can be had alone. */
export interface RuleSwitch {
  /** "EIP-2929", or the name of a RuleDefinition's field. */
  readonly name: string;
  readonly title: string;
  /** What it does where it is in force, in one line. */
  readonly effect: string;
  /** In force in the second rule set, and not in the first; false: the other way round. */
  readonly isGained: boolean;
}

type BaseField = Exclude<keyof RuleDefinition, "name" | "eips">;

/** Derived of the others, or no rule. */
const NO_SWITCHES: ReadonlySet<string> = new Set(["name", "eips", "table"]);

/** What differs between two rule sets: Ethereum's later rules in the order in which they came, then the rest as defined. */
export function ruleSwitches(from: Rules, to: Rules): RuleSwitch[] {
  return [
    ...differingEips(from, to).map((number) => ({
      name: eipName(number),
      ...eipTitle(number),
      isGained: to.eips.has(number),
    })),
    ...differingFields(from, to).map((field) => ({
      name: field,
      ...fieldTitle(field),
      isGained: Boolean(baseOf(to)[field]),
    })),
  ];
}

/**
 * `from` with the named switches as they are in `to`. Rules are put together anew from what is chosen, each on those
 * that it builds on: with all switches of ruleSwitches() they are those of `to`. Throws for a name that is no switch
 * between the two.
 */
export function withSwitch(from: Rules, to: Rules, names: Iterable<string>): Rules {
  const wanted = new Set(names);
  const eips = new Set(from.eips);
  const taken: string[] = [];
  for (const number of differingEips(from, to)) {
    if (!wanted.delete(eipName(number))) continue;
    taken.push(eipName(number));
    if (!eips.delete(number)) eips.add(number);
  }
  let base: RuleDefinition = baseOf(from);
  for (const field of differingFields(from, to)) {
    if (!wanted.delete(field)) continue;
    taken.push(field);
    base = { ...base, [field]: baseOf(to)[field] };
  }
  if (wanted.size > 0) {
    throw new QkcError("INTERNAL", `${from.name} and ${to.name} do not differ in ${[...wanted].join(", ")}`);
  }
  return composeRules(base, eips, `${from.name} with ${taken.join(", ") || "nothing"} of ${to.name}`);
}

function differingEips(from: Rules, to: Rules): number[] {
  return [...EIPS.keys()].filter((number) => from.eips.has(number) !== to.eips.has(number));
}

function differingFields(from: Rules, to: Rules): BaseField[] {
  const [a, b] = [baseOf(from), baseOf(to)];
  // Definitions have their fields and no others, and the compiler knows no narrower type of a key.
  const fields = Object.keys(a).filter((field) => !NO_SWITCHES.has(field)) as BaseField[];
  return fields.filter((field) => a[field] !== b[field]);
}

function eipName(number: number): string {
  return `EIP-${number}`;
}

/** Tests prove that all have titles; a name alone would do. */
function eipTitle(number: number): RuleTitle {
  return EIP_TITLES.get(number) ?? untitled(eipName(number));
}

function fieldTitle(field: BaseField): RuleTitle {
  return BASE_TITLES[field] ?? untitled(field);
}

function untitled(name: string): RuleTitle {
  return { title: name, effect: "executes otherwise" };
}
