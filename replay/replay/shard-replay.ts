import type { BlockSource } from "../../node/archive/block-source.ts";
import { type ClusterConfig, shardConfigOf } from "../../node/chain/config.ts";
import { encodeDepositList } from "../../node/chain/deposit.ts";
import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import type { RootBlock } from "../../node/chain/root-block.ts";
import type { ShardCl } from "../../node/cl/shard-cl.ts";
import { asHash32, bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError, QkcError } from "../../node/codec/errors.ts";
import type { StoredSends } from "../../node/engine/compare-execution.ts";
import type { EngineApi, QkcPayload } from "../../node/engine/engine-api.ts";
import type { ExecutedBlock, PreparedBlock } from "../../node/shard/block-judge.ts";
import { type ArrivedRoot, Unit } from "../../node/shard/ledger.ts";
import { ShardChain } from "../../node/shard/shard-chain.ts";
import type { ClStore } from "../../node/shard/store/cl-store.ts";
import type { BlockVerdict } from "../../node/shard/verdict.ts";
import { Findings } from "../execution/findings.ts";
import { missingSends, storedSends } from "../execution/stored-sends.ts";
import type { RangeProgress } from "../work/range-job.ts";
import { PlanRoots } from "./plan-roots.ts";
import type { RunLink, SentList } from "./run-link.ts";
import { decodeRunMark, encodeRunMark, type RunMark, type ShardCounts, type ShardRunState } from "./run-state.ts";
import type { ReplayStep, StepPlan } from "./steps.ts";

export interface ShardReplayOptions {
  readonly fullShardId: number;
  readonly config: ClusterConfig;
  /** The old database. */
  readonly source: BlockSource;
  readonly plan: StepPlan;
  /** Shards that take part in the run. */
  readonly shards: readonly number[];
  readonly store: ClStore;
  readonly storeFolder: string;
  readonly engine: EngineApi;
  readonly link: RunLink;
  readonly progress: RangeProgress;
}

/** How many steps blocks may be executed before what they build on is known to hold everywhere. */
const MAX_STEPS_AHEAD = 8;
/** Blocks behind which the engine is told the head; in one request where it takes several. */
const MAX_BATCH = 16;

/** A block of the old database. */
interface ReadBlock {
  readonly hash: Hash32;
  readonly block: MinorBlock;
}

/** A step that is not committed yet. */
interface OpenStep {
  readonly unit: Unit;
  /** As they are when the step's blocks are in. */
  counts: ShardCounts;
}

/**
 * One shard of a replay: feeds its blocks to its chain in order, verifies every answer, hands on what the blocks send and
 * commits step by step. A block waits for the root block that it names, and that one for the blocks that it confirms in
 * all shards and for what these send: nothing else waits.
 */
export class ShardReplay {
  readonly #options: ShardReplayOptions;
  readonly #chain: ShardChain;
  readonly #genesisRootHeight: number;
  readonly #open = new Map<number, OpenStep>();
  #committed: RunMark;
  #counts: ShardCounts;
  #deliveries: Promise<void> = Promise.resolve();

