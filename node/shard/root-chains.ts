import type { RootBlockSource } from "../archive/block-source.ts";
import type { RootBlock, RootBlockHeader } from "../chain/root-block.ts";
import { RootChain } from "../cl/root-chain.ts";
import type { Hash32 } from "../codec/bytes.ts";
import { RecentByHash } from "../codec/recent-map.ts";

/** The root blocks that a shard knows: a tree, seen as the chain that ends with one of them. */
export interface RootChains {
  has(root: Hash32): boolean;
  /** Throws DatabaseDamagedError for an unknown one, as all below. */
  header(root: Hash32): RootBlockHeader;
  /** A chain on which the root block lies, be it its tip or further down. The same one as long as that is possible. */
  chainAt(root: Hash32): RootChain;
  /** Whether a root block is the other or one of its ancestors. */
  isAncestor(ancestor: Hash32, descendant: Hash32): boolean;
  /** A root block has been proved and arrives: it is known from now on. */
  add(root: Hash32, block: RootBlock): void;
}

/** Chains that are kept: the newest, and what forks off it. */
const MAX_CHAINS = 8;
/** Decoded root blocks that are kept across chains. */
const MAX_BLOCKS = 64;

/** Root blocks that grow and fork: those that have just arrived from memory, the others from rows. */
export class RootIndex implements RootChains {
  readonly #rows: RootBlockSource;
  readonly #recent = new RecentByHash<RootBlock>(MAX_BLOCKS);
  readonly #source: RootBlockSource;
  /** The one used last first. */
  #chains: RootChain[] = [];

  constructor(rows: RootBlockSource) {
    this.#rows = rows;
    this.#source = {
      hasRootBlock: (hash) => this.has(hash),
      rootBlock: (hash) => this.#block(hash),
      rootHeader: (hash) => this.header(hash),
    };
  }

  has(root: Hash32): boolean {
    return this.#recent.has(root) || this.#rows.hasRootBlock(root);
  }

  header(root: Hash32): RootBlockHeader {
    return this.#recent.get(root)?.header ?? this.#rows.rootHeader(root);
  }

  chainAt(root: Hash32): RootChain {
    const index = this.#chains.findIndex((chain) => chain.heightOf(root) !== undefined);
    const chain = index === -1 ? new RootChain(this.#source, root) : this.#chains[index];
    this.#chains = [chain, ...this.#chains.filter((other) => other !== chain)].slice(0, MAX_CHAINS);
    return chain;
  }

  isAncestor(ancestor: Hash32, descendant: Hash32): boolean {
    return this.chainAt(descendant).isAncestor(ancestor, descendant);
  }

  add(root: Hash32, block: RootBlock): void {
    this.#recent.set(root, block);
  }

  #block(hash: Hash32): RootBlock {
    const known = this.#recent.get(hash);
    if (known !== undefined) return known;
    const block = this.#rows.rootBlock(hash);
    this.#recent.set(hash, block);
    return block;
  }
}
