import { bytesEqual, toHex } from "../../node/codec/bytes.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import { EIPS } from "../../node/el/evm/hardforks/eips.ts";
import { ruleSet } from "../../node/el/evm/hardforks/rule-set.ts";
import { withSwitch } from "../../node/el/evm/hardforks/rule-switches.ts";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import type { BlockTrial } from "../execution/trial.ts";
import { type Cause, explainedBy } from "../report/classes/class-name.ts";
import { attribute } from "../triage/attribution/attribute.ts";
import type { TrialSource } from "../triage/open-trial.ts";
import { targetsOf } from "../triage/reference.ts";
import type { EngineRefusal } from "./engine-divergence.ts";

/** Rules of ours that give what an engine computed. */
export interface EngineBehaviour {
  readonly rules: Rules;
  /** Text of a rule set that has them. */
  readonly rulesText: string;
  /** The switches that the rules differ by from the chain's. */
  readonly cause: Cause;
}

/**
 * Which switches make our own execution give what an engine computed, so that a closer look can be taken at its
 * difference without seeing into it. `matches`: whether an outcome is the engine's. "chain": the chain's own rules come
 * to it, it is the block that is wrong.
 */
export function engineBehaviour(
  trials: TrialSource,
  trial: BlockTrial,
  matches: (outcome: NewPayloadResult) => boolean,
): EngineBehaviour | "chain" | undefined {
  const executorOf = (rules: Rules) => rulesExecutor(trials.config, trial.fullShardId, rules);
  const comesToIt = (rules: Rules) => matches(executorOf(rules).execute(trial.payload, trial.nodes));
  const tested = QUARKCHAIN_RULES;
  if (comesToIt(tested)) return "chain";
  const singles = [...EIPS.keys()].map((eip) => ruleSet(`${tested.name}+${eip}`));
  for (const reference of [GOQUARKCHAIN_RULES, ...singles, ...targetsOf(tested)]) {
    if (!comesToIt(reference)) continue;
    const names = attribute({ trial, reference, tested, executorOf, matches });
    if (names.length === 0) continue;
    return { rules: withSwitch(tested, reference, names), rulesText: reference.name, cause: explainedBy(names) };
  }
  return undefined;
}

/** Whether an outcome of ours is the one that an engine has told. */
export function isEnginesOutcome(outcome: NewPayloadResult, { answer, reason }: EngineRefusal): boolean {
  if (outcome.status === "INVALID") return reason !== undefined;
  const { computed } = answer;
  if (computed === null || reason !== undefined) return false;
  const ours = outcome.computed;
  return (
    bytesEqual(ours.stateRoot, computed.stateRoot) &&
    bytesEqual(ours.receiptRoot, computed.receiptRoot) &&
    toHex(ours.bloom) === toHex(computed.bloom) &&
    ours.gasUsed === computed.gasUsed &&
    ours.xshardReceiveGasUsed === computed.xshardReceiveGasUsed
  );
}
