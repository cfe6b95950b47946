import {
  maxStaleMinorBlockHeightDiff,
  type QuarkChainConfig,
  type ShardConfig,
  shardConfigOf,
} from "../chain/config.ts";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../chain/root-block.ts";
import type { KnownMinorBlock } from "../cl/minor-chain.ts";
import { differencesOf } from "../cl/rule-violation.ts";
import type { SealTarget } from "../cl/seal-target.ts";
import type { ShardCl } from "../cl/shard-cl.ts";
import { MissingDepositListError } from "../cl/xshard-inbox.ts";
import { bytesEqual, EMPTY_BYTES, type Hash32, toHex } from "../codec/bytes.ts";
import { type Clock, SYSTEM_CLOCK, within } from "../codec/clock.ts";
import { QkcError } from "../codec/errors.ts";
import { EngineCalls, type ExecutionAnswer } from "../engine/client/engine-calls.ts";
import type { StoredSends } from "../engine/compare-execution.ts";
import type { EngineApi } from "../engine/engine-api.ts";
import { BlockJudge, type ExecutedBlock, type JudgedBy, type PreparedBlock } from "./block-judge.ts";
import { ChainBlocks } from "./chain-blocks.ts";
import type {
  BaseBlocks,
  BlockOutcome,
  BlockRefusal,
  BlockStatus,
  ChainSnapshot,
  HeadMove,
  Moment,
  ReceivedList,
  RootOutcome,
  RootRefusal,
} from "./chain-types.ts";
import { ConsensusView } from "./consensus-view.ts";
import { DepositListConflictError } from "./deposit-list-conflict.ts";
import type { MinorRef } from "./fork-choice.ts";
import { type ArrivedRoot, Ledger, Unit } from "./ledger.ts";
import { Mutex } from "./mutex.ts";
import { insertGenesis, type ReconcileParts, reconcile, restoreBaseState } from "./reconcile.ts";
import type { RootChains } from "./root-chains.ts";
import { confirmedIn, refusalOfRoot } from "./root-refusal.ts";
import { ClBatch } from "./store/cl-batch.ts";
import type { ClStore } from "./store/cl-store.ts";
import { tipStateOf } from "./tip-state.ts";
import type { BlockVerdict } from "./verdict.ts";

/** So long a root block waits for its shard's engine. */
const ENGINE_PATIENCE_MS = 1000;

export interface ShardChainParts {
  readonly config: QuarkChainConfig;
  readonly store: ClStore;
  readonly roots: RootChains;
  readonly engine: EngineApi;
  /** ENABLE_TRANSACTION_HISTORY. */
  readonly keepsHistory: boolean;
  /** What lies below the store. */
  readonly base?: BaseBlocks;
  /** Seconds since 1970. */
  readonly clock: () => number;
  /** What an engine that does not answer is waited for by; the machine's where it is left out. */
  readonly waits?: Clock;
  /** Told of each new block that breaks a rule or executes to something else than it declares. */
  readonly onInvalid?: (block: MinorBlock, verdict: BlockVerdict) => void;
  /** Called once when the chain breaks: see isBroken. */
  readonly onBroken?: (error: unknown) => void;
}

/** What an engine made of a block that was prepared. */
export interface JudgedBlock {
  readonly prepared: PreparedBlock;
  readonly verdict: BlockVerdict;
  /** Undefined where the verdict is not clean. */
  readonly executed: ExecutedBlock | undefined;
}

/**
 * One shard's chain over an engine: which blocks there are, which of them is the head, and the rows that say so. It is
 * the same for a replay, which feeds history in steps, and for a live node, to which everything comes as it comes.
 *
 * Who owns what, what is locked in which order and what may be waited for stands in docs/adr/0006-who-owns-a-shard.md. In
 * short: the engine turn is taken before the state turn and never the other way round, inside either only the shard's own
 * engine and store are waited for, and readers take `snapshot` once and need no lock.
 *
 * A live node calls addRootBlock, addBlocks, receive, commit and finish; each is whole when its promise resolves. A replay
 * calls prepare, execute, take, takeRoot and write, and decides itself which rows are written together.
 */