  constructor(options: ShardReplayOptions) {
    const { config, source, fullShardId, plan, store, storeFolder, engine } = options;
    const shard = source.shard(fullShardId);
    this.#options = options;
    this.#chain = ShardChain.open({
      config: config.quarkchain,
      store,
      roots: new PlanRoots(plan, shard),
      engine,
      keepsHistory: config.enableTransactionHistory,
      base: shard,
      clock: () => Math.floor(Date.now() / 1000),
    });
    this.#genesisRootHeight = shardConfigOf(config.quarkchain, fullShardId).genesis.rootHeight;
    this.#committed = decodeRunMark(this.#chain.mark, storeFolder);
    this.#counts = this.#committed.counts;
  }

  /** What is verified and stored. */
  get committed(): ShardRunState {
    const head = this.#chain.snapshot?.head.hash;
    return { ...this.#committed, head: head === undefined ? null : toHex(head) };
  }

  /** Stores what other shards send. */
  async receive(lists: readonly SentList[]): Promise<void> {
    await this.#chain.receive(
      lists.map(({ sourceMinorHash, encoded }) => ({ sourceMinorHash: asHash32(sourceMinorHash), encoded })),
    );
  }

  /** Runs until the plan, the user or a divergence ends it. */
  async run(): Promise<void> {
    const { link, plan } = this.#options;
    await this.#chain.recover();
    for (let step = this.#committed.step + 1; step <= link.lastStep; step++) {
      // With forks the order of all that arrives decides which block is the head.
      const ahead = plan.hasForks ? 1 : MAX_STEPS_AHEAD;
      if (!(await this.#commitUpTo(step - ahead))) break;
      if (!(await this.#runStep(step))) break;
    }
    await this.#commitUpTo(link.lastStep);
    await this.#deliveries;
    await this.#chain.settleHead();
  }

  /** False where the run ends before the step is over. */
  async #runStep(index: number): Promise<boolean> {
    const { plan, fullShardId, link, progress } = this.#options;
    const step = plan.step(index);
    const queue = new BlockQueue((hash) => this.#read(hash), step.blocksOf(fullShardId));
    const sent: SentList[] = [];
    const open: OpenStep = { unit: new Unit(), counts: this.#counts };
    this.#open.set(index, open);
    let group: readonly PreparedBlock[] = [];
    for (let next = queue.peek(); group.length > 0 || next !== undefined; next = queue.peek()) {
      link.checkStopped();
      if (group.length === 0 && next !== undefined) {
        if (!(await this.#commitUpTo(this.#stepOfRoot(next)))) return false;
        if (next.block.header.height === 0) {
          if (!this.#confirmGenesis(index, step, queue.take())) return false;
          continue;
        }
        group = this.#prepareReady(queue, index);
      }
      progress.startBlock(fullShardId, group[0].payload.block.header.height);
      const call = this.#chain.execute(group);
      // While the engine works on these blocks, the next ones are got ready.
      const following = this.#prepareReady(queue, index, call);
      const executed: ExecutedBlock[] = [];
      for (const judged of await call) {
        if (judged.executed === undefined) this.#reportDivergence(step, index, judged.prepared.payload, judged.verdict);
        else executed.push(judged.executed);
      }
      for (const block of executed) {
        this.#take(open, block, step.isSide(block.hash));
        sent.push(...sentLists(block, this.#options.shards));
        progress.finishBlock(Number(block.block.meta.gasUsed));
      }
      if (executed.length < group.length) return false;
      await this.#chain.followHead();
      group = following;
    }
    this.#deliver(index, sent);
    return true;
  }

  #stepOfRoot({ hash, block }: ReadBlock): number {
    const step = this.#options.plan.stepOfRoot(block.header.prevRootBlockHash);
    if (step !== undefined) return step;
    throw new DatabaseDamagedError(
      `block ${block.header.height} of shard ${this.#options.fullShardId} names a root block that is not on its chain`,
      { key: toHex(hash) },
    );
  }

  /** Blocks that nothing keeps from being executed now, as many as go into one request. */
  #prepareReady(queue: BlockQueue, index: number, call?: Promise<unknown>): readonly PreparedBlock[] {
    // A block that cannot even be read ends the run: the answer that is on its way has nobody to wait for it then.
    call?.catch(() => {});
    const most = this.#options.plan.hasForks ? 1 : MAX_BATCH;
    const ready: PreparedBlock[] = [];
    for (let next = queue.peek(); next !== undefined && ready.length < most; next = queue.peek()) {
      if (next.block.header.height === 0 || this.#stepOfRoot(next) > this.#committed.step) break;
      ready.push(this.#prepare(queue.take(), index));
    }
    return ready;
  }

  #read(hash: Hash32): ReadBlock {
    const block = this.#chain.blocks.readBase(hash);
    if (block !== undefined) return { hash, block };
    throw new QkcError("INTERNAL", `a replay of shard ${this.#options.fullShardId} has no database to read from`);
  }

  /** A shard that runs ahead of the root chain judges by the root block that is the tip where the step begins. */
  #prepare({ hash, block }: ReadBlock, index: number): PreparedBlock {
    const { plan } = this.#options;
    const moment = plan.hasForks ? {} : { rootTipHeight: Math.max(plan.heightAt(index - 1), 0) };
    return this.#chain.prepare(hash, block, moment, (cl) => this.#storedSends(cl, block, hash));
  }

  /** The lists that the old database holds at every destination that it has. */
  #storedSends(cl: Pick<ShardCl, "sendsOf">, block: MinorBlock, hash: Hash32): StoredSends[] {
    return storedSends(this.#options.source, hash, cl.sendsOf(block, []), (destination) => {
      throw missingSends(destination, hash, block.header.branch);
    });
  }

  /** `isSide`: the chain does not keep the block in the end. */
  #take(open: OpenStep, executed: ExecutedBlock, isSide: boolean): void {
    const { meta, transactions } = executed.block;
    const move = this.#chain.take(open.unit, executed);
    const counts = this.#counts;
    this.#counts = isSide
      ? { ...counts, sideBlocks: counts.sideBlocks + 1 }
      : {
          ...counts,
          minorBlocks: counts.minorBlocks + 1,
          transactions: counts.transactions + transactions.length,
          deposits: counts.deposits + executed.consumed.length,
          gasUsed: `${BigInt(counts.gasUsed) + meta.gasUsed}`,
          xshardGasUsed: `${BigInt(counts.xshardGasUsed) + meta.xshardReceiveGasUsed}`,
        };
    open.counts = this.#counts;
    // What extends the head leaves no chain for another one.
    if (move !== undefined && (move.leaving.length > 0 || move.joining.length > 1)) this.#countReorg(open);
  }

  /** Blocks of later steps may be counted already: they are no part of this step's counts. */
  #countReorg(open: OpenStep): void {
    this.#counts = { ...this.#counts, reorgs: this.#counts.reorgs + 1 };
    open.counts = { ...open.counts, reorgs: open.counts.reorgs + 1 };
  }

  #reportDivergence(
    step: ReplayStep,
    index: number,
    { blockHash: hash, block }: Pick<QkcPayload, "blockHash" | "block">,
    { differences, violations, refusal }: BlockVerdict,
  ): void {
    const { fullShardId, link, progress } = this.#options;
    const findings = new Findings();
    const root = step.rootHash === null || step.isSide(hash) ? null : { height: step.rootHeight, hash: step.rootHash };
    const place = { fullShardId, height: block.header.height, hash, root };
    // Its cause is looked for when the run has ended.
    findings.addDivergence(place, differences, violations, null);
    progress.countDivergence();
    link.diverged(index, findings.divergences[0], refusal);
  }

  /** The genesis block that a root block confirms has to be the one that the configuration makes. */
  #confirmGenesis(index: number, step: ReplayStep, { hash, block }: ReadBlock): boolean {
    const { fullShardId } = this.#options;
    const own = this.#chain.prepareGenesis(block.header.prevRootBlockHash).payload;
    if (!bytesEqual(own.blockHash, hash)) {
      const stateRoots = [toHex(block.meta.stateRoot), toHex(own.block.meta.stateRoot)];
      const differences = [
        ...(stateRoots[0] === stateRoots[1]
          ? []
          : [{ field: "stateRoot", declared: stateRoots[0], computed: stateRoots[1] }]),
        { field: "headerHash", declared: toHex(hash), computed: toHex(own.blockHash) },
      ];
      this.#reportDivergence(step, index, { blockHash: hash, block }, { differences, violations: [] });
      return false;
    }
    // It was made before.
    this.#counts = { ...this.#counts, minorBlocks: this.#counts.minorBlocks + 1 };
    this.#stepOf(index).counts = this.#counts;
    this.#options.progress.startBlock(fullShardId, 0);
    this.#options.progress.finishBlock(0);
    return true;
  }

  /** Lists go out while the next step's blocks are executed; the step is complete when they are stored. */
  #deliver(index: number, sent: readonly SentList[]): void {
    const { link, fullShardId } = this.#options;
    this.#deliveries = this.#deliveries.then(() => link.deliver(sent)).then(() => link.completed(fullShardId, index));
    // Whoever ends the run says why; here nobody may be waiting any more.
    this.#deliveries.catch(() => {});
  }

  /** Commits steps that are complete everywhere; false where the run ends before. */
  async #commitUpTo(last: number): Promise<boolean> {
    for (let step = this.#committed.step + 1; step <= last; step++) {
      if (!(await this.#options.link.reached(step))) return false;
      await this.#commit(step);
    }
    return true;
  }

  async #commit(index: number): Promise<void> {
    const { plan } = this.#options;
    const open = this.#stepOf(index);
    const { rootHash, rootHeight } = plan.step(index);
    if (rootHash !== null && rootHeight >= this.#genesisRootHeight) {
      const root = this.#arrivedRoot(index, rootHash);
      await this.#receiveFromAbsent(root.block);
      if (rootHeight === this.#genesisRootHeight) await this.#bringToLife(open, root);
      else if (this.#chain.takeRoot(open.unit, root) !== undefined) this.#countReorg(open);
    }
    const state: RunMark = { step: index, counts: open.counts };
    await this.#chain.write(open.unit, { commits: true, mark: encodeRunMark(state) });
    this.#open.delete(index);
    this.#committed = state;
    if (plan.hasForks) await this.#chain.followHead();
  }

  #arrivedRoot(index: number, hash: Hash32): ArrivedRoot {
    const { plan, source, fullShardId } = this.#options;
    const chain = plan.rootChainAt(index);
    const height = chain.heightOf(hash);
    const block = height === undefined ? source.shard(fullShardId).rootBlock(hash) : chain.blockAt(height).block;
    const own = block.minorHeaders.filter(({ branch }) => branch === fullShardId).at(-1);
    return { hash, block, lastMinor: own && minorHeaderHash(own) };
  }

  /** What shards outside the run have sent comes from the old database. */
  async #receiveFromAbsent({ minorHeaders }: RootBlock): Promise<void> {
    const { shards, source, fullShardId } = this.#options;
    const lists = minorHeaders
      .filter(({ branch }) => branch !== fullShardId && !shards.includes(branch))
      .flatMap((header) => {
        const sourceMinorHash = minorHeaderHash(header);
        const list = source.shard(fullShardId).depositList(sourceMinorHash);
        return list === undefined ? [] : [{ sourceMinorHash, encoded: encodeDepositList(list.deposits) }];
      });
    if (lists.length > 0) await this.#chain.receive(lists);
  }

  /** The shard's first block, on the root block that it is born with (shard_state.py init_genesis_state). */
  async #bringToLife({ unit }: OpenStep, root: ArrivedRoot): Promise<void> {
    const executed = await this.#chain.takeGenesis(unit, root);
    await this.#options.link.deliver(sentLists(executed, this.#options.shards));
  }

  #stepOf(index: number): OpenStep {
    const open = this.#open.get(index);
    if (open !== undefined) return open;
    throw new QkcError("INTERNAL", `step ${index} of ${this.#options.storeFolder} was not begun`);
  }
}

