import { UnsupportedError } from "../../../node/codec/errors.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import { ruleSwitches, withSwitch } from "../../../node/el/evm/hardforks/rule-switches.ts";
import type { Rules } from "../../../node/el/evm/rules.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";
import { smallestSet } from "./smallest-set.ts";

/** Executions of one block that a search may take; each of two rule sets' 25 or so switches alone is far below. */
const MAX_RUNS = 400;

export interface AttributionRequest {
  readonly trial: BlockTrial;
  /** Rules towards which switches are toggled. */
  readonly reference: Rules;
  /** Rules whose result is not the expected one. */
  readonly tested: Rules;
  /** How to execute by rules that are neither. */
  readonly executorOf: (rules: Rules) => Executor;
  /** Whether an outcome is the expected one. */
  readonly matches: (outcome: NewPayloadResult) => boolean;
}

/**
 * Which rules make the difference: names of the smallest set of switches that brings the expected result back when they
 * are taken from the reference, starting from the tested rules. Empty: unexplained.
 */
export function attribute({ trial, reference, tested, executorOf, matches }: AttributionRequest): readonly string[] {
  const switches = ruleSwitches(tested, reference).map(({ name }) => name);
  const restores = (toggled: ReadonlySet<string>) =>
    matches(outcomeOf(trial, executorOf(withSwitch(tested, reference, toggled))));
  return smallestSet(switches, restores, MAX_RUNS).names;
}

/** A rule set may ask for what cannot be executed, which then explains nothing. */
function outcomeOf({ payload, nodes }: BlockTrial, executor: Executor): NewPayloadResult {
  try {
    return executor.execute(payload, nodes);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return { status: "INVALID", rejection: { reason: error.message } };
  }
}