export class ShardChain {
  readonly fullShardId: number;
  /** What consensus sees of the shard's blocks. */
  readonly blocks: ChainBlocks;
  readonly #parts: ShardChainParts;
  readonly #shard: ShardConfig;
  readonly #calls: EngineCalls;
  readonly #view: ConsensusView;
  readonly #judge: BlockJudge;
  readonly #ledger: Ledger;
  /** Held while the engine executes or changes its head. Taken before the state turn, never inside it. */
  readonly #engineTurn = new Mutex();
  /** Held while tips change and their rows are written. */
  readonly #stateTurn = new Mutex();
  /** Canonical blocks of heights whose rows are being rewritten, as the snapshot has them. */
  readonly #changing = new Map<number, Hash32 | undefined>();
  #snapshot: ChainSnapshot | undefined;
  /** The head that the engine was last told. */
  #engineHead: Hash32 | undefined;
  /** What broke the chain: memory and rows may differ then, and nothing is done any more. */
  #broken: unknown;

  private constructor(parts: ShardChainParts) {
    const { config, store, roots, engine, keepsHistory, base } = parts;
    this.fullShardId = store.fullShardId;
    this.#parts = parts;
    this.#shard = shardConfigOf(config, this.fullShardId);
    this.blocks = new ChainBlocks(store, base, keepsHistory);
    this.#view = new ConsensusView({ config, fullShardId: this.fullShardId, blocks: this.blocks, roots, store });
    this.#calls = new EngineCalls(engine, this.fullShardId);
    this.#judge = new BlockJudge(config, this.fullShardId, this.#view);
    this.#ledger = new Ledger({ store, view: this.#view, blocks: this.blocks, roots });
  }

  /** Opens a chain where its rows say it stands. recover() then brings the engine there. */
  static open(parts: ShardChainParts): ShardChain {
    const chain = new ShardChain(parts);
    chain.#publish();
    return chain;
  }

  /** Undefined before the shard's genesis. Everything in it belongs to one moment. */
  get snapshot(): ChainSnapshot | undefined {
    return this.#snapshot;
  }

  /** What the last write() was given. */
  get mark(): Uint8Array | undefined {
    return this.#parts.store.mark();
  }

  /** Whether rows could not be written that belong to what is in memory: only open() helps then. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Whether the engine could not be told the newest head: followHead() tells it, or the next block. */
  get engineLags(): boolean {
    const head = this.#ledger.tips?.head.hash;
    if (head === undefined) return false;
    return this.#engineHead === undefined || !bytesEqual(head, this.#engineHead);
  }

  /** Whether execute() takes several blocks at once. */
  get takesBatches(): boolean {
    return this.#calls.takesBatches;
  }

  statusOf(hash: Hash32): BlockStatus {
    if (!this.blocks.isExecuted(hash)) return "unknown";
    return this.#parts.store.isCommitted(hash) ? "committed" : "executed";
  }