/** Blocks of a step that are still to be taken, each read once. */
class BlockQueue {
  readonly #read: (hash: Hash32) => ReadBlock;
  readonly #hashes: readonly Hash32[];
  #position = 0;
  #next: ReadBlock | undefined;

  constructor(read: (hash: Hash32) => ReadBlock, hashes: readonly Hash32[]) {
    this.#read = read;
    this.#hashes = hashes;
  }

  /** Undefined where there is none. */
  peek(): ReadBlock | undefined {
    if (this.#next === undefined && this.#position < this.#hashes.length) {
      this.#next = this.#read(this.#hashes[this.#position]);
    }
    return this.#next;
  }

  /** The block that peek() gave. */
  take(): ReadBlock {
    const next = this.peek();
    if (next === undefined) throw new QkcError("INTERNAL", "a block is taken where there is none");
    this.#next = undefined;
    this.#position++;
    return next;
  }
}

/** What a block sends to shards that take part, encoded; an empty list too is told. */
function sentLists({ hash, sends }: ExecutedBlock, shards: readonly number[]): SentList[] {
  return [...sends]
    .filter(([destination]) => shards.includes(destination))
    .map(([destination, deposits]) => ({ destination, sourceMinorHash: hash, encoded: encodeDepositList(deposits) }));
}
