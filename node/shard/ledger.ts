import type { RootBlock } from "../chain/root-block.ts";
import { bytesEqual, type Hash32, toHex, ZERO_HASH } from "../codec/bytes.ts";
import { QkcError } from "../codec/errors.ts";
import type { ForkchoiceState } from "../engine/engine-api.ts";
import type { ExecutedBlock } from "./block-judge.ts";
import { type ChainBlocks, minorRef } from "./chain-blocks.ts";
import type { HeadMove } from "./chain-types.ts";
import type { ConsensusView } from "./consensus-view.ts";
import { type ChainTips, ForkChoice, type MinorRef } from "./fork-choice.ts";
import type { RootChains } from "./root-chains.ts";
import { ClBatch } from "./store/cl-batch.ts";
import type { StoredTips } from "./store/cl-rows.ts";
import type { ClStore } from "./store/cl-store.ts";

export interface LedgerParts {
  readonly store: ClStore;
  readonly view: ConsensusView;
  readonly blocks: ChainBlocks;
  readonly roots: RootChains;
}

/** A root block with what it means for this shard. */
export interface ArrivedRoot {
  readonly hash: Hash32;
  readonly block: RootBlock;
  /** This shard's last block among its minor headers. */
  readonly lastMinor: Hash32 | undefined;
}

/** Rows that reach the store together: of a replay's step, or of one change of a live chain. */
export class Unit {
  readonly batch = new ClBatch();
  /** Blocks that were executed, in order. */
  readonly executed: Hash32[] = [];
  /** Heights whose canonical block the rows change. */
  readonly heights: number[] = [];
  /** The head after the unit's last change of it; undefined where it changes nothing. */
  head: SealedHead | undefined;
}

/** A head, and whether its state is the one that an execution left. */
export interface SealedHead {
  readonly ref: MinorRef;
  readonly isExecuted: boolean;
}

/**
 * Which block is a shard's head, and the rows that say so. Its methods change what is in memory and collect rows; nothing
 * here waits. Whoever calls them writes the unit, or gives the whole chain up.
 */
