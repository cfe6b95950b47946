import type { RootBlockHeader } from "../chain/root-block.ts";
import { bytesEqual, type Hash32, toHex } from "../codec/bytes.ts";
import { QkcError } from "../codec/errors.ts";

/** A minor block as the choice between chains sees it. */
export interface MinorRef {
  readonly hash: Hash32;
  readonly height: number;
  readonly prevMinorBlockHash: Hash32;
  readonly prevRootBlockHash: Hash32;
}

/** A root block as the choice between chains sees it. */
export interface RootRef {
  readonly hash: Hash32;
  readonly header: RootBlockHeader;
}

/** What the choice needs to know of blocks; every hash it asks for is a known block's. */
export interface ChainView {
  readonly minor: (hash: Hash32) => MinorRef;
  readonly rootHeader: (hash: Hash32) => RootBlockHeader;
  /** Whether a root block is the other or one of its ancestors. */
  readonly isRootAncestor: (ancestor: Hash32, descendant: Hash32) => boolean;
  /** The shard's genesis block on a root block of its genesis height. */
  readonly genesisOn: (rootHash: Hash32) => MinorRef;
  /** Height of that root block. */
  readonly genesisRootHeight: number;
}

export interface ChainTips {
  readonly head: MinorRef;
  /** Newest block that the root tip confirms; undefined where none is. */
  readonly confirmed: MinorRef | undefined;
  readonly rootTip: RootRef;
}

/**
 * Which block of a shard is its head: pyquarkchain's rule as minor and root blocks arrive (cluster/shard_state.py
 * add_block, add_root_block). It keeps three tips in memory and nothing else.
 */
export class ForkChoice {
  readonly #view: ChainView;
  #tips: ChainTips;

  constructor(view: ChainView, tips: ChainTips) {
    this.#view = view;
    this.#tips = tips;
  }

  get tips(): ChainTips {
    return this.#tips;
  }

  get head(): MinorRef {
    return this.#tips.head;
  }

  get confirmed(): MinorRef | undefined {
    return this.#tips.confirmed;
  }

  get rootTip(): RootRef {
    return this.#tips.rootTip;
  }

  /**
   * A valid block has arrived; returns whether it is the head now. It must stand on the root tip's chain; then what
   * extends the head wins; else, among descendants of the confirmed block, the greater height; at equal heights the
   * later root block (shard_state.py add_block).
   */
  addMinorBlock(block: MinorRef): boolean {
    if (!this.#wins(block)) return false;
    this.#tips = { ...this.#tips, head: block };
    return true;
  }

  /**
   * A valid root block has arrived, with the shard's newest block that it or its ancestors confirm. Returns whether it
   * is the root tip now, which takes a greater total difficulty. The head then is what stands on it: the old head; or,
   * where the confirmed block is not under that, the confirmed block; and from there back to a block whose root block
   * is on the new root chain. What was built on the confirmed block is not looked for (shard_state.py add_root_block).
   */
  addRootBlock(root: RootRef, confirmed: MinorRef | undefined): boolean {
    if (root.header.totalDifficulty <= this.#tips.rootTip.header.totalDifficulty) return false;
    let { head } = this.#tips;
    if (confirmed !== undefined && !this.#isUnder(confirmed, head)) head = confirmed;
    while (!this.#view.isRootAncestor(head.prevRootBlockHash, root.hash)) {
      if (head.height === 0) {
        head = this.#view.genesisOn(this.#rootAt(root, this.#view.genesisRootHeight));
        break;
      }
      head = this.#view.minor(head.prevMinorBlockHash);
    }
    this.#tips = { head, confirmed, rootTip: root };
    return true;
  }

  #wins(block: MinorRef): boolean {
    const { head, rootTip } = this.#tips;
    if (!this.#view.isRootAncestor(block.prevRootBlockHash, rootTip.hash)) return false;
    if (bytesEqual(block.prevMinorBlockHash, head.hash)) return true;
    if (!this.#isLinkedToConfirmed(block)) return false;
    if (block.height !== head.height) return block.height > head.height;
    const { rootHeader } = this.#view;
    return rootHeader(block.prevRootBlockHash).height > rootHeader(head.prevRootBlockHash).height;
  }

  #isLinkedToConfirmed(block: MinorRef): boolean {
    const { confirmed } = this.#tips;
    if (confirmed === undefined) return true;
    return block.height > confirmed.height && this.#isUnder(confirmed, block);
  }

  #isUnder(ancestor: MinorRef, block: MinorRef): boolean {
    let at = block;
    while (at.height > ancestor.height) at = this.#view.minor(at.prevMinorBlockHash);
    return bytesEqual(at.hash, ancestor.hash);
  }

  #rootAt(from: RootRef, height: number): Hash32 {
    let { hash, header } = from;
    while (header.height > height) {
      hash = header.prevBlockHash;
      header = this.#view.rootHeader(hash);
    }
    if (header.height === height) return hash;
    throw new QkcError(
      "INTERNAL",
      `root block ${toHex(from.hash)} lies below the shard's genesis root height ${height}`,
    );
  }
}