  /** The canonical block of a height, as of the snapshot. */
  hashAt(height: number): Hash32 | undefined {
    if (this.#changing.has(height)) return this.#changing.get(height);
    return this.#parts.store.hashAt(height);
  }

  /** Keys of the history index above `end` up to and with `start`, the greatest first. */
  historyKeys(start: Uint8Array, end: Uint8Array): AsyncIterable<Uint8Array> {
    return this.#parts.store.historyKeys(start, end);
  }

  /** Whether a root block has arrived. */
  knowsRoot(hash: Hash32): boolean {
    return this.#parts.roots.has(hash);
  }

  // A live chain.

  /**
   * Adds blocks in order, up to the first one that is refused. What is added is stored when this resolves, and the engine
   * knows the head. Every block that is added, be it the head or not, has to be told and then committed.
   */
  async addBlocks(blocks: readonly MinorBlock[], moment: Moment = {}): Promise<readonly BlockOutcome[]> {
    const outcomes: BlockOutcome[] = [];
    for (const block of blocks) {
      const outcome = await this.#engineTurn.run(() => this.#addBlock(block, moment));
      outcomes.push(outcome);
      if (outcome.status === "refused") break;
    }
    return outcomes;
  }

  /** Adds a root block whose seal, merkle root and coinbase somebody has judged: the shard may come to life by it. */
  async addRootBlock(block: RootBlock): Promise<RootOutcome> {
    const hash = rootHeaderHash(block.header);
    if (block.header.height === this.#shard.genesis.rootHeight) return await this.#addGenesisRoot(hash, block);
    const outcome = await this.#stateTurn.run(() => this.#addRoot(hash, block));
    if (outcome.status === "added") await this.#tellHeadSoon();
    return outcome;
  }

  /** Stores lists that neighbours send; they survive the end of the process when this resolves. Takes no turn. */
  async receive(lists: readonly ReceivedList[]): Promise<void> {
    const { store } = this.#parts;
    const batch = new ClBatch();
    for (const { sourceMinorHash, encoded } of lists) {
      const known = store.encodedDepositList(sourceMinorHash);
      if (known === undefined) batch.putReceivedDeposits(sourceMinorHash, encoded);
      else if (!bytesEqual(known, encoded)) throw new DepositListConflictError(this.fullShardId, sourceMinorHash);
    }
    await store.write(batch);
  }

  /** Everybody who has to know of these blocks does. */
  async commit(hashes: readonly Hash32[]): Promise<void> {
    await this.#stateTurn.run(async () => {
      this.#assertWhole();
      const batch = new ClBatch();
      for (const hash of hashes) {
        this.#assert(this.#parts.store.hasMinorBlock(hash), `block ${toHex(hash)} is committed and was never executed`);
        batch.putCommitted(hash).deleteUnfinished(hash);
      }
      await this.#parts.store.write(batch);
    });
  }

  /** Blocks that are executed and not committed, ascending: finish() tells what is left to do for each. */
  async unfinished(): Promise<readonly MinorRef[]> {
    const hashes = await this.#parts.store.unfinished();
    return hashes.map((hash) => this.blocks.ref(hash)).sort((a, b) => a.height - b.height);
  }

