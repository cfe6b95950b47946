import type { ShardSource } from "../../node/archive/block-source.ts";
import type { RootBlock } from "../../node/chain/root-block.ts";
import { ChainFollower, type MinorRef } from "../../node/cl/chain-follower.ts";
import { ClBatch } from "../../node/cl/store/cl-batch.ts";
import type { ClStore } from "../../node/cl/store/cl-store.ts";
import { bytesEqual, bytesKey, type Hash32, hashFromHex, toHex, ZERO_HASH } from "../../node/codec/bytes.ts";
import { QkcError } from "../../node/codec/errors.ts";
import type { ForkchoiceState } from "../../node/engine/engine-api.ts";
import type { BlockFeed, ExecutedBlock } from "./block-feed.ts";
import { decodeRunState, encodeRunState, type ShardCounts, type ShardRunState } from "./run-state.ts";
import { minorRef, type ShardView } from "./shard-view.ts";

export interface ShardLedgerOptions {
  readonly source: ShardSource;
  readonly store: ClStore;
  readonly view: ShardView;
  readonly feed: BlockFeed;
  /** Folder of the store, for messages. */
  readonly folder: string;
  readonly keepsHistory: boolean;
}

/** A root block as the ledger takes it in. */
export interface ArrivedRoot {
  readonly hash: Hash32;
  readonly block: RootBlock;
  /** This shard's last block among its minor headers. */
  readonly lastMinor: Hash32 | undefined;
}

/** Rows of a step that is not committed yet. */
interface OpenStep {
  readonly batch: ClBatch;
  /** As they are when the step's blocks are in. */
  counts: ShardCounts;
  head: Hash32 | undefined;
  /** Keys of transactionCounts. */
  readonly blocks: string[];
}

/** What one shard's run knows and keeps: which block is the head, and the rows of its CL store, one commit a step. */
export class ShardLedger {
  readonly #options: ShardLedgerOptions;
  readonly #open = new Map<number, OpenStep>();
  /** Transactions up to each block that is executed and not committed. */
  readonly #transactionCounts = new Map<string, number>();
  #committed: ShardRunState;
  #counts: ShardCounts;
  #follower: ChainFollower | undefined;

  constructor(options: ShardLedgerOptions) {
    this.#options = options;
    this.#committed = decodeRunState(options.store.runState(), options.folder);
    this.#counts = this.#committed.counts;
    const { tips } = this.#committed;
    if (tips !== null) this.#follower = this.#resume(hashFromHex(tips.rootTip), hashFromHex(tips.head));
  }

  /** What is in the store. */
  get committed(): ShardRunState {
    return this.#committed;
  }

  /** Undefined before the shard's genesis. */
  get head(): MinorRef | undefined {
    return this.#follower?.head;
  }

  /** What the engine is told where `head` is the head; safe and finalized are what root blocks confirm. */
  forkchoice(head: Hash32): ForkchoiceState {
    const confirmed = this.#follower?.confirmed?.hash ?? ZERO_HASH;
    return { headBlockHash: head, safeBlockHash: confirmed, finalizedBlockHash: confirmed };
  }

  /** The step's blocks come next. */
  begin(step: number): void {
    const { keepsHistory } = this.#options;
    const head = this.#follower?.head.hash;
    this.#open.set(step, { batch: new ClBatch(keepsHistory), counts: this.#counts, head, blocks: [] });
  }

  /** Takes an executed block in; returns whether it is the head now. `isSide`: the chain does not keep it in the end. */
  addBlock(step: number, executed: ExecutedBlock, isSide: boolean): boolean {
    const { hash, block, consumed } = executed;
    const { header, meta, transactions } = block;
    const open = this.#stepOf(step);
    const transactionCount = this.#transactionCountOf(header.prevMinorBlockHash) + transactions.length;
    this.#keepTransactionCount(open, hash, transactionCount);
    open.batch.commitBlock({ hash, consumed }, transactionCount);
    const counts = this.#counts;
    this.#counts = isSide
      ? { ...counts, sideBlocks: counts.sideBlocks + 1 }
      : {
          ...counts,
          minorBlocks: counts.minorBlocks + 1,
          transactions: counts.transactions + transactions.length,
          deposits: counts.deposits + consumed.length,
          gasUsed: `${BigInt(counts.gasUsed) + meta.gasUsed}`,
          xshardGasUsed: `${BigInt(counts.xshardGasUsed) + meta.xshardReceiveGasUsed}`,
        };
    const follower = this.#followerNow();
    const before = follower.head;
    const moved = follower.addMinorBlock(minorRef(hash, block));
    if (moved && bytesEqual(header.prevMinorBlockHash, before.hash)) open.batch.index({ hash, block, consumed });
    else if (moved) this.#rewriteIndex(open, before, follower.head);
    open.counts = this.#counts;
    open.head = follower.head.hash;
    return moved;
  }

  /** Counts the genesis block where a root block confirms it: it was made before. */
  countGenesis(step: number): void {
    this.#counts = { ...this.#counts, minorBlocks: this.#counts.minorBlocks + 1 };
    this.#stepOf(step).counts = this.#counts;
  }

