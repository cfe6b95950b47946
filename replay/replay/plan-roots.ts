import type { ShardSource } from "../../node/archive/block-source.ts";
import type { RootBlockHeader } from "../../node/chain/root-block.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { bytesKey, type Hash32 } from "../../node/codec/bytes.ts";
import type { RootChains } from "../../node/shard/root-chains.ts";
import type { StepPlan } from "./steps.ts";

/** Side chains of root blocks are short and few. */
const MAX_SIDE_CHAINS = 8;

/** The root blocks of a replay: all of them are in the old database, and the plan knows where each stands. */
export class PlanRoots implements RootChains {
  readonly #plan: StepPlan;
  readonly #source: ShardSource;
  readonly #sideChains = new Map<string, RootChain>();

  constructor(plan: StepPlan, source: ShardSource) {
    this.#plan = plan;
    this.#source = source;
  }

  has(root: Hash32): boolean {
    return this.#source.hasRootBlock(root);
  }

  header(root: Hash32): RootBlockHeader {
    return this.#source.rootHeader(root);
  }

  chainAt(root: Hash32): RootChain {
    const chain = this.#plan.rootChainAt(this.#plan.stepOfRoot(root) ?? 0);
    return chain.heightOf(root) === undefined ? this.#sideChain(root) : chain;
  }

  isAncestor(ancestor: Hash32, descendant: Hash32): boolean {
    return this.#plan.rootChainAt(this.#plan.stepOfRoot(descendant) ?? 0).isAncestor(ancestor, descendant);
  }

  /** It is in the old database. */
  add(): void {}

  #sideChain(tip: Hash32): RootChain {
    const key = bytesKey(tip);
    let chain = this.#sideChains.get(key);
    if (chain === undefined) {
      chain = new RootChain(this.#source, tip);
      if (this.#sideChains.size >= MAX_SIDE_CHAINS) this.#sideChains.clear();
      this.#sideChains.set(key, chain);
    }
    return chain;
  }
}
