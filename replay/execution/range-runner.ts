import { SealVerifier } from "../../node/cl/pow/seal.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { type Hash32, hashFromHex } from "../../node/codec/bytes.ts";
import { finishTimedBlock, startTimedBlock } from "../../node/measure/stages.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import type { Range, RangeResult } from "../report/schema.ts";
import type { RangeProgress, RangeRunner, RunPlan } from "../work/range-job.ts";
import { DerivedRowsCheck } from "./derived-rows-check.ts";
import { Findings } from "./findings.ts";
import { type FindCauses, MinorCheck } from "./minor-check.ts";
import { type BlockPlace, RangeBlocks } from "./range-blocks.ts";
import { startProfile } from "./range-profile.ts";
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
  return rangeRunnerOver(plan, database, findCauses, wrapEngine);
}

/** Over a database that is open, which is closed with it. */
export function rangeRunnerOver(
  plan: RunPlan,
  database: OpenDatabase,
  findCauses: FindCauses,
  wrapEngine?: EngineWrapper,
): RangeRunner {
  return new DatabaseRangeRunner(plan, database, findCauses, wrapEngine);
}

class DatabaseRangeRunner implements RangeRunner {
  readonly #plan: RunPlan;
  readonly #database: OpenDatabase;
  readonly #seals: SealVerifier | undefined;
  readonly #findCauses: FindCauses;
  readonly #wrapEngine: EngineWrapper | undefined;

  constructor(plan: RunPlan, database: OpenDatabase, findCauses: FindCauses, wrapEngine: EngineWrapper | undefined) {
    this.#plan = plan;
    this.#database = database;
    this.#findCauses = findCauses;
    this.#wrapEngine = wrapEngine;
    this.#seals = plan.ethashCaches === null ? undefined : new SealVerifier(plan.ethashCaches);
  }

  async run(range: Range, progress: RangeProgress, shouldStop: () => boolean): Promise<RangeResult | "stopped"> {
    const anchor = hashFromHex(this.#plan.anchors[range.index], "range anchor");
    const rootChain = new RootChain(this.#database.source.rootBlocks(), anchor);
    const plan = this.#plan;
    const database = this.#database;
    const seals = this.#seals;
    const findCauses = this.#findCauses;
    const wrapEngine = this.#wrapEngine;
    return new RangeCheck({ plan, database, rootChain, seals, findCauses, wrapEngine, progress, shouldStop }).run(
      range,
    );
  }

  close(): void {
    this.#database.source.close();
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
  readonly #plan: RunPlan;
  readonly #database: OpenDatabase;
  readonly #rootChain: RootChain;
  readonly #progress: RangeProgress;
  readonly #shouldStop: () => boolean;
  readonly #findings = new Findings();
  readonly #blocks: RangeBlocks;
  readonly #minor: MinorCheck;
  readonly #root: RootCheck;

  constructor(options: RangeCheckOptions) {
    const { plan, database, rootChain, seals, findCauses, wrapEngine, progress, shouldStop } = options;
    this.#plan = plan;
    this.#database = database;
    this.#rootChain = rootChain;
    this.#progress = progress;
    this.#shouldStop = shouldStop;
    const rigs = new ShardRigs(database, rootChain, {
      cacheBytes: Math.floor(plan.cacheBytesPerWorker / (2 * plan.shards.length)),
      checkArchive: plan.flags.checkArchive,
      rootTipHeight: plan.rootTipHeight,
      wrapEngine,
    });
    // The rows follow the client's own tip.
    const hasRows = plan.flags.checkArchive && plan.flags.rootTip === null;
    const rows = hasRows ? new DerivedRowsCheck(database, rootChain, plan.rootTipHeight, this.#findings) : undefined;
    this.#minor = new MinorCheck(database, rigs, this.#findings, { seals, findCauses, rows });
    this.#blocks = new RangeBlocks({
      database,
      rootChain,
      shards: plan.shards,
      isTipNamed: plan.flags.rootTip !== null,
      warn: (message) => this.#findings.warnings.add(message),
      onFault: (place, error) => this.#findings.addError(place, error),
    });
    const stateAfter = (fullShardId: number, hash: Hash32) => this.#minor.stateAfter(fullShardId, hash);
    this.#root = new RootCheck(database, rootChain, rigs, this.#findings, seals, stateAfter, rows);
  }

  async run(range: Range): Promise<RangeResult | "stopped"> {
    const startedAt = performance.now();
    const profile = this.#plan.profile && startProfile(this.#plan.profile, range);
    try {
      const checkedTo = range.unconfirmed ? await this.#unconfirmed(range) : await this.#confirmed(range);
      const seconds = (performance.now() - startedAt) / 1000;
      return this.#result(range, checkedTo, { seconds, ...profile?.finish() });
    } catch (error) {
      profile?.finish();
      if (error instanceof Stopped) return "stopped";
      throw error;
    }
  }

  async #confirmed(range: Range): Promise<number> {
    for (let height = range.firstRootHeight; height <= range.lastRootHeight; height++) {
      await this.#rootBlock(height);
      if (this.#limitReached()) return height;
    }
    return range.lastRootHeight;
  }

  async #rootBlock(height: number): Promise<void> {
    const root = this.#rootChain.blockAt(height);
    if (this.#database.source.hasRootDatabase) {
      await this.#watched(0, height, async () => {
        await this.#root.check(root);
        return 0;
      });
    }
    for (const place of this.#blocks.confirmed(height)) await this.#minorBlock(place);
  }

  async #unconfirmed({ lastRootHeight }: Range): Promise<number> {
    for (const place of this.#blocks.unconfirmed(lastRootHeight)) {
      await this.#minorBlock(place);
      if (this.#limitReached()) break;
    }
    return lastRootHeight;
  }

  #minorBlock(place: BlockPlace): Promise<void> {
    return this.#watched(place.fullShardId, place.height, () => this.#minor.check(place));
  }

  async #watched(fullShardId: number, height: number, check: () => Promise<number>): Promise<void> {
    if (this.#shouldStop()) throw new Stopped();
    const before = this.#findings.divergences.length;
    this.#progress.startBlock(fullShardId, height);
    startTimedBlock();
    const gasUsed = await check();
    finishTimedBlock();
    this.#progress.finishBlock(gasUsed);
    for (let i = before; i < this.#findings.divergences.length; i++) this.#progress.countDivergence();
  }

  #limitReached(): boolean {
    const { maxFindings, flags } = this.#plan;
    const { divergences, damage, unsupported } = this.#findings;
    if (divergences.length + damage.length + unsupported.length >= maxFindings) return true;
    return flags.maxDivergences !== null && divergences.length >= flags.maxDivergences;
  }

  #result(range: Range, checkedTo: number, timing: Omit<RangeResult["timing"], "stages">): RangeResult {
    const findings = this.#findings;
    return {
      index: range.index,
      checkedTo,
      rootBlocks: findings.rootBlocks,
      shards: findings.shards(),
      divergences: findings.divergences,
      unsupported: findings.unsupported,
      damage: findings.damage,
      warnings: [...findings.warnings].sort(),
      timing: { ...timing, stages: findings.clock.seconds() },
    };
  }
}