  /** The shard comes to life on a root block, or has a second genesis block on a side chain's. */
  addGenesis(step: number, root: ArrivedRoot, executed: ExecutedBlock): void {
    const { hash, block } = executed;
    const open = this.#stepOf(step);
    this.#keepTransactionCount(open, hash, 0);
    open.batch
      .commitBlock({ hash, consumed: [] }, 0)
      .putRootBlock(root.hash, root.block, undefined)
      .putGenesisBlock(root.hash, block);
    const rootTip = { hash: root.hash, header: root.block.header };
    this.#follower ??= new ChainFollower(this.#options.view.chainView(), {
      head: minorRef(hash, block),
      confirmed: undefined,
      rootTip,
    });
    open.head = this.#follower.head.hash;
  }

  /** Takes a root block in, every list of deposits that it confirms being stored; returns whether the head moved. */
  addRoot(step: number, root: ArrivedRoot): boolean {
    const { store, view } = this.#options;
    const confirmed = root.lastMinor ?? store.lastConfirmed(root.block.header.prevBlockHash);
    const open = this.#stepOf(step);
    open.batch.putRootBlock(root.hash, root.block, confirmed);
    const follower = this.#followerNow();
    const before = follower.head;
    const ref = confirmed === undefined ? undefined : minorRef(confirmed, view.minor(confirmed));
    follower.addRootBlock({ hash: root.hash, header: root.block.header }, ref);
    if (bytesEqual(before.hash, follower.head.hash)) return false;
    this.#rewriteIndex(open, before, follower.head);
    open.head = follower.head.hash;
    return true;
  }

  /** What a shard that takes no part in the run has sent. */
  addReceived(step: number, sourceMinorHash: Hash32, encoded: Uint8Array): void {
    this.#stepOf(step).batch.putReceivedDeposits(sourceMinorHash, encoded);
  }

  /** Writes all rows of a step; steps are committed in their order. */
  async commit(step: number): Promise<void> {
    const { batch, counts, head, blocks } = this.#stepOf(step);
    const rootTip = this.#follower?.rootTip.hash;
    const tips = rootTip === undefined || head === undefined ? null : { rootTip: toHex(rootTip), head: toHex(head) };
    const state: ShardRunState = { step, tips, counts };
    await this.#options.store.write(batch.putRunState(encodeRunState(state)));
    this.#open.delete(step);
    for (const key of blocks) this.#transactionCounts.delete(key);
    this.#committed = state;
  }

  #resume(rootTip: Hash32, head: Hash32): ChainFollower {
    const { source, store, view } = this.#options;
    const confirmed = store.lastConfirmed(rootTip);
    return new ChainFollower(view.chainView(), {
      head: minorRef(head, view.minor(head)),
      confirmed: confirmed && minorRef(confirmed, view.minor(confirmed)),
      rootTip: { hash: rootTip, header: source.rootHeader(rootTip) },
    });
  }

  /** The chain of `from` gives way to that of `to` (shard_state.py __rewrite_block_index_to). */
  #rewriteIndex(open: OpenStep, from: MinorRef, to: MinorRef): void {
    const { feed } = this.#options;
    const leaving: MinorRef[] = [];
    const joining: MinorRef[] = [];
    let [old, fresh] = [from, to];
    while (!bytesEqual(old.hash, fresh.hash)) {
      if (old.height >= fresh.height) {
        leaving.push(old);
        old = this.#parentOf(old);
      } else {
        joining.push(fresh);
        fresh = this.#parentOf(fresh);
      }
    }
    for (const { hash } of leaving) open.batch.unindex({ hash, ...feed.consumedBy(hash) });
    for (const { hash } of joining.reverse()) open.batch.index({ hash, ...feed.consumedBy(hash) });
    this.#counts = { ...this.#counts, reorgs: this.#counts.reorgs + 1 };
    open.counts = this.#counts;
  }

  #parentOf({ prevMinorBlockHash }: MinorRef): MinorRef {
    return minorRef(prevMinorBlockHash, this.#options.view.minor(prevMinorBlockHash));
  }

  #keepTransactionCount(open: OpenStep, hash: Hash32, count: number): void {
    const key = bytesKey(hash);
    this.#transactionCounts.set(key, count);
    open.blocks.push(key);
  }

  #transactionCountOf(hash: Hash32): number {
    const count = this.#transactionCounts.get(bytesKey(hash)) ?? this.#options.store.transactionCount(hash);
    if (count !== undefined) return count;
    throw new QkcError("INTERNAL", `block ${toHex(hash)} is built on before it is executed`);
  }

  #followerNow(): ChainFollower {
    if (this.#follower !== undefined) return this.#follower;
    throw new QkcError("INTERNAL", `a block of ${this.#options.folder} comes before the shard's genesis`);
  }

  #stepOf(step: number): OpenStep {
    const open = this.#open.get(step);
    if (open !== undefined) return open;
    throw new QkcError("INTERNAL", `step ${step} of ${this.#options.folder} was not begun`);
  }
}
