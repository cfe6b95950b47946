import type { BlockSource } from "../../node/archive/block-source.ts";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import type { RootChain } from "../../node/cl/root-chain.ts";
import { RootCl } from "../../node/cl/root-cl.ts";
import { differencesOf } from "../../node/cl/rule-violation.ts";
import { QkcError } from "../../node/codec/errors.ts";
import { Findings } from "../execution/findings.ts";
import type { FoundDivergence } from "../report/schema.ts";
import type { StepPlan } from "./steps.ts";

/**
 * Rules of the root chain, one step at a time. Stakes are not judged: they are asked of a contract, for which the Engine
 * API has no method; `qkc checkdb` does it.
 */
export class RootRules {
  readonly #source: BlockSource;
  readonly #config: QuarkChainConfig;
  readonly #plan: StepPlan;
  #cl: { readonly chain: RootChain; readonly rules: RootCl } | undefined;

  constructor(source: BlockSource, config: QuarkChainConfig, plan: StepPlan) {
    this.#source = source;
    this.#config = config;
    this.#plan = plan;
  }

  /** Whether the step's root block is one that is checked: genesis is what the configuration says, side chains end. */
  isChecked(index: number): boolean {
    const { rootHash, rootHeight } = this.#plan.step(index);
    if (!this.#source.hasRootDatabase || rootHash === null || rootHeight === 0) return false;
    return this.#plan.rootChainAt(index).heightOf(rootHash) !== undefined;
  }

  /** What is wrong with the step's root block; undefined where nothing is. */
  check(index: number): FoundDivergence | undefined {
    if (!this.isChecked(index)) return undefined;
    const chain = this.#plan.rootChainAt(index);
    const { rootHeight } = this.#plan.step(index);
    const root = chain.blockAt(rootHeight);
    const violations = this.#rulesOn(chain).violationsOf(root);
    const findings = new Findings();
    const place = { height: rootHeight, hash: root.hash };
    findings.addDivergence({ fullShardId: null, ...place, root: place }, differencesOf(violations), violations);
    return findings.divergences[0];
  }

  #rulesOn(chain: RootChain): RootCl {
    if (this.#cl?.chain !== chain) {
      const rules = new RootCl({
        config: this.#config,
        rootChain: chain,
        isMinorKnown: () => true,
        stakesAfter: () => {
          throw new QkcError("INTERNAL", "stakes are not judged in a replay");
        },
      });
      this.#cl = { chain, rules };
    }
    return this.#cl.rules;
  }
}
