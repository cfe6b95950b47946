import type { RootBlockSource } from "../archive/block-source.ts";
import type { MinorBlockHeader } from "../chain/minor-block.ts";
import { type HashedRootBlock, hashedRootBlock, type RootBlockHeader, rootHeaderHash } from "../chain/root-block.ts";
import { asHash32, bytesEqual, bytesKey, type Hash32, toHex } from "../codec/bytes.ts";
import { DatabaseDamagedError } from "../codec/errors.ts";
import { RecentMap } from "../codec/recent-map.ts";

/** A root block with the hashes everything else refers to. */
export type RootChainBlock = HashedRootBlock;

/** A shard's newest minor block that a root block (or one of its ancestors) confirms. */
export interface ConfirmedMinor {
  readonly hash: Hash32;
  readonly header: MinorBlockHeader;
}

/** Decoded blocks kept; a mainnet root block takes about 100 kB decoded. */
const MAX_BLOCKS_IN_MEMORY = 1024;

/**
 * The root chain that ends with one block, seen from there: heights map to blocks by following previous-block links,
 * never an index, so abandoned forks cannot be mistaken for it. Blocks are read when first asked for.
 */
export class RootChain {
  readonly #source: RootBlockSource;
  readonly tipHeight: number;
  /** hashes[i] is the hash at height tipHeight − i, as far as the walk has come. */
  readonly #hashes: Hash32[];
  readonly #heights = new Map<string, number>();
  readonly #blocks = new RecentMap<number, RootChainBlock>(MAX_BLOCKS_IN_MEMORY);

  constructor(source: RootBlockSource, tipHash: Hash32) {
    this.#source = source;
    const tip = source.rootHeader(tipHash);
    this.tipHeight = tip.height;
    this.#hashes = [tipHash];
    this.#heights.set(bytesKey(tipHash), tip.height);
  }

  /** Throws DatabaseDamagedError where a link is broken, RangeError above the tip. */
  hashAt(height: number): Hash32 {
    if (height > this.tipHeight || height < 0) throw new RangeError(`no root block at height ${height} in this chain`);
    while (this.tipHeight - height >= this.#hashes.length) this.#walkDown();
    return this.#hashes[this.tipHeight - height];
  }

  blockAt(height: number): RootChainBlock {
    const known = this.#blocks.get(height);
    if (known !== undefined) return known;
    const hash = this.hashAt(height);
    const entry = this.#source.hashedRootBlock?.(hash) ?? hashedRootBlock(this.#source.rootBlock(hash));
    this.#blocks.set(height, entry);
    return entry;
  }

  headerAt(height: number): RootBlockHeader {
    return this.#blocks.get(height)?.block.header ?? this.#source.rootHeader(this.hashAt(height));
  }

  /**
   * Height of a block on this chain, or undefined for a block that is not on it. The block's own header tells where
   * to look, so a fork's block costs one row.
   */
  heightOf(hash: Hash32): number | undefined {
    const known = this.#heights.get(bytesKey(hash));
    if (known !== undefined) return known;
    const height = this.#source.rootHeader(hash).height;
    if (height > this.tipHeight) return undefined;
    return bytesEqual(this.hashAt(height), hash) ? height : undefined;
  }

  /** Whether there is a root block of this hash at all, on this chain or not. */
  knows(hash: Hash32): boolean {
    return this.#source.hasRootBlock(hash);
  }

  /** Whether a root block is the other one or among its ancestors; either may lie on a fork. */
  isAncestor(ancestor: Hash32, descendant: Hash32): boolean {
    const descendantHeight = this.heightOf(descendant);
    if (descendantHeight !== undefined) {
      const height = this.heightOf(ancestor);
      return height !== undefined && height <= descendantHeight;
    }
    const lowest = this.#source.rootHeader(ancestor).height;
    let hash = descendant;
    for (let header = this.#source.rootHeader(hash); header.height > lowest; header = this.#source.rootHeader(hash)) {
      hash = header.prevBlockHash;
    }
    return bytesEqual(hash, ancestor);
  }

  /**
   * The shard's newest minor block confirmed at or below a height; undefined where none is down to `lowestHeight`
   * (pyquarkchain stores this as r_last_m and lastlist_; here it is derived from proved blocks).
   */
  lastConfirmed(fullShardId: number, height: number, lowestHeight: number): ConfirmedMinor | undefined {
    for (let at = height; at >= lowestHeight && at >= 0; at--) {
      const { block, minorHashes } = this.blockAt(at);
      for (let i = minorHashes.length - 1; i >= 0; i--) {
        const header = block.minorHeaders[i];
        if (header.branch === fullShardId) return { hash: minorHashes[i], header };
      }
    }
    return undefined;
  }

  #walkDown(): void {
    const lowest = this.tipHeight - this.#hashes.length + 1;
    const header = this.#source.rootHeader(this.#hashes[this.#hashes.length - 1]);
    if (header.height !== lowest) {
      throw new DatabaseDamagedError(
        `broken root chain: block ${toHex(rootHeaderHash(header))} stands at height ${lowest} but says ${header.height}`,
      );
    }
    // The header's hash is a view of the whole row, some 26 kB on mainnet: only a copy may stay.
    const previous = asHash32(header.prevBlockHash.slice());
    this.#hashes.push(previous);
    this.#heights.set(bytesKey(previous), lowest - 1);
  }
}