export class Ledger {
  readonly #parts: LedgerParts;
  #choice: ForkChoice | undefined;
  /** As of the last unit that was sealed: blocks of later units may be executed already. */
  #sealedHead: SealedHead | undefined;
  #nextUnit = 0;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
    const tips = parts.store.tips();
    if (tips === undefined) return;
    this.#nextUnit = tips.nextUnit;
    this.#choice = this.#resume(tips);
    this.#sealedHead = { ref: this.#choice.head, isExecuted: false };
  }

  /** Undefined before the shard's genesis. */
  get tips(): ChainTips | undefined {
    return this.#choice?.tips;
  }

  /** The head as of the last unit that was sealed. */
  get sealedHead(): SealedHead | undefined {
    return this.#sealedHead;
  }

  /** How many rows of arrivals there are. */
  get units(): number {
    return this.#nextUnit;
  }

  /** What the engine is told where `head` is the head; safe and finalized are what root blocks confirm. */
  forkchoice(head: Hash32): ForkchoiceState {
    const confirmed = this.#choice?.confirmed?.hash ?? ZERO_HASH;
    return { headBlockHash: head, safeBlockHash: confirmed, finalizedBlockHash: confirmed };
  }

  /** Takes an executed block in. Undefined where the head stays. */
  addBlock(unit: Unit, executed: ExecutedBlock): HeadMove | undefined {
    const { hash, block } = executed;
    const choice = this.#chosen();
    unit.batch.putExecuted(this.#parts.blocks.executed(executed));
    unit.executed.push(hash);
    const before = choice.head;
    if (!choice.addMinorBlock(minorRef(hash, block))) return undefined;
    return this.#moved(unit, before, true);
  }

  /** The shard comes to life on a root block, or has another genesis block on another one (shard_state.py init_genesis_state). */
  addGenesis(unit: Unit, root: ArrivedRoot, executed: ExecutedBlock): HeadMove | undefined {
    const { hash, block } = executed;
    const { blocks, view, roots } = this.#parts;
    roots.add(root.hash, root.block);
    unit.batch
      .putExecuted(blocks.executed(executed))
      .putRootBlock(root.hash, root.block, undefined)
      .putGenesisBlock(root.hash, block);
    unit.executed.push(hash);
    if (this.#choice !== undefined) return undefined;
    const rootTip = { hash: root.hash, header: root.block.header };
    this.#choice = new ForkChoice(view.chainView(), { head: minorRef(hash, block), confirmed: undefined, rootTip });
    return this.#moved(unit, undefined, false);
  }

  /** Takes a root block in, every list of deposits that it confirms being stored. */
  addRoot(unit: Unit, root: ArrivedRoot): { readonly isTip: boolean; readonly move: HeadMove | undefined } {
    const { store, blocks, roots } = this.#parts;
    roots.add(root.hash, root.block);
    const confirmed = root.lastMinor ?? store.lastConfirmed(root.block.header.prevBlockHash);
    unit.batch.putRootBlock(root.hash, root.block, confirmed);
    const choice = this.#chosen();
    const before = choice.head;
    const ref = confirmed === undefined ? undefined : blocks.ref(confirmed);
    const isTip = choice.addRootBlock({ hash: root.hash, header: root.block.header }, ref);
    if (bytesEqual(before.hash, choice.head.hash)) return { isTip, move: undefined };
    return { isTip, move: this.#moved(unit, before, false) };
  }

  /**
   * The chain stands where a root block that is stored says: on the block that it confirms, or on the genesis block. It begins
   * there where it stands nowhere yet and a base holds what lies below, indexed.
   */
  startFrom(unit: Unit, rootTip: Hash32): HeadMove | undefined {
    const { store, blocks, roots, view } = this.#parts;
    const before = this.#choice?.head;
    const confirmedHash = store.lastConfirmed(rootTip);
    const confirmed = confirmedHash && blocks.ref(confirmedHash);
    const chainView = view.chainView();
    const genesisRoot = () => roots.chainAt(rootTip).hashAt(chainView.genesisRootHeight);
    const head = confirmed ?? chainView.genesisOn(genesisRoot());
    this.#choice = new ForkChoice(chainView, {
      head,
      confirmed,
      rootTip: { hash: rootTip, header: roots.header(rootTip) },
    });
    unit.head = { ref: head, isExecuted: false };
    if (before === undefined || bytesEqual(before.hash, head.hash)) return undefined;
    return this.#moved(unit, before, false);
  }

  /** Adds what every unit ends with: markers, arrivals, and where the chain stands. */
  seal(unit: Unit, { commits, mark }: { readonly commits: boolean; readonly mark?: Uint8Array }): void {
    const { batch, executed } = unit;
    if (unit.head !== undefined) this.#sealedHead = unit.head;
    this.#assertHeadOnRootTip();
    for (const hash of executed) {
      if (commits) batch.putCommitted(hash);
      else batch.putUnfinished(hash);
    }
    if (executed.length > 0) batch.putArrivals(this.#nextUnit++, executed);
    const rootTip = this.#choice?.rootTip.hash;
    const head = this.#sealedHead?.ref.hash;
    if (rootTip !== undefined && head !== undefined) batch.putTips({ rootTip, head, nextUnit: this.#nextUnit });
    if (mark !== undefined) batch.putMark(mark);
  }

  /** pyquarkchain checks the same behind every change (shard_state.py add_block, add_root_block). */
  #assertHeadOnRootTip(): void {
    const rootTip = this.#choice?.rootTip;
    const head = this.#sealedHead?.ref;
    if (rootTip === undefined || head === undefined) return;
    if (this.#parts.roots.isAncestor(head.prevRootBlockHash, rootTip.hash)) return;
    throw new QkcError(
      "INTERNAL",
      `the head ${toHex(head.hash)} of shard ${this.#parts.store.fullShardId} is not on the chain of root block ${toHex(rootTip.hash)}`,
    );
  }

  #moved(unit: Unit, from: MinorRef | undefined, isExecuted: boolean): HeadMove {
    const { blocks } = this.#parts;
    const to = this.#chosen().head;
    const { leaving, joining } = this.#pathBetween(from, to);
    for (const { hash } of leaving) unit.batch.unindex(blocks.indexed(hash));
    for (const { hash } of joining) unit.batch.index(blocks.indexed(hash));
    for (const { height } of leaving) unit.heights.push(height);
    for (const { height } of joining) unit.heights.push(height);
    unit.head = { ref: to, isExecuted };
    return { from, to, leaving, joining };
  }

  /**
   * The chain of `from` gives way to that of `to` (shard_state.py __rewrite_block_index_to). Two chains of different
   * genesis blocks share nothing.
   */
  #pathBetween(from: MinorRef | undefined, to: MinorRef): Pick<HeadMove, "leaving" | "joining"> {
    const leaving: MinorRef[] = [];
    const joining: MinorRef[] = [];
    let old = from;
    let fresh: MinorRef | undefined = to;
    while (old !== undefined || fresh !== undefined) {
      if (old !== undefined && fresh !== undefined && bytesEqual(old.hash, fresh.hash)) break;
      if (old !== undefined && (fresh === undefined || old.height >= fresh.height)) {
        leaving.push(old);
        old = this.#parentOf(old);
      } else if (fresh !== undefined) {
        joining.push(fresh);
        // A chain that begins stands on nothing that was canonical before.
        fresh = from === undefined ? undefined : this.#parentOf(fresh);
      }
    }
    return { leaving: leaving.reverse(), joining: joining.reverse() };
  }

  #parentOf({ height, prevMinorBlockHash }: MinorRef): MinorRef | undefined {
    return height === 0 ? undefined : this.#parts.blocks.ref(prevMinorBlockHash);
  }

  #resume({ rootTip, head }: StoredTips): ForkChoice {
    const { store, view, blocks, roots } = this.#parts;
    const confirmed = store.lastConfirmed(rootTip);
    return new ForkChoice(view.chainView(), {
      head: blocks.ref(head),
      confirmed: confirmed && blocks.ref(confirmed),
      rootTip: { hash: rootTip, header: roots.header(rootTip) },
    });
  }

  #chosen(): ForkChoice {
    if (this.#choice !== undefined) return this.#choice;
    throw new QkcError(
      "INTERNAL",
      `something is added to shard ${this.#parts.store.fullShardId} before its genesis block (unit ${this.#nextUnit})`,
    );
  }
}
