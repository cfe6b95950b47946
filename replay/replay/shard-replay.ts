import type { BlockSource } from "../../node/archive/block-source.ts";
import { type ClusterConfig, shardConfigOf } from "../../node/chain/config.ts";
import { encodeDepositList } from "../../node/chain/deposit.ts";
import { minorHeaderHash } from "../../node/chain/minor-block.ts";
import type { RootBlock } from "../../node/chain/root-block.ts";
import type { ClStore } from "../../node/cl/store/cl-store.ts";
import { bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError, QkcError } from "../../node/codec/errors.ts";
import { EngineCalls, type ExecutionAnswer } from "../../node/engine/client/engine-calls.ts";
import type { EngineApi, QkcPayload } from "../../node/engine/engine-api.ts";
import { Findings } from "../execution/findings.ts";
import type { RangeProgress } from "../work/range-job.ts";
import { BlockFeed, type ExecutedBlock, type PreparedBlock, type ReadBlock } from "./block-feed.ts";
import type { BlockVerdict } from "./block-verdict.ts";
import { insertGenesis, reconcile } from "./reconcile.ts";
import type { RunLink, SentList } from "./run-link.ts";
import type { ShardRunState } from "./run-state.ts";
import { type ArrivedRoot, ShardLedger } from "./shard-ledger.ts";
import { ShardView } from "./shard-view.ts";
import type { ReplayStep, StepPlan } from "./steps.ts";

export interface ShardReplayOptions {
  readonly fullShardId: number;
  readonly config: ClusterConfig;
  /** The old database. */
  readonly source: BlockSource;
  readonly plan: StepPlan;
  /** Shards born before this root height can be sent to. */
  readonly rootTipHeight: number;
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
/** Blocks in one request. */
const MAX_BATCH = 16;

/**
 * One shard of a replay: feeds its blocks to its engine in order, verifies every answer, hands on what the blocks send
 * and keeps the shard's CL store. A block waits for the root block that it names, and that one for the blocks that it
 * confirms in all shards and for what these send: nothing else waits.
 */
export class ShardReplay {
  readonly #options: ShardReplayOptions;
  readonly #calls: EngineCalls;
  readonly #feed: BlockFeed;
  readonly #ledger: ShardLedger;
  readonly #genesisRootHeight: number;
  #deliveries: Promise<void> = Promise.resolve();

