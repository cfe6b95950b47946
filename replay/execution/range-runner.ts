import type { MinorBlockHeader } from "../../node/chain/minor-block.ts";
import { SealVerifier } from "../../node/cl/pow/seal.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { bytesEqual, type Hash32, hashFromHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import type { Range, RangeResult } from "../report/schema.ts";
import type { RangeProgress, RangeRunner, RunPlan } from "../work/range-job.ts";
import { Findings } from "./findings.ts";
import { type FindCauses, MinorCheck } from "./minor-check.ts";
import { RootCheck } from "./root-check.ts";
import { type EngineWrapper, ShardRigs } from "./shard-rig.ts";

/** Opens the plan's database in this thread. `findCauses` names what diverges; `wrapEngine` puts something between the check and the engine. */
export function createRangeRunner(plan: RunPlan, findCauses: FindCauses, wrapEngine?: EngineWrapper): RangeRunner {
  const database = openDatabase({
    db: plan.db,
    configPath: plan.configPath,
    rootTip: plan.flags.rootTip ?? undefined,
    verifyChecksums: plan.flags.verifyChecksums,
    cacheBytes: Math.floor(plan.cacheBytesPerWorker / (2 * (plan.shards.length + 1))),
  });
  return new DatabaseRangeRunner(plan, database, findCauses, wrapEngine);
}

class DatabaseRangeRunner implements RangeRunner {
  private readonly plan: RunPlan;
  private readonly database: OpenDatabase;
  private readonly seals: SealVerifier | undefined;
  private readonly findCauses: FindCauses;
  private readonly wrapEngine: EngineWrapper | undefined;

  constructor(plan: RunPlan, database: OpenDatabase, findCauses: FindCauses, wrapEngine: EngineWrapper | undefined) {
    this.plan = plan;
    this.database = database;
    this.findCauses = findCauses;
    this.wrapEngine = wrapEngine;
    this.seals = plan.ethashCaches === null ? undefined : new SealVerifier(plan.ethashCaches);
  }

  async run(range: Range, progress: RangeProgress, shouldStop: () => boolean): Promise<RangeResult | "stopped"> {
    const anchor = hashFromHex(this.plan.anchors[range.index], "range anchor");
    const rootChain = new RootChain(this.database.source.rootBlocks(), anchor);
    const { plan, database, seals, findCauses, wrapEngine } = this;
    return new RangeCheck({ plan, database, rootChain, seals, findCauses, wrapEngine, progress, shouldStop }).run(
      range,
    );
  }

  close(): void {
    this.database.source.close();
  }
}

/** Thrown and caught here: the user wants to stop. */
class Stopped extends Error {}

interface RangeCheckOptions {
  readonly plan: RunPlan;
  readonly database: OpenDatabase;
  readonly rootChain: RootChain;
  readonly seals: SealVerifier | undefined;
  readonly findCauses: FindCauses;
  readonly wrapEngine: EngineWrapper | undefined;
  readonly progress: RangeProgress;
  readonly shouldStop: () => boolean;
}

/** One range with everything that must not outlive it: caches could hide damage from a later one. */
class RangeCheck {
  private readonly plan: RunPlan;
  private readonly database: OpenDatabase;
  private readonly rootChain: RootChain;
  private readonly progress: RangeProgress;
  private readonly shouldStop: () => boolean;
  private readonly findings = new Findings();
  private readonly rigs: ShardRigs;
  private readonly minor: MinorCheck;
  private readonly root: RootCheck;

  constructor(options: RangeCheckOptions) {
    const { plan, database, rootChain, seals, findCauses, wrapEngine, progress, shouldStop } = options;
    this.plan = plan;
    this.database = database;
    this.rootChain = rootChain;
    this.progress = progress;
    this.shouldStop = shouldStop;
    this.rigs = new ShardRigs(database, rootChain, {
      cacheBytes: Math.floor(plan.cacheBytesPerWorker / (2 * plan.shards.length)),
      checkArchive: plan.flags.checkArchive,
      rootTipHeight: plan.rootTipHeight,
      wrapEngine,
    });
    this.minor = new MinorCheck(database, this.rigs, this.findings, { seals, findCauses });
    const stateAfter = (fullShardId: number, hash: Hash32) => this.minor.stateAfter(fullShardId, hash);
    this.root = new RootCheck(database, rootChain, this.rigs, this.findings, seals, stateAfter);
  }

