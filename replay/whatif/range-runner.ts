import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { bytesEqual, type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError, UnsupportedError } from "../../node/codec/errors.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { StateCache } from "../../node/el/state/state-cache.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { ArchivedStates } from "../execution/archived-states.ts";
import { type ShardRig, ShardRigs } from "../execution/shard-rig.ts";
import { comesToDeclared, trialOf } from "../execution/trial.ts";
import type { Range } from "../report/schema.ts";
import { whatifRules } from "../terminal/rules-option.ts";
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

interface BlockPlace {
  readonly fullShardId: number;
  readonly height: number;
  readonly hash: Hash32;
  /** Null where no root block confirms it yet. */
  readonly rootHeight: number | null;
}

/** One range with everything that must not outlive it. */
class RangeWhatif {
  private readonly options: RangeWhatifOptions;
  private readonly tally = new Tally();
  private readonly rigs: ShardRigs;
  /** Knows the state after any block, also where it is not stored. */
  private readonly states: ArchivedStates;
  private readonly caches = new Map<number, StateCache>();
  private readonly cacheBytes: number;

  constructor(options: RangeWhatifOptions) {
    const { plan, database, rootChain } = options;
    this.options = options;
    this.cacheBytes = Math.floor(plan.cacheBytesPerWorker / (2 * plan.shards.length));
    this.rigs = new ShardRigs(database, rootChain, {
      cacheBytes: this.cacheBytes,
      checkArchive: false,
      rootTipHeight: plan.rootTipHeight,
    });
    // What computing them has to tell of blocks on the way is a check's to say.
    this.states = new ArchivedStates(database, this.rigs, new Set());
  }

  async run(range: Range): Promise<WhatifRange | "stopped"> {
    const { shouldStop } = this.options;
    for (const place of range.unconfirmed ? this.unconfirmed(range) : this.confirmed(range)) {
      if (shouldStop()) return "stopped";
      await this.block(place);
    }
    return this.tally.result(range);
  }

  private *confirmed({ firstRootHeight, lastRootHeight }: Range): Generator<BlockPlace> {
    const { plan, rootChain } = this.options;
    for (let rootHeight = firstRootHeight; rootHeight <= lastRootHeight; rootHeight++) {
      const { block, minorHashes } = rootChain.blockAt(rootHeight);
      for (const [i, { branch, height }] of block.minorHeaders.entries()) {
        if (!plan.shards.includes(branch)) continue;
        yield { fullShardId: branch, height, hash: minorHashes[i], rootHeight };
      }
    }
  }

  /** The blocks above the last confirmed one of each shard, as far as the shard's height index goes. */
  private *unconfirmed({ lastRootHeight }: Range): Generator<BlockPlace> {
    const { plan, database, rootChain } = this.options;
    for (const fullShardId of plan.shards) {
      const lowest = database.config.quarkchain.shards.get(fullShardId)?.genesis.rootHeight ?? 0;
      const confirmed = rootChain.lastConfirmed(fullShardId, lastRootHeight, lowest);
      if (confirmed === undefined) continue;
      const shard = database.source.shard(fullShardId);
      let previous = confirmed.hash;
      for (let height = confirmed.header.height + 1; ; height++) {
        const hash = shard.canonicalHashAt(height);
        if (hash === undefined) break;
        const { header } = shard.minorBlock(hash);
        // Another branch's, where the user named the tip.
        if (header.height !== height || !bytesEqual(header.prevMinorBlockHash, previous)) break;
        yield { fullShardId, height, hash, rootHeight: null };
        previous = hash;
      }
    }
  }

  private async block(place: BlockPlace): Promise<void> {
    const { progress } = this.options;
    const { fullShardId, height } = place;
    progress.startBlock(fullShardId, height);
    let gasUsed = 0n;
    try {
      const rig = this.rigs.of(fullShardId);
      const block = rig.cl.chain.read(place.hash);
      if (height > 0) {
        await this.execute(place, rig, block);
        gasUsed = block.meta.gasUsed;
      } else this.tally.countBlock(0, 0);
    } catch (error) {
      const at = { fullShardId, height };
      if (error instanceof DatabaseDamagedError) this.tally.addDamage({ ...at, message: error.message });
      else if (error instanceof UnsupportedError) this.tally.addUnsupported({ ...at, message: error.message });
      else throw error;
    }
    progress.finishBlock(Number(gasUsed));
  }

  private async execute(place: BlockPlace, rig: ShardRig, block: MinorBlock): Promise<void> {
    const { rules, progress } = this.options;
    const { fullShardId, height, rootHeight } = place;
    const parentRoot = await this.states.stateAfter(fullShardId, block.header.prevMinorBlockHash);
    if (!rig.source.rows.has(parentRoot)) {
      const what = "states that are not stored were computed from the stored ones before them";
      this.tally.warn(`shard ${fullShardId}: ${what}`);
    } else if (rig.nodes.isHolding) this.states.release(fullShardId);
    const trial = trialOf(rig, block, parentRoot);
    const tested = executeTested(trial, rules, this.cacheOf(fullShardId));
    if (comesToDeclared(trial, tested)) {
      const deposits = tested.status === "EXECUTED" ? tested.computed.depositsConsumed : 0;
      this.tally.countBlock(block.transactions.length, deposits);
      return;
    }
    const outcome = explainBlock(trial, rules, tested, this.tally.isExample);
    this.tally.countBlock(block.transactions.length, outcome.depositsConsumed);
    if (outcome.warning !== undefined) {
      this.tally.warn(`shard ${fullShardId} block ${height} (${toHex(place.hash)}) ${outcome.warning}`);
    }
    if (outcome.isChanged) progress.countDivergence();
    this.tally.addBlock({ fullShardId, height, hash: toHex(minorHeaderHash(block.header)), rootHeight }, outcome);
  }

  private cacheOf(fullShardId: number): StateCache {
    let cache = this.caches.get(fullShardId);
    if (cache === undefined) {
      cache = new StateCache(this.cacheBytes);
      this.caches.set(fullShardId, cache);
    }
    return cache;
  }
}