  constructor(options: ShardReplayOptions) {
    const { config, source, fullShardId, plan, rootTipHeight, store, storeFolder, engine } = options;
    const shard = source.shard(fullShardId);
    const view = new ShardView({ config: config.quarkchain, source: shard, store, plan, rootTipHeight });
    this.#options = options;
    this.#calls = new EngineCalls(engine, fullShardId);
    this.#feed = new BlockFeed({ config: config.quarkchain, source, fullShardId, view });
    this.#genesisRootHeight = shardConfigOf(config.quarkchain, fullShardId).genesis.rootHeight;
    this.#ledger = new ShardLedger({
      source: shard,
      store,
      view,
      feed: this.#feed,
      folder: storeFolder,
      keepsHistory: config.enableTransactionHistory,
    });
  }

  /** What is verified and stored. */
  get committed(): ShardRunState {
    return this.#ledger.committed;
  }

  /** Runs until the plan, the user or a divergence ends it. */
  async run(): Promise<void> {
    const { link, source, fullShardId, plan } = this.#options;
    await reconcile(plan, {
      calls: this.#calls,
      feed: this.#feed,
      ledger: this.#ledger,
      source: source.shard(fullShardId),
      genesisRootHeight: this.#genesisRootHeight,
    });
    for (let step = this.#ledger.committed.step + 1; step <= link.lastStep; step++) {
      // With forks the order of all that arrives decides which block is the head.
      const ahead = plan.hasForks ? 1 : MAX_STEPS_AHEAD;
      if (!(await this.#commitUpTo(step - ahead))) break;
      if (!(await this.#runStep(step))) break;
    }
    await this.#commitUpTo(link.lastStep);
    await this.#deliveries;
    const { head } = this.#ledger;
    if (head !== undefined) await this.#calls.setHead(this.#ledger.forkchoice(head.hash));
  }

  /** False where the run ends before the step is over. */
  async #runStep(index: number): Promise<boolean> {
    const { plan, fullShardId, link, progress } = this.#options;
    const step = plan.step(index);
    const queue = new BlockQueue(this.#feed, step.blocksOf(fullShardId));
    const sent: SentList[] = [];
    this.#ledger.begin(index);
    let group: readonly PreparedBlock[] = [];
    for (let next = queue.peek(); group.length > 0 || next !== undefined; next = queue.peek()) {
      link.checkStopped();
      if (group.length === 0 && next !== undefined) {
        if (!(await this.#commitUpTo(this.#stepOfRoot(next)))) return false;
        if (next.block.header.height === 0) {
          if (!this.#confirmGenesis(index, step, queue.take())) return false;
          continue;
        }
        group = this.#prepareReady(queue);
      }
      progress.startBlock(fullShardId, group[0].payload.block.header.height);
      const call = this.#insert(group);
      // While the engine works on these blocks, the next ones are got ready.
      const following = this.#prepareReady(queue, call);
      const executed = this.#judge(step, group, await call, index);
      for (const block of executed) {
        if (this.#ledger.addBlock(index, block, step.isSide(block.hash))) await this.#followHead();
        sent.push(...sentLists(block, this.#options.shards));
        progress.finishBlock(Number(block.block.meta.gasUsed));
      }
      if (executed.length < group.length) return false;
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
  #prepareReady(queue: BlockQueue, call?: Promise<unknown>): readonly PreparedBlock[] {
    // A block that cannot even be read ends the run: the answer that is on its way has nobody to wait for it then.
    call?.catch(() => {});
    const most = this.#calls.takesBatches && !this.#options.plan.hasForks ? MAX_BATCH : 1;
    const ready: PreparedBlock[] = [];
    for (let next = queue.peek(); next !== undefined && ready.length < most; next = queue.peek()) {
      if (next.block.header.height === 0 || this.#stepOfRoot(next) > this.#ledger.committed.step) break;
      ready.push(this.#feed.prepare(queue.take()));
    }
    return ready;
  }

  /** On the canonical chain the last block of a group is the head without question. */
  async #insert(group: readonly PreparedBlock[]): Promise<readonly ExecutionAnswer[]> {
    const payloads = group.map(({ payload }) => payload);
    if (this.#options.plan.hasForks) return [await this.#calls.newPayload(payloads[0])];
    const head = this.#ledger.forkchoice(payloads[payloads.length - 1].blockHash);
    return (await this.#calls.extend(payloads, head)).answers;
  }

  /** The blocks of a group that were executed to what they declare, as far as the first one that was not. */
  #judge(
    step: ReplayStep,
    group: readonly PreparedBlock[],
    answers: readonly ExecutionAnswer[],
    index: number,
  ): readonly ExecutedBlock[] {
    const good: ExecutedBlock[] = [];
    for (const [i, answer] of answers.entries()) {
      const { verdict, executed } = this.#feed.judge(group[i], answer);
      if (executed === undefined) {
        this.#reportDivergence(step, index, group[i].payload, verdict);
        break;
      }
      good.push(executed);
    }
    return good;
  }

  #reportDivergence(
    step: ReplayStep,
    index: number,
    { blockHash: hash, block }: Pick<QkcPayload, "blockHash" | "block">,
    { differences, violations }: BlockVerdict,
  ): void {
    const { fullShardId, link, progress } = this.#options;
    const findings = new Findings();
    const root = step.rootHash === null || step.isSide(hash) ? null : { height: step.rootHeight, hash: step.rootHash };
    const place = { fullShardId, height: block.header.height, hash, root };
    // Its cause is looked for when the run has ended.
    findings.addDivergence(place, differences, violations, null);
    progress.countDivergence();
    link.diverged(index, findings.divergences[0]);
  }

  /** A head that was chosen here: where a group was inserted, the engine has been told already. */
  async #followHead(): Promise<void> {
    const { head } = this.#ledger;
    if (this.#options.plan.hasForks && head !== undefined)
      await this.#calls.setHead(this.#ledger.forkchoice(head.hash));
  }

  /** The genesis block that a root block confirms has to be the one that the configuration makes. */
  #confirmGenesis(index: number, step: ReplayStep, { hash, block }: ReadBlock): boolean {
    const { source, fullShardId } = this.#options;
    const rootHash = block.header.prevRootBlockHash;
    const own = this.#feed.prepareGenesis(rootHash, source.shard(fullShardId).rootHeader(rootHash)).payload;
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
    this.#ledger.countGenesis(index);
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
    for (let step = this.#ledger.committed.step + 1; step <= last; step++) {
      if (!(await this.#options.link.reached(step))) return false;
      await this.#commit(step);
    }
    return true;
  }

  async #commit(index: number): Promise<void> {
    const { plan } = this.#options;
    const { rootHash, rootHeight } = plan.step(index);
    if (rootHash !== null && rootHeight >= this.#genesisRootHeight) {
      const root = this.#arrivedRoot(index, rootHash);
      this.#receiveFromAbsent(index, root.block);
      if (rootHeight === this.#genesisRootHeight) await this.#bringToLife(index, root);
      else if (this.#ledger.addRoot(index, root)) await this.#followHead();
    }
    await this.#ledger.commit(index);
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
  #receiveFromAbsent(index: number, { minorHeaders }: RootBlock): void {
    const { shards, source, fullShardId } = this.#options;
    for (const header of minorHeaders) {
      if (shards.includes(header.branch)) continue;
      const hash = minorHeaderHash(header);
      const list = source.shard(fullShardId).depositList(hash);
      if (list !== undefined) this.#ledger.addReceived(index, hash, encodeDepositList(list.deposits));
    }
  }

  /** The shard's first block, on the root block that it is born with (shard_state.py init_genesis_state). */
  async #bringToLife(index: number, root: ArrivedRoot): Promise<void> {
    const prepared = this.#feed.prepareGenesis(root.hash, root.block.header);
    const { blockHash: hash, block } = prepared.payload;
    await insertGenesis(this.#calls, prepared, this.#options.fullShardId);
    const isFirst = this.#ledger.head === undefined;
    const executed = { hash, block, consumed: [], sends: prepared.cl.sendsOf(block, []) };
    this.#ledger.addGenesis(index, root, executed);
    if (isFirst) await this.#calls.setHead(this.#ledger.forkchoice(hash));
    await this.#options.link.deliver(sentLists(executed, this.#options.shards));
  }
}

/** Blocks of a step that are still to be taken, each read once. */
class BlockQueue {
  readonly #feed: BlockFeed;
  readonly #hashes: readonly Hash32[];
  #position = 0;
  #next: ReadBlock | undefined;

  constructor(feed: BlockFeed, hashes: readonly Hash32[]) {
    this.#feed = feed;
    this.#hashes = hashes;
  }

  /** Undefined where there is none. */
  peek(): ReadBlock | undefined {
    if (this.#next === undefined && this.#position < this.#hashes.length) {
      this.#next = this.#feed.read(this.#hashes[this.#position]);
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
