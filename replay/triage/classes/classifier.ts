import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import { QkcError } from "../../../node/codec/errors.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import { EIPS } from "../../../node/el/evm/hardforks/eips.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../../node/el/evm/rules.ts";
import type { FieldDifference } from "../../../node/engine/compare-execution.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";
import {
  type Cause,
  causeWithout,
  explainedBy,
  NOT_REPRODUCED,
  refusedClass,
  unexplainedClass,
} from "../../report/classes/class-name.ts";
import { FULL_PER_CLASS } from "../../report/classes/group.ts";
import { attribute } from "../attribution/attribute.ts";
import { OTHER_SWITCHES } from "../client-rules.ts";
import { outcomeOf } from "../locality/declared-outcome.ts";
import type { Outcome } from "../locality/locality.ts";
import { type ConsensusSide, referenceWith, targetsOf } from "../reference.ts";
import { firstDifference } from "./first-difference.ts";

const SINGLE_RULES: readonly string[] = [...OTHER_SWITCHES, ...[...EIPS.keys()].map((number) => `EIP-${number}`)];

/** A block that its execution does not match. */
export interface DivergingBlock {
  readonly cl: ConsensusSide;
  readonly trial: BlockTrial;
  /** What the block declares; asked for where that is needed. */
  readonly declared: () => Outcome;
  /** Whether an outcome is all that the block declares. */
  readonly matches: (outcome: NewPayloadResult) => boolean;
  readonly outcome: NewPayloadResult;
  readonly fields: readonly FieldDifference[];
}

/**
 * Names the cause of divergences, one after the other: the switches of other rules with which a block comes to what it
 * declares, or what differs first where none are known. What explained one block is tried first on the next, and where
 * several alike found no explanation the search is not repeated: a database in which every block differs takes little
 * longer. The answer depends on the blocks seen before, in their order.
 */
export class Classifier {
  readonly #config: QuarkChainConfig;
  readonly #tested: Rules;
  /** Causes that were found, by name. */
  readonly #explained = new Map<string, Cause>();
  /** How often a search found nothing, by class. */
  readonly #searched = new Map<string, number>();

  constructor(config: QuarkChainConfig, tested: Rules) {
    this.#config = config;
    this.#tested = tested;
  }

  /** `known`: switches of the other client's rules that are known to explain the block. */
  causeOf(diverging: DivergingBlock, known: readonly string[] = []): Cause {
    if (known.length > 0) return explainedBy(known);
    const { trial, cl } = diverging;
    if (this.#matchesDeclared(diverging, this.#executorOf(trial, this.#tested))) return causeWithout(NOT_REPRODUCED);
    for (const cause of this.#explained.values()) {
      const reference = referenceWith(this.#config, cl, trial, this.#tested, cause.switches);
      if (reference !== undefined && this.#matchesDeclared(diverging, reference.executor)) return cause;
    }
    return this.#searchedCause(diverging);
  }

  #searchedCause(diverging: DivergingBlock): Cause {
    const unexplained = this.#classWithoutCause(diverging);
    const searches = this.#searched.get(unexplained) ?? 0;
    if (searches >= FULL_PER_CLASS) return causeWithout(unexplained);
    const switches = this.#search(diverging);
    if (switches.length === 0) {
      this.#searched.set(unexplained, searches + 1);
      return causeWithout(unexplained);
    }
    const cause = explainedBy(switches);
    this.#explained.set(cause.name, cause);
    return cause;
  }

  #classWithoutCause({ trial, cl, outcome, fields, declared }: DivergingBlock): string {
    if (outcome.status === "INVALID") return refusedClass(outcome.rejection);
    const sides = { trial, declared: declared(), computed: outcomeOf(outcome, cl, trial) };
    return unexplainedClass(firstDifference(sides, fields));
  }

  /**
   * Rules one by one: switches of the other client's and Ethereum's later rules; then, where all up to a hardfork bring
   * the block to what it declares, the fewest of them.
   */
  #search(diverging: DivergingBlock): readonly string[] {
    const tested = this.#tested;
    const { trial, cl, matches } = diverging;
    for (const name of tested === QUARKCHAIN_RULES ? SINGLE_RULES : []) {
      const reference = referenceWith(this.#config, cl, trial, tested, [name]);
      if (reference !== undefined && this.#matchesDeclared(diverging, reference.executor)) return [name];
    }
    const executorOf = (rules: Rules) => this.#executorOf(trial, rules);
    for (const reference of targetsOf(tested)) {
      if (!this.#matchesDeclared(diverging, executorOf(reference))) continue;
      const switches = attribute({ trial, reference, tested, executorOf, matches });
      if (switches.length > 0) return switches;
    }
    return [];
  }

  /** Rules that cannot execute the block explain nothing. */
  #matchesDeclared({ trial, matches }: DivergingBlock, executor: Executor): boolean {
    try {
      return matches(executor.execute(trial.payload, trial.nodes));
    } catch (error) {
      if (error instanceof QkcError && error.code !== "INTERNAL") return false;
      throw error;
    }
  }

  #executorOf({ fullShardId }: BlockTrial, rules: Rules): Executor {
    return rulesExecutor(this.#config, fullShardId, rules);
  }
}
