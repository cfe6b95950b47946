import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import type { ShardCl } from "../../../node/cl/shard-cl.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import type { Rules } from "../../../node/el/evm/rules.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";
import { type Cause, hypothesisClass } from "../../report/classes/class-name.ts";
import type { Outcome } from "../locality/locality.ts";
import { type ConsensusSide, referenceWith } from "../reference.ts";
import { candidatesFor } from "./candidates.ts";
import { whatIsExecuted } from "./executed.ts";
import type { Evidence, Hypothesis } from "./hypothesis.ts";
import { type Vary, variedExecutor } from "./variation.ts";

/** Hypotheses beside the named one that are told of. */
const MAX_OTHERS = 4;
/** What is dearer than this, a fit with many digits above all, can come out by chance: it needs several blocks. */
const CHEAP = 3.5;
const BLOCKS_FOR_DEAR = 3;
/** Blocks that nothing explains, after which no further one is gone through all candidates. */
const MAX_FRUITLESS = 6;

/** A block and how to tell whether an execution of it is what it declares. */
export interface JudgedBlock {
  /** Of its own among the blocks that are weighed. */
  readonly id: string;
  readonly trial: BlockTrial;
  readonly cl: ConsensusSide & Pick<ShardCl, "chain">;
  readonly declared: () => Outcome;
  /** Fields in which an outcome is not what the block declares; none: it matches. */
  readonly differingFields: (outcome: NewPayloadResult) => readonly string[];
}

/** A hypothesis with how it stood the test. */
export interface WeighedHypothesis {
  readonly hypothesis: Hypothesis;
  /** Differing blocks that match what they declare with it, of those it was tried on. */
  readonly explains: number;
  readonly of: number;
  /** Matching blocks that it was tried on; it changed none of them for the worse. */
  readonly spares: number;
}

export interface FoundHypothesis extends WeighedHypothesis {
  /** Whether it is that rules of a client were in force, after whose switches the class is named already. */
  readonly isOfRules: boolean;
  /** Others that explain the same, the simplest first. */
  readonly others: readonly WeighedHypothesis[];
}

interface Live {
  readonly hypothesis: Hypothesis;
  /** The cause that the blocks have already, where rules of a client are meant. */
  readonly rules: Cause | undefined;
  readonly executorOf: (block: JudgedBlock) => Executor | undefined;
  readonly explained: Set<string>;
  tried: number;
  spared: number;
  isRefuted: boolean;
}

/** Weighs hypotheses: by the differing blocks that they explain, and by matching ones that they must leave alone. */
export class Scales {
  readonly #config: QuarkChainConfig;
  readonly #tested: Rules;
  readonly #live = new Map<string, Live>();
  #fruitless = 0;

  constructor(config: QuarkChainConfig, tested: Rules) {
    this.#config = config;
    this.#tested = tested;
  }