  async run(range: Range): Promise<RangeResult | "stopped"> {
    const startedAt = performance.now();
    try {
      const checkedTo = range.unconfirmed ? await this.unconfirmed(range) : await this.confirmed(range);
      return this.result(range, checkedTo, (performance.now() - startedAt) / 1000);
    } catch (error) {
      if (error instanceof Stopped) return "stopped";
      throw error;
    }
  }

  private async confirmed(range: Range): Promise<number> {
    for (let height = range.firstRootHeight; height <= range.lastRootHeight; height++) {
      await this.rootBlock(height);
      if (this.limitReached()) return height;
    }
    return range.lastRootHeight;
  }

  private async rootBlock(height: number): Promise<void> {
    const root = this.rootChain.blockAt(height);
    const { hash, block, minorHashes } = root;
    if (this.database.source.hasRootDatabase) {
      await this.watched(0, height, async () => {
        await this.root.check(root);
        return 0;
      });
    }
    for (const [i, header] of block.minorHeaders.entries()) {
      if (this.plan.shards.includes(header.branch)) await this.minorBlock(header, minorHashes[i], { height, hash });
    }
  }

  /** The blocks above the last confirmed one of each shard, as far as the shard's height index goes. */
  private async unconfirmed(range: Range): Promise<number> {
    const { config } = this.database;
    for (const fullShardId of this.plan.shards) {
      const lowest = config.quarkchain.shards.get(fullShardId)?.genesis.rootHeight ?? 0;
      const confirmed = this.rootChain.lastConfirmed(fullShardId, range.lastRootHeight, lowest);
      const shard = this.database.source.shard(fullShardId);
      let height = confirmed === undefined ? 0 : confirmed.header.height + 1;
      let previous = confirmed?.hash;
      for (let hash = shard.canonicalHashAt(height); hash !== undefined; hash = shard.canonicalHashAt(++height)) {
        if (previous !== undefined && !this.follows(fullShardId, height, hash, previous)) break;
        await this.minorBlock({ branch: fullShardId, height }, hash, null);
        previous = hash;
      }
    }
    return range.lastRootHeight;
  }

  /** Whether the block that the height index names is the next one. It may be another branch's where the user named the tip. */
  private follows(fullShardId: number, height: number, hash: Hash32, previous: Hash32): boolean {
    const place = { fullShardId, height, hash, root: null };
    try {
      const source = this.database.source.shard(fullShardId);
      const { header } = source.minorBlock(hash);
      if (header.height === height && bytesEqual(header.prevMinorBlockHash, previous)) return true;
      const what = `the height index names a block at ${height} that does not follow the one below it`;
      if (this.plan.flags.rootTip !== null) this.findings.warnings.add(`shard ${fullShardId}: ${what}`);
      else this.findings.addDamage(place, new DatabaseDamagedError(`altered row in ${source.name}: ${what}`));
    } catch (error) {
      this.findings.addError(place, error);
    }
    return false;
  }

  private minorBlock(
    { branch, height }: Pick<MinorBlockHeader, "branch" | "height">,
    hash: Hash32,
    root: { readonly height: number; readonly hash: Hash32 } | null,
  ): Promise<void> {
    return this.watched(branch, height, () => this.minor.check({ fullShardId: branch, height, hash, root }));
  }

  private async watched(fullShardId: number, height: number, check: () => Promise<number>): Promise<void> {
    if (this.shouldStop()) throw new Stopped();
    const before = this.findings.divergences.length;
    this.progress.startBlock(fullShardId, height);
    const gasUsed = await check();
    this.progress.finishBlock(gasUsed);
    for (let i = before; i < this.findings.divergences.length; i++) this.progress.countDivergence();
  }

  private limitReached(): boolean {
    const limit = this.plan.flags.maxDivergences;
    return limit !== null && this.findings.divergences.length >= limit;
  }

  private result(range: Range, checkedTo: number, seconds: number): RangeResult {
    const { findings } = this;
    return {
      index: range.index,
      checkedTo,
      rootBlocks: findings.rootBlocks,
      shards: findings.shards(),
      divergences: findings.divergences,
      unsupported: findings.unsupported,
      damage: findings.damage,
      warnings: [...findings.warnings].sort(),
      timing: { seconds, stages: findings.clock.seconds() },
    };
  }
}
