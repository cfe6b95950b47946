import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import { UnsupportedError } from "../../../node/codec/errors.ts";
import { EIPS } from "../../../node/el/evm/hardforks/eips.ts";
import { ruleSet } from "../../../node/el/evm/hardforks/rule-set.ts";
import { type RuleSwitch, ruleSwitches, withSwitch } from "../../../node/el/evm/hardforks/rule-switches.ts";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type Rules } from "../../../node/el/evm/rules.ts";
import type { NewPayloadResult } from "../../../node/engine/engine-client.ts";
import { compareExecution } from "../../checkdb/comparator.ts";
import type { Attribution, StepDivergence } from "../../report/triage-schema.ts";
import { rulesExecutor } from "../rules-executor.ts";
import type { BlockTrial, Executor } from "../trial.ts";
import { explain, UNEXPLAINED } from "./explain.ts";
import { smallestSet } from "./smallest-set.ts";

/** Executions of one block that a search may take; each of two rule sets' 25 or so switches alone is far below. */
const MAX_RUNS = 400;

export interface AttributionRequest {
  readonly trial: BlockTrial;
  /** Rules in force where the block was made, towards which switches are toggled. */
  readonly reference: Rules;
  /** Rules whose result is not the expected one. */
  readonly tested: Rules;
  /** How to execute by rules that are neither. */
  readonly executorOf: (rules: Rules) => Executor;
  /** Whether an outcome is the expected one. */
  readonly matches: (outcome: NewPayloadResult) => boolean;
  /** Where the two executions part, if that is known. */
  readonly step?: StepDivergence;
}

/**
 * Which rules make the difference: the smallest set of switches that brings the expected result back when they are taken
 * from the reference, starting from the tested rules. No switches: unexplained.
 */
export function attribute({ trial, reference, tested, executorOf, matches, step }: AttributionRequest): Attribution {
  const switches = ruleSwitches(tested, reference);
  const restores = (toggled: ReadonlySet<string>) =>
    matches(outcomeOf(trial, executorOf(withSwitch(tested, reference, toggled))));
  const { names } = smallestSet(
    switches.map(({ name }) => name),
    restores,
    MAX_RUNS,
  );
  return attributionOf(
    switches.filter(({ name }) => names.includes(name)),
    step,
  );
}

export interface DeclaredRequest {
  readonly trial: BlockTrial;
  readonly config: QuarkChainConfig;
  /** Where reference and tested executions part, if that is known. */
  readonly step?: StepDivergence;
}

/**
 * Which rules a block was made by that does not come to what it declares: the smallest set of goquarkchain's own, or
 * one of Ethereum's later rules, with which QuarkChain's rules come to it. What the block sent to other shards is not
 * compared.
 */
export function attributeDeclared({ trial, config, step }: DeclaredRequest): Attribution {
  const executorOf = (rules: Rules) => rulesExecutor(config, trial.fullShardId, rules);
  const matches = (outcome: NewPayloadResult) => comesToDeclared(trial, outcome);
  const common = { trial, tested: QUARKCHAIN_RULES, executorOf, matches, step };
  const byClient = attribute({ ...common, reference: GOQUARKCHAIN_RULES });
  if (byClient.switches.length === 1) return byClient;
  for (const number of EIPS.keys()) {
    const byEip = attribute({ ...common, reference: ruleSet(`${QUARKCHAIN_RULES.name}+${number}`) });
    if (byEip.switches.length > 0) return byEip;
  }
  return byClient;
}

/** Whether an execution comes to what the block declares. */
export function comesToDeclared({ block }: BlockTrial, outcome: NewPayloadResult): boolean {
  return outcome.status === "EXECUTED" && compareExecution(block, outcome.computed, [], () => []).length === 0;
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

function attributionOf(switches: readonly RuleSwitch[], step: StepDivergence | undefined): Attribution {
  if (switches.length === 0) return { switches: [], explanation: UNEXPLAINED };
  return {
    switches: switches.map(({ name, title }) => ({ name, title })),
    explanation: explain(switches, step),
  };
}