  /**
   * Tries on a differing block what explained earlier ones, and all candidates where nothing of that does. `rules`:
   * cause of the block where rules of a client explain it, which then are one hypothesis more.
   */
  weighDiffering(block: JudgedBlock, rules?: Cause): void {
    if (rules !== undefined) this.#addRules(rules);
    let isExplained = false;
    for (const live of this.#live.values()) {
      const explains = this.#try(live, block);
      if (live.rules === undefined) isExplained ||= explains;
    }
    if (isExplained || this.#fruitless >= MAX_FRUITLESS) return;
    for (const hypothesis of candidatesFor(this.#evidence(block))) {
      if (this.#live.has(hypothesis.id)) continue;
      const live = this.#liveOf(hypothesis);
      if (!this.#try(live, block)) continue;
      this.#live.set(hypothesis.id, live);
      isExplained = true;
    }
    if (!isExplained) this.#fruitless++;
  }

  get isEmpty(): boolean {
    return this.#live.size === 0;
  }

  /** A block beside those that differ, which every hypothesis has to leave as it is; false for one that differs. */
  weighMatching(block: JudgedBlock): boolean {
    if (!matches(block, rulesExecutor(this.#config, block.trial.fullShardId, this.#tested))) return false;
    for (const live of this.#live.values()) {
      if (live.isRefuted) continue;
      if (matches(block, live.executorOf(block))) live.spared++;
      else live.isRefuted = true;
    }
    return true;
  }

  /** By the name of the class: what explains most, of equals the simplest, then what explains most of the rest, and so on. */
  choose(): Map<string, FoundHypothesis> {
    const found = new Map<string, FoundHypothesis>();
    const left = [...this.#live.values()].filter((live) => !live.isRefuted && isBelievable(live));
    const explained = new Set<string>();
    for (;;) {
      const gain = (live: Live) => [...live.explained].filter((id) => !explained.has(id)).length;
      const ranked = left.filter((live) => gain(live) > 0).sort((a, b) => gain(b) - gain(a) || byCost(a, b));
      const [best] = ranked;
      if (best === undefined) return found;
      const alike = ranked.slice(1).filter((live) => gain(live) === gain(best));
      const name = best.rules?.name ?? hypothesisClass(best.hypothesis.id);
      const others = alike.slice(0, MAX_OTHERS).map(weighed);
      found.set(name, { ...weighed(best), isOfRules: best.rules !== undefined, others });
      for (const id of best.explained) explained.add(id);
    }
  }

  #addRules(rules: Cause): void {
    const { name, switches } = rules;
    if (this.#live.has(name)) return;
    const hypothesis: Hypothesis = {
      id: name,
      says: `${switches.join(" and ")} were in force`,
      refutedBy: "a block in which this changes anything, and which matches what it declares",
      cost: 0.8 + switches.length / 10,
      vary: () => ({}),
    };
    const executorOf = ({ trial, cl }: JudgedBlock) =>
      referenceWith(this.#config, cl, trial, this.#tested, switches)?.executor;
    this.#live.set(name, { ...untried(), hypothesis, rules, executorOf });
  }

  #liveOf(hypothesis: Hypothesis): Live {
    const executorOf = ({ trial }: JudgedBlock) =>
      hypothesisExecutor(this.#config, this.#tested, hypothesis, trial.fullShardId);
    return { ...untried(), hypothesis, rules: undefined, executorOf };
  }

  #try(live: Live, block: JudgedBlock): boolean {
    live.tried++;
    const isExplained = matches(block, live.executorOf(block));
    if (isExplained) live.explained.add(block.id);
    return isExplained;
  }

  #evidence(block: JudgedBlock): Evidence {
    const { trial, cl } = block;
    const executed = whatIsExecuted(trial, rulesExecutor(this.#config, trial.fullShardId, this.#tested), this.#tested);
    const fields = new Set(block.differingFields(executed.outcome));
    return {
      config: this.#config,
      tested: this.#tested,
      cl,
      trial,
      declared: block.declared(),
      executed,
      differs: (field) => executed.outcome.status === "INVALID" || fields.has(field),
      run: (vary: Vary) => {
        const executor = variedExecutor(this.#config, trial.fullShardId, this.#tested, "", vary);
        return outcomeOf(trial, executor);
      },
    };
  }
}

/** How a block is executed by a hypothesis. */
export function hypothesisExecutor(
  config: QuarkChainConfig,
  tested: Rules,
  { says, vary }: Hypothesis,
  fullShardId: number,
): Executor {
  return variedExecutor(config, fullShardId, tested, `${tested.name} as if ${says}`, vary);
}

/** Whether a block comes to all that it declares. */
export function matches({ trial, differingFields }: JudgedBlock, executor: Executor | undefined): boolean {
  const outcome = executor && outcomeOf(trial, executor);
  return outcome !== undefined && differingFields(outcome).length === 0;
}

/** Undefined where an execution fails: a variation drives quantities out of every range, which tells nothing of the block. */
function outcomeOf({ payload, nodes }: BlockTrial, executor: Executor): NewPayloadResult | undefined {
  try {
    return executor.execute(payload, nodes);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function untried(): Pick<Live, "explained" | "tried" | "spared" | "isRefuted"> {
  return { explained: new Set(), tried: 0, spared: 0, isRefuted: false };
}

function isBelievable({ hypothesis, explained }: Live): boolean {
  return hypothesis.cost <= CHEAP || explained.size >= BLOCKS_FOR_DEAR;
}

function byCost(a: Live, b: Live): number {
  return a.hypothesis.cost - b.hypothesis.cost || (a.hypothesis.id < b.hypothesis.id ? -1 : 1);
}

function weighed({ hypothesis, explained, tried, spared }: Live): WeighedHypothesis {
  return { hypothesis, explains: explained.size, of: tried, spares: spared };
}
