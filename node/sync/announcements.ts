import { type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import { type RootBlockHeader, rootHeaderHash } from "../chain/root-block.ts";
import { bytesEqual, type Hash32 } from "../codec/bytes.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import type { ShardChain } from "../shard/shard-chain.ts";
import { PeerFaultError } from "./peer-fault.ts";
import { isRootBehind, type KnownRoots } from "./root-behind.ts";

/** A tip: NEW_MINOR_BLOCK_HEADER_LIST, with the root tip at which it was one. */
export interface Tip {
  readonly rootHeader: RootBlockHeader;
  readonly header: MinorBlockHeader;
}

type AnnouncedChain = Pick<ShardChain, "fullShardId" | "snapshot">;

interface KnownRoot {
  readonly hash: Hash32;
  readonly totalDifficulty: bigint;
}

/**
 * What one peer has said of its tip and what it was told of ours (shard.py PeerShardConnection). A pyquarkchain peer ends
 * the connection to whoever announces less than before, pushed blocks counted; so we never do, and a peer's pushed blocks
 * are never held against it.
 */
export class Announcements {
  readonly #chain: AnnouncedChain;
  readonly #roots: KnownRoots;
  /** What the peer announced last. */
  #root: KnownRoot | undefined;
  /** What it may not go below under the same root block: what it announced, or a lower block that it pushed since. */
  #leastHeight = 0;
  /** The newest block that the peer has shown, by announcement or push. */
  #newest: { readonly hash: Hash32; readonly height: number } | undefined;
  /** What the peer was told last; the height is the greatest under that root block. */
  #toldRoot: KnownRoot | undefined;
  #toldHeight = 0;

  constructor(chain: AnnouncedChain, roots: KnownRoots) {
    this.#chain = chain;
    this.#roots = roots;
  }

  /**
   * What the peer announces. Returns the header to sync to, where that is worth it. Throws PeerFaultError for what ends the
   * connection (shard.py handle_new_minor_block_header_list_command).
   */
  received(rootHeader: RootBlockHeader, headers: readonly MinorBlockHeader[]): MinorBlockHeader | undefined {
    const [header] = headers;
    if (headers.length !== 1) throw new PeerFaultError(`${headers.length} headers are announced instead of one`);
    if (header.branch !== this.#chain.fullShardId) {
      throw new PeerFaultError(`a block of shard ${header.branch} is announced`);
    }
    const root = knownRoot(rootHeader);
    this.#assertNotLess(root, header.height);
    this.#root = root;
    this.#leastHeight = header.height;
    this.#newest = { hash: minorHeaderHash(header), height: header.height };
    return this.#isWorthSyncing(header) ? header : undefined;
  }

  /** The peer has pushed a block. */
  receivedBlock(header: MinorBlockHeader): void {
    this.#leastHeight = Math.min(this.#leastHeight, header.height);
    this.#newest = { hash: minorHeaderHash(header), height: header.height };
  }

  /** Our tip where the peer is to hear of it, which counts as told: it has to be sent (shard.py broadcast_new_tip). */
  tipToTell({ head, headBlock, rootTip }: ChainSnapshot): Tip | undefined {
    const { header: rootHeader } = rootTip;
    const root = knownRoot(rootHeader);
    if (!this.#isNews(root, head) || this.#isLessThanTold(root, head.height)) return undefined;
    this.#toldRoot = root;
    this.#toldHeight = head.height;
    return { rootHeader, header: headBlock.header };
  }

  /** The peer is sent a whole block: from now on it expects no lower one under the root block that it was told of. */
  toldBlock({ height }: MinorBlockHeader): void {
    this.#toldHeight = Math.max(this.#toldHeight, height);
  }

  #assertNotLess(root: KnownRoot, height: number): void {
    if (this.#root === undefined) return;
    const difference = root.totalDifficulty - this.#root.totalDifficulty;
    if (difference < 0n) throw new PeerFaultError("a root block of less total difficulty than before is announced");
    if (difference > 0n) return;
    if (!bytesEqual(root.hash, this.#root.hash)) {
      throw new PeerFaultError("another root block of the same total difficulty is announced");
    }
    if (height < this.#leastHeight) {
      throw new PeerFaultError(`block ${height} is announced after block ${this.#leastHeight}`);
    }
  }

  #isWorthSyncing(header: MinorBlockHeader): boolean {
    const { snapshot } = this.#chain;
    if (snapshot === undefined || snapshot.head.height >= header.height) return false;
    return !isRootBehind(this.#roots, snapshot, header);
  }

  #isNews(root: KnownRoot, head: ChainSnapshot["head"]): boolean {
    if (this.#root === undefined) return true;
    if (root.totalDifficulty < this.#root.totalDifficulty) return false;
    if (!bytesEqual(root.hash, this.#root.hash) || this.#newest === undefined) return true;
    return head.height >= this.#newest.height && !bytesEqual(head.hash, this.#newest.hash);
  }

  #isLessThanTold(root: KnownRoot, height: number): boolean {
    if (this.#toldRoot === undefined) return false;
    if (root.totalDifficulty !== this.#toldRoot.totalDifficulty) {
      return root.totalDifficulty < this.#toldRoot.totalDifficulty;
    }
    return !bytesEqual(root.hash, this.#toldRoot.hash) || height < this.#toldHeight;
  }
}

function knownRoot(header: RootBlockHeader): KnownRoot {
  return { hash: rootHeaderHash(header), totalDifficulty: header.totalDifficulty };
}
