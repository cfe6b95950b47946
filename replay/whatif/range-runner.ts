import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError, UnsupportedError } from "../../node/codec/errors.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { StateCache } from "../../node/el/state/state-cache.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { ArchivedStates } from "../execution/archived-states.ts";
import { type BlockPlace, RangeBlocks } from "../execution/range-blocks.ts";
import { type ShardRig, ShardRigs } from "../execution/shard-rig.ts";
import { matchesDeclared, trialOf } from "../execution/trial.ts";
import type { Range } from "../report/schema.ts";
import { whatifRules } from "../terminal/rules-option.ts";
import { blockName } from "../text/block-name.ts";
import type { RangeProgress, RangeRunner, RunPlan } from "../work/range-job.ts";
import { executeTested, explainBlock } from "./block-whatif.ts";
import type { WhatifRange } from "./schema.ts";
import { SwitchedRules } from "./switched-rules.ts";
import { Tally } from "./tally.ts";

export interface WhatifPlan extends RunPlan {
  /** Names the tested rules, see whatifRules(). */
  readonly rules: string;
}

/** Opens the plan's database in this thread. */
export function createWhatifRunner(plan: WhatifPlan): RangeRunner<WhatifRange> {
  const database = openDatabase({
    db: plan.db,
    configPath: plan.configPath,
    rootTip: plan.flags.rootTip ?? undefined,
    verifyChecksums: plan.flags.verifyChecksums,
    cacheBytes: Math.floor(plan.cacheBytesPerWorker / (2 * (plan.shards.length + 1))),
  });
  const rules = new SwitchedRules(database.config.quarkchain, QUARKCHAIN_RULES, whatifRules(plan.rules));
  return {
    run: async (range, progress, shouldStop) => {
      const anchor = hashFromHex(plan.anchors[range.index], "range anchor");
      const rootChain = new RootChain(database.source.rootBlocks(), anchor);
      return new RangeWhatif({ plan, database, rootChain, rules, progress, shouldStop }).run(range);
    },
    close: () => database.source.close(),
  };
}

interface RangeWhatifOptions {
  readonly plan: WhatifPlan;
  readonly database: OpenDatabase;
  readonly rootChain: RootChain;
  readonly rules: SwitchedRules;
  readonly progress: RangeProgress;
  readonly shouldStop: () => boolean;
}

/** One range with everything that must not outlive it. */
class RangeWhatif {
  readonly #options: RangeWhatifOptions;
  readonly #tally = new Tally();
  readonly #rigs: ShardRigs;
  readonly #blocks: RangeBlocks;
  /** Knows the state after any block, also where it is not stored. */
  readonly #states: ArchivedStates;
  readonly #caches = new Map<number, StateCache>();
  readonly #cacheBytes: number;

  constructor(options: RangeWhatifOptions) {
    const { plan, database, rootChain } = options;
    this.#options = options;
    this.#cacheBytes = Math.floor(plan.cacheBytesPerWorker / (2 * plan.shards.length));
    this.#rigs = new ShardRigs(database, rootChain, {
      cacheBytes: this.#cacheBytes,
      checkArchive: false,
      rootTipHeight: plan.rootTipHeight,
    });
    this.#blocks = new RangeBlocks({
      database,
      rootChain,
      shards: plan.shards,
      isTipNamed: plan.flags.rootTip !== null,
      warn: (message) => this.#tally.warn(message),
      onFault: (place, error) => this.#note(place, error),
    });
    // What computing them has to tell of blocks on the way is a check's to say.
    this.#states = new ArchivedStates(database, this.#rigs, new Set());
  }

  async run(range: Range): Promise<WhatifRange | "stopped"> {
    const { shouldStop } = this.#options;
    for (const place of this.#places(range)) {
      if (shouldStop()) return "stopped";
      await this.#block(place);
    }
    return this.#tally.result(range);
  }

  *#places({ firstRootHeight, lastRootHeight, unconfirmed }: Range): Generator<BlockPlace> {
    if (unconfirmed) yield* this.#blocks.unconfirmed(lastRootHeight);
    else for (let height = firstRootHeight; height <= lastRootHeight; height++) yield* this.#blocks.confirmed(height);
  }

  async #block(place: BlockPlace): Promise<void> {
    const { progress } = this.#options;
    const { fullShardId, height } = place;
    progress.startBlock(fullShardId, height);
    let gasUsed = 0n;
    try {
      const rig = this.#rigs.of(fullShardId);
      const block = rig.cl.chain.read(place.hash);
      if (height > 0) {
        await this.#execute(place, rig, block);
        gasUsed = block.meta.gasUsed;
      } else this.#tally.countBlock(0, 0);
    } catch (error) {
      this.#note(place, error);
    }
    progress.finishBlock(Number(gasUsed));
  }

  /** What keeps one block from being executed is a finding; anything else ends the run. */
  #note({ fullShardId, height }: BlockPlace, error: unknown): void {
    const at = { fullShardId, height };
    if (error instanceof DatabaseDamagedError) this.#tally.addDamage({ ...at, message: error.message });
    else if (error instanceof UnsupportedError) this.#tally.addUnsupported({ ...at, message: error.message });
    else throw error;
  }

  async #execute(place: BlockPlace, rig: ShardRig, block: MinorBlock): Promise<void> {
    const { rules, progress } = this.#options;
    const { fullShardId, height, root } = place;
    const parentRoot = await this.#states.stateAfter(fullShardId, block.header.prevMinorBlockHash);
    if (!rig.source.rows.has(parentRoot)) {
      const what = "states that are not stored were computed from the stored ones before them";
      this.#tally.warn(`shard ${fullShardId}: ${what}`);
    } else if (rig.nodes.isHolding) this.#states.release(fullShardId);
    const trial = trialOf(rig, block, parentRoot);
    const tested = executeTested(trial, rules, this.#cacheOf(fullShardId));
    if (matchesDeclared(trial, tested)) {
      const deposits = tested.status === "EXECUTED" ? tested.computed.depositsConsumed : 0;
      this.#tally.countBlock(block.transactions.length, deposits);
      return;
    }
    const outcome = explainBlock(trial, rules, tested, this.#tally.isExample);
    this.#tally.countBlock(block.transactions.length, outcome.depositsConsumed);
    if (outcome.warning !== undefined) {
      this.#tally.warn(`${blockName(place)} (${toHex(place.hash)}) ${outcome.warning}`);
    }
    if (outcome.isChanged) progress.countDivergence();
    this.#tally.addBlock(
      { fullShardId, height, hash: toHex(minorHeaderHash(block.header)), rootHeight: root?.height ?? null },
      outcome,
    );
  }

  #cacheOf(fullShardId: number): StateCache {
    let cache = this.#caches.get(fullShardId);
    if (cache === undefined) {
      cache = new StateCache(this.#cacheBytes);
      this.#caches.set(fullShardId, cache);
    }
    return cache;
  }
}
