import { ancestorHashes } from "../chain/ancestor-hashes.ts";
import type { MinorBlockHeader, MinorBlockMeta } from "../chain/minor-block.ts";
import { bytesEqual, type Hash32 } from "../codec/bytes.ts";
import { RecentByHash } from "../codec/recent-map.ts";

/** What later blocks need of an earlier one. */
export interface KnownMinorBlock {
  readonly header: MinorBlockHeader;
  readonly meta: MinorBlockMeta;
}

/** Where a shard's blocks come from: whole ones, or what later blocks need of them. */
export interface MinorBlocks<Block extends KnownMinorBlock = KnownMinorBlock> {
  /** Throws DatabaseDamagedError where there is none. */
  minorBlock(hash: Hash32): Block;
  hasMinorBlock(hash: Hash32): boolean;
}

/** A staking window, the ancestors that BLOCKHASH reaches and a root block's worth of blocks fit twice. */
const MAX_KNOWN_BLOCKS = 2048;

/** One shard's blocks by hash: those just executed from memory, older ones from the database. */
export class MinorChain<Block extends KnownMinorBlock = KnownMinorBlock> {
  readonly #source: MinorBlocks<Block>;
  readonly #known = new RecentByHash<KnownMinorBlock>(MAX_KNOWN_BLOCKS);

  constructor(source: MinorBlocks<Block>) {
    this.#source = source;
  }

  /** Reads and remembers a block. */
  read(hash: Hash32): Block {
    const block = this.#source.minorBlock(hash);
    this.#known.set(hash, { header: block.header, meta: block.meta });
    return block;
  }

  get(hash: Hash32): KnownMinorBlock {
    return this.#known.get(hash) ?? this.read(hash);
  }

  has(hash: Hash32): boolean {
    return this.#known.has(hash) || this.#source.hasMinorBlock(hash);
  }

  /** Whether a block of this height is the block `hash` or one of its ancestors. */
  isAncestor(ancestor: Hash32, height: number, hash: Hash32): boolean {
    let at = hash;
    let { header } = this.get(at);
    while (header.height > height) {
      at = header.prevMinorBlockHash;
      ({ header } = this.get(at));
    }
    return bytesEqual(at, ancestor);
  }

  /** Hash of the n-th ancestor of the block whose parent is `parentHash`: n = 1 is the parent itself, at most 256. */
  ancestorsFrom(parentHash: Hash32): (distance: number) => Hash32 | undefined {
    return ancestorHashes(parentHash, (hash) => this.get(hash).header);
  }
}
