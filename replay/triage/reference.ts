import type { QuarkChainConfig } from "../../node/chain/config.ts";
import type { ShardCl } from "../../node/cl/shard-cl.ts";
import { HARDFORK_NAMES, ruleSet } from "../../node/el/evm/hardforks/rule-set.ts";
import { type RuleSwitch, ruleSwitches, withSwitch } from "../../node/el/evm/hardforks/rule-switches.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import type { BlockTrial, Executor } from "../execution/trial.ts";
import { OTHER_RULES, OTHER_SWITCHES, otherRulesWith } from "./client-rules.ts";

/** What the consensus side has to tell of a block. */
export type ConsensusSide = Pick<ShardCl, "inputsOf" | "sendsOf">;

/** Rules by which a block matches what it declares, and what about them is other than in the tested ones. */
export interface Reference {
  readonly executor: Executor;
  readonly switches: readonly RuleSwitch[];
}

/** Switches of what a block's execution is given rather than of the execution itself. */
const CONSENSUS_SWITCHES: readonly RuleSwitch[] = [
  {
    name: "stakesLockBeforeEnabled",
    title: "Stakes are locked before ENABLE_TIMESTAMP",
    effect: "what miners have staked cannot be spent as soon as POSW_CONFIG is ENABLED",
    isGained: true,
  },
];

/** Tested rules with some switches of others, by the switches' names; undefined where no rules have such switches. */
export function referenceWith(
  config: QuarkChainConfig,
  cl: ConsensusSide,
  trial: BlockTrial,
  tested: Rules,
  names: readonly string[],
): Reference | undefined {
  if (tested === QUARKCHAIN_RULES && names.every((one) => OTHER_SWITCHES.includes(one))) {
    return otherClientReference(config, cl, trial, names);
  }
  for (const target of targetsOf(tested)) {
    const switches = ruleSwitches(tested, target).filter((one) => names.includes(one.name));
    if (switches.length !== names.length) continue;
    const rules = withSwitch(tested, target, names);
    const name = referenceName(tested, names, target);
    return { executor: { ...rulesExecutor(config, trial.fullShardId, rules), name }, switches };
  }
  return undefined;
}

/** Rule sets whose switches may explain what tested rules do not come to. Other rules than the chain's are held against its. */
export function targetsOf(tested: Rules): readonly Rules[] {
  if (tested !== QUARKCHAIN_RULES) return [QUARKCHAIN_RULES];
  return HARDFORK_NAMES.slice(1).map((hardfork) => ruleSet(`${QUARKCHAIN_RULES.name}+${hardfork}`));
}

function referenceName(tested: Rules, names: readonly string[], target: { readonly name: string }): string {
  return `${tested.name} with ${names.join(", ")} as in ${target.name}`;
}

/** The other client also disagrees on whose stakes are locked, which is part of the payload. */
function otherClientReference(
  config: QuarkChainConfig,
  cl: ConsensusSide,
  trial: BlockTrial,
  names: readonly string[],
): Reference {
  const { execution, consensus } = otherRulesWith(new Set(names));
  const executor = rulesExecutor(config, trial.fullShardId, execution);
  const { senderDisallowMap } = cl.inputsOf(trial.block, consensus);
  return {
    executor: {
      name: referenceName(QUARKCHAIN_RULES, names, OTHER_RULES),
      execute: (payload, nodes, observer) => executor.execute({ ...payload, senderDisallowMap }, nodes, observer),
    },
    switches: [...ruleSwitches(QUARKCHAIN_RULES, execution), ...CONSENSUS_SWITCHES].filter((one) =>
      names.includes(one.name),
    ),
  };
}
