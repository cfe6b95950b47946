import type { PayloadRejection } from "../../../node/el/block-executor.ts";

/** Class of blocks that break rules, whatever they execute to. */
export function ruleClass(codes: readonly string[]): string {
  return `rule/${[...new Set(codes)].join("+")}`;
}

/** Class of blocks that match what they declare with switches of other rules. */
export function explainedClass(switches: readonly string[]): string {
  return switches.join("+");
}

/** The switches that a class is named by. */
export function switchesOfClass(name: string): string[] {
  return name.split("+");
}

/** Class of blocks that cannot be executed, and for which no rules are known by which they can. */
export function refusedClass({ refusal }: PayloadRejection): string {
  return `unexplained/refused.${refusal ?? "DEPOSIT"}`;
}

/** Class of blocks that differ where they were checked, and do not where the same rules execute them once more. */
export const NOT_REPRODUCED = "unexplained/not-reproduced";

const ENGINE = "engine/";

/** Class of blocks that match what they declare, but not by the engine that was asked; by what it does otherwise. */
export function engineClass(what: string): string {
  return `${ENGINE}${what}`;
}

export function isEngineClass(name: string): boolean {
  return name.startsWith(ENGINE);
}

/** Class of blocks that no known rules explain, by what differs first. */
export function unexplainedClass(first: string): string {
  return `unexplained/${first}`;
}

export function isUnexplained(name: string): boolean {
  return name.startsWith("unexplained/");
}

const HYPOTHESIS = "hypothesis/";

/** Class of blocks that match what they declare where something is done otherwise that no client is known to do. */
export function hypothesisClass(id: string): string {
  return `${HYPOTHESIS}${id}`;
}

export function isHypothesis(name: string): boolean {
  return name.startsWith(HYPOTHESIS);
}