  /** An executed block with all that it sends, asked of the engine again. */
  async finish(hash: Hash32): Promise<ExecutedBlock> {
    const { header, meta, rootTipHeight } = this.blocks.record(hash);
    if (header.height === 0) return this.#judge.executedGenesis(this.prepareGenesis(header.prevRootBlockHash));
    return await this.#engineTurn.run(async () => {
      const [body] = await this.#parts.engine.getPayloadBodiesByHash([hash]);
      if (body === null || body === undefined)
        throw this.#engineFault(`lost block ${toHex(hash)}, which it called valid`);
      const block = { header, meta, transactions: body.transactions, trackingData: EMPTY_BYTES };
      const prepared = this.prepare(hash, block, { rootTipHeight });
      const { executed } = this.#judge.judge(prepared, await this.#calls.newPayload(prepared.payload));
      if (executed === undefined) throw this.#engineFault(`executes block ${toHex(hash)} to something else now`);
      return executed;
    });
  }

  /** The chain stands where this root block says; false where it is not stored here (shard_state.py init_from_root_block). */
  async startFrom(rootTip: Hash32): Promise<boolean> {
    const isKnown = await this.#stateTurn.run(async () => {
      this.#assertWhole();
      if (!this.#parts.roots.has(rootTip)) return false;
      const unit = new Unit();
      await this.#changeState(unit, { commits: false }, () => this.#ledger.startFrom(unit, rootTip));
      return true;
    });
    if (isKnown) await this.recover();
    return isKnown;
  }

  /** Rules, due deposits and stakes as of a root block that is known: for whoever makes or reads blocks. */
  clFor(prevRootHash: Hash32): ShardCl<KnownMinorBlock> {
    return this.#view.clFor(prevRootHash);
  }

  /** The root tip, or where it is further away, the root block so many heights above one of its ancestors. */
  rootAtMostAbove(ancestor: Hash32, rootTip: Hash32, heights: number): Hash32 {
    const { roots } = this.#parts;
    const highest = roots.header(ancestor).height + heights;
    return roots.header(rootTip).height <= highest ? rootTip : roots.chainAt(rootTip).hashAt(highest);
  }

  /**
   * Why a new block cannot be taken, as far as that can be said without executing it; undefined where nothing speaks against
   * it (shard_state.py validate_block, whose seal is judged apart). Changes nothing.
   */
  refusalOf(block: MinorBlock, moment: Moment): BlockRefusal | undefined {
    this.#assertWhole();
    const hash = minorHeaderHash(block.header);
    const prepared = this.#prepareNew(hash, block, moment);
    return "reason" in prepared ? { status: "refused", hash, header: block.header, ...prepared } : undefined;
  }

  /** Why a root block cannot be taken; undefined where it can, or is here already. Changes nothing. */
  rootRefusalOf(block: RootBlock): RootRefusal | undefined {
    const { config, store, roots } = this.#parts;
    if (block.header.height === this.#shard.genesis.rootHeight) return undefined;
    if (this.#isOnRootChain(rootHeaderHash(block.header))) return undefined;
    const { fullShardId, blocks } = this;
    return refusalOfRoot({ config, fullShardId, blocks, roots, store }, block);
  }

  /** Resolves when everything that was begun is done. */
  async idle(): Promise<void> {
    await this.#engineTurn.run(() => this.#stateTurn.run(async () => {}));
  }

  /** What the seal of a block has to meet; its parent is known. */
  async sealTargetOf(block: MinorBlock): Promise<SealTarget> {
    const { prevRootBlockHash, prevMinorBlockHash } = block.header;
    const { stateRoot } = this.blocks.minorBlock(prevMinorBlockHash).meta;
    return await this.#view.clFor(prevRootBlockHash).sealTargetOf(block, stateRoot, {
      getBalance: ({ address, tokenId }) =>
        this.#parts.engine.getBalance({ blockHash: prevMinorBlockHash, address, tokenId }),
    });
  }

  /** Brings the engine to where the rows say that the chain stands. */
  async recover(): Promise<void> {
    await this.#engineTurn.run(async () => {
      this.#assertWhole();
      await reconcile(this.#reconcileParts());
      this.#engineHead = this.#ledger.sealedHead?.ref.hash;
    });
  }

  // Steps of a change, for who decides what is written together.

  /** The root block that the block names has to be known. Throws MissingDepositListError where a due list never came. */
  prepare(
    hash: Hash32,
    block: MinorBlock,
    moment: Moment = {},
    stored: JudgedBy["stored"] = nobodyKnows,
  ): PreparedBlock {
    const rootTipHeight = moment.rootTipHeight ?? this.#ledger.tips?.rootTip.header.height ?? 0;
    return this.#judge.prepare(hash, block, { now: moment.now, rootTipHeight, stored });
  }

  /** The genesis block that the configuration makes on a root block. */
  prepareGenesis(rootHash: Hash32): PreparedBlock {
    return this.#judge.prepareGenesis(rootHash, this.#parts.roots.header(rootHash));
  }

  /** Has the engine execute blocks that follow each other; what comes behind the first bad one is left out. */
  async execute(group: readonly PreparedBlock[]): Promise<readonly JudgedBlock[]> {
    return await this.#engineTurn.run(async () => {
      const answers = await this.#insert(group);
      const judged: JudgedBlock[] = [];
      for (const [i, answer] of answers.entries()) {
        const { verdict, executed } = this.#judge.judge(group[i], answer);
        judged.push({ prepared: group[i], verdict, executed });
        if (executed === undefined) break;
      }
      return judged;
    });
  }

  /** An executed block becomes part of the chain; undefined where the head stays. */
  take(unit: Unit, executed: ExecutedBlock): HeadMove | undefined {
    return this.#ledger.addBlock(unit, executed);
  }

  /** A root block arrives, every list of deposits that it confirms being stored. */
  takeRoot(unit: Unit, root: ArrivedRoot): HeadMove | undefined {
    return this.#ledger.addRoot(unit, root).move;
  }

  /** The shard's genesis block on a root block of its genesis height: the first one is its head. */
  async takeGenesis(unit: Unit, root: ArrivedRoot): Promise<ExecutedBlock> {
    return await this.#engineTurn.run(async () => {
      this.#parts.roots.add(root.hash, root.block);
      const prepared = this.prepareGenesis(root.hash);
      await insertGenesis(this.#calls, prepared, this.fullShardId);
      const executed = this.#judge.executedGenesis(prepared);
      if (this.#ledger.addGenesis(unit, root, executed) !== undefined) await this.#tellHead(executed.hash);
      return executed;
    });
  }

  /** Writes a unit; units are written in their order. `commits`: everybody who has to know of its blocks does. */
  async write(unit: Unit, ending: { readonly commits: boolean; readonly mark?: Uint8Array }): Promise<void> {
    await this.#stateTurn.run(() => this.#changeState(unit, ending, () => undefined));
  }

  /** Tells the engine the head where it stands elsewhere. */
  async followHead(): Promise<void> {
    await this.#engineTurn.run(() => this.#tellCurrentHead());
  }

  /** Tells the engine the head, whatever it was told before. */
  async settleHead(): Promise<void> {
    await this.#engineTurn.run(async () => {
      const head = this.#ledger.tips?.head.hash;
      if (head !== undefined) await this.#tellHead(head);
    });
  }

  async #addBlock(block: MinorBlock, moment: Moment): Promise<BlockOutcome> {
    this.#assertWhole();
    const hash = minorHeaderHash(block.header);
    const status = this.statusOf(hash);
    if (status !== "unknown") return { status: "known", hash, isCommitted: status === "committed" };
    const refused = { status: "refused", hash, header: block.header } as const;
    const prepared = this.#prepareNew(hash, block, moment);
    if ("reason" in prepared) return { ...refused, ...prepared };
    await this.#restoreState(block.header.prevMinorBlockHash);
    const answer = await this.#calls.newPayload(prepared.payload);
    const { verdict, executed } = this.#judge.judge(prepared, answer);
    if (executed === undefined) {
      this.#parts.onInvalid?.(block, verdict);
      return { ...refused, reason: "invalid", verdict };
    }
    const move = await this.#stateTurn.run(async () => {
      this.#assertWhole();
      this.#assert(this.statusOf(hash) === "unknown", `block ${toHex(hash)} has two verdicts`);
      const unit = new Unit();
      return await this.#changeState(unit, { commits: false }, () => this.#ledger.addBlock(unit, executed));
    });
    await this.#tellHeadNowOrLater();
    return { status: "added", executed, move };
  }

  /** Everything that can be said of a new block without executing it, in pyquarkchain's order. */
  #prepareNew(hash: Hash32, block: MinorBlock, moment: Moment): PreparedBlock | RefusedBecause {
    const { header } = block;
    const head = this.#snapshot?.head;
    if (head === undefined) return { reason: "parent-unknown" };
    const oldest = maxStaleMinorBlockHeightDiff(this.#parts.config.root, this.#shard);
    const tooOld = head.height - header.height > oldest;
    if (moment.refuseOld === true && tooOld) return { reason: "too-old" };
    if (!this.blocks.hasMinorBlock(header.prevMinorBlockHash)) return { reason: "parent-unknown" };
    if (!this.#parts.roots.has(header.prevRootBlockHash)) return { reason: "root-unknown" };
    try {
      const prepared = this.prepare(hash, block, moment);
      const { violations } = prepared;
      if (violations.length === 0) return prepared;
      const verdict = { differences: differencesOf(violations), violations };
      this.#parts.onInvalid?.(block, verdict);
      return { reason: "invalid", verdict };
    } catch (error) {
      if (!(error instanceof MissingDepositListError)) throw error;
      const { sourceMinorHash, sourceFullShardId } = error;
      return { reason: "list-missing", list: { sourceMinorHash, sourceFullShardId } };
    }
  }

  async #addRoot(hash: Hash32, block: RootBlock): Promise<RootOutcome> {
    const { config, store, roots } = this.#parts;
    this.#assertWhole();
    if (this.#isOnRootChain(hash)) return { status: "known" };
    if (this.#snapshot === undefined) return { status: "refused", reason: "parent-unknown" };
    const { fullShardId, blocks } = this;
    const refusal = refusalOfRoot({ config, fullShardId, blocks, roots, store }, block);
    if (refusal !== undefined) return refusal;
    const unit = new Unit();
    const root = { hash, block, lastMinor: confirmedIn(block, fullShardId).at(-1) };
    const { isTip, move } = await this.#changeState(unit, { commits: false }, () => this.#ledger.addRoot(unit, root));
    return { status: "added", isTip, move, genesis: undefined };
  }

  /**
   * Whether a root block is the tip or below it. One that is stored and is not, because the chain was started on an earlier
   * one or another branch won, is looked at anew: its master sends it when it may be the tip again.
   */
  #isOnRootChain(hash: Hash32): boolean {
    const { store, roots } = this.#parts;
    const tip = this.#ledger.tips?.rootTip.hash;
    return tip !== undefined && store.hasRootBlock(hash) && roots.isAncestor(hash, tip);
  }

  async #addGenesisRoot(hash: Hash32, block: RootBlock): Promise<RootOutcome> {
    return await this.#engineTurn.run(async (): Promise<RootOutcome> => {
      const { store, roots } = this.#parts;
      this.#assertWhole();
      if (store.hasRootBlock(hash)) return { status: "known" };
      roots.add(hash, block);
      const prepared = this.prepareGenesis(hash);
      await insertGenesis(this.#calls, prepared, this.fullShardId);
      const genesis = this.#judge.executedGenesis(prepared);
      const isFirst = this.#snapshot === undefined;
      const move = await this.#stateTurn.run(async () => {
        const unit = new Unit();
        const root = { hash, block, lastMinor: undefined };
        return await this.#changeState(unit, { commits: false }, () => this.#ledger.addGenesis(unit, root, genesis));
      });
      await this.#tellHeadNowOrLater();
      return { status: "added", isTip: isFirst, move, genesis };
    });
  }

  /** Changes memory and rows together; where the rows cannot be written, nothing more is done with this chain. */
  async #changeState<T>(
    unit: Unit,
    ending: { readonly commits: boolean; readonly mark?: Uint8Array },
    change: () => T,
  ): Promise<T> {
    this.#assertWhole();
    try {
      const result = change();
      this.#ledger.seal(unit, ending);
      for (const height of unit.heights) this.#changing.set(height, this.#parts.store.hashAt(height));
      await this.#parts.store.write(unit.batch);
      this.blocks.written(unit.executed);
      this.#changing.clear();
      this.#publish();
      return result;
    } catch (error) {
      this.#broken = error;
      this.#parts.onBroken?.(error);
      throw error;
    }
  }

  #publish(): void {
    const tips = this.#ledger.tips;
    const head = this.#ledger.sealedHead;
    if (tips === undefined || head === undefined) return;
    const headBlock = this.blocks.minorBlock(head.ref.hash);
    const { confirmed, rootTip } = tips;
    const tipState = tipStateOf(headBlock, head.isExecuted, this.#parts.clock());
    this.#snapshot = Object.freeze({ head: head.ref, headBlock, confirmed, rootTip, tipState });
  }

  async #insert(group: readonly PreparedBlock[]): Promise<readonly ExecutionAnswer[]> {
    const payloads = group.map(({ payload }) => payload);
    if (!this.#extendsHead(group)) {
      const answers: ExecutionAnswer[] = [];
      for (const payload of payloads) {
        const answer = await this.#calls.newPayload(payload);
        answers.push(answer);
        if (answer.objection !== undefined) break;
      }
      return answers;
    }
    const last = payloads[payloads.length - 1].blockHash;
    const { answers, isHead } = await this.#calls.extend(payloads, this.#ledger.forkchoice(last));
    if (isHead) this.#engineHead = last;
    return answers;
  }

  /** Whether nothing can keep the last of these blocks from being the head. */
  #extendsHead(group: readonly PreparedBlock[]): boolean {
    const tips = this.#ledger.tips;
    if (tips === undefined) return false;
    let parent = tips.head.hash;
    for (const { payload, violations } of group) {
      const { prevMinorBlockHash, prevRootBlockHash } = payload.block.header;
      if (violations.length > 0 || !bytesEqual(prevMinorBlockHash, parent)) return false;
      if (!this.#parts.roots.isAncestor(prevRootBlockHash, tips.rootTip.hash)) return false;
      parent = payload.blockHash;
    }
    return true;
  }

  async #tellCurrentHead(): Promise<void> {
    const head = this.#ledger.tips?.head.hash;
    if (head !== undefined && this.engineLags) await this.#tellHead(head);
  }

  /** A root block waits no longer for an engine that is at work, or hangs: the engine hears of its head before the next block. */
  async #tellHeadSoon(): Promise<void> {
    const told = this.#engineTurn.run(() => this.#tellHeadNowOrLater());
    await within(this.#parts.waits ?? SYSTEM_CLOCK, ENGINE_PATIENCE_MS, told);
  }

  /** What was added is added, whether or not the engine could be told: whoever added it has to learn that. */
  async #tellHeadNowOrLater(): Promise<void> {
    try {
      await this.#tellCurrentHead();
    } catch {
      // engineLags says so.
    }
  }

  /** Of a pruned base the engine has blocks without the state that they end with. */
  async #restoreState(hash: Hash32): Promise<void> {
    if (this.#parts.store.baseBlock(hash) === undefined) return;
    if (this.#engineHead !== undefined && bytesEqual(hash, this.#engineHead)) return;
    this.#engineHead = undefined;
    await restoreBaseState(this.#reconcileParts(), hash);
  }

  #reconcileParts(): ReconcileParts {
    const { roots, store } = this.#parts;
    const bodyOf = (hash: Hash32) => store.baseBlock(hash) ?? this.blocks.readBase(hash);
    return {
      ...{ calls: this.#calls, judge: this.#judge, ledger: this.#ledger, blocks: this.blocks },
      ...{ roots, store, bodyOf },
    };
  }

  async #tellHead(head: Hash32): Promise<void> {
    await this.#restoreState(head);
    await this.#calls.setHead(this.#ledger.forkchoice(head));
    this.#engineHead = head;
  }

  #assertWhole(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  #assert(holds: boolean, what: string): void {
    if (!holds) throw new QkcError("INTERNAL", `shard ${this.fullShardId}: ${what}`);
  }

  #engineFault(text: string): QkcError {
    return new QkcError("ENGINE", `the engine of shard ${this.fullShardId} ${text}`);
  }
}

type RefusedBecause = OmitEach<BlockRefusal, "status" | "hash" | "header">;
type OmitEach<T, K extends string> = T extends unknown ? Omit<T, K> : never;

/** Of a new block nobody knows yet what it sends. */
function nobodyKnows(): readonly StoredSends[] {
  return [];
}
