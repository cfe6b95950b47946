import type { PayloadRejection } from "../../../node/el/block-executor.ts";

/** Why a block differs, as far as it is known. */
export interface Cause {
  /** Of its class. */
  readonly name: string;
  /** The switches of other rules that explain it; empty where none do. */
  readonly switches: readonly string[];
}

/** Nothing is known of it but a name. */
export function causeWithout(name: string): Cause {
  return { name, switches: [] };
}

/** The block matches what it declares with switches of other rules. */
export function explainedBy(switches: readonly string[]): Cause {
  return { name: switches.join("+"), switches };
}

/** Class of blocks that break rules, whatever they execute to. */
export function ruleClass(codes: readonly string[]): string {
  return `rule/${[...new Set(codes)].join("+")}`;
}

/** Class of blocks that cannot be executed, and for which no rules are known by which they can. */
export function refusedClass({ refusal }: PayloadRejection): string {
  return `unexplained/refused.${refusal ?? "DEPOSIT"}`;
}

/** Class of blocks that differ where they were checked, and do not where the same rules execute them once more. */
export const NOT_REPRODUCED = "unexplained/not-reproduced";

/** Class of blocks that match what they declare, but not by the engine that was asked; by what it does otherwise. */
export function engineClass(what: string): string {
  return `engine/${what}`;
}

/** Class of blocks that no known rules explain, by what differs first. */
export function unexplainedClass(first: string): string {
  return `unexplained/${first}`;
}

/** For those who have a report and nothing else: what it says of names is part of its format. */
export function isUnexplained(name: string): boolean {
  return name.startsWith("unexplained/");
}

/** Class of blocks that match what they declare where something is done otherwise that no client is known to do. */
export function hypothesisClass(id: string): string {
  return `hypothesis/${id}`;
}
