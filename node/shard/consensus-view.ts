import type { QuarkChainConfig } from "../chain/config.ts";
import { shardConfigOf } from "../chain/config.ts";
import { minorHeaderHash } from "../chain/minor-block.ts";
import type { KnownMinorBlock } from "../cl/minor-chain.ts";
import type { RootChain } from "../cl/root-chain.ts";
import { type ConsensusRows, ShardCl } from "../cl/shard-cl.ts";
import { type Hash32, toHex } from "../codec/bytes.ts";
import { DatabaseDamagedError } from "../codec/errors.ts";
import { type ChainBlocks, minorRef } from "./chain-blocks.ts";
import type { ChainView } from "./fork-choice.ts";
import type { RootChains } from "./root-chains.ts";
import type { ClStore } from "./store/cl-store.ts";

export interface ConsensusViewOptions {
  readonly config: QuarkChainConfig;
  readonly fullShardId: number;
  readonly blocks: ChainBlocks;
  readonly roots: RootChains;
  /** What this shard has received. */
  readonly store: ClStore;
}

/** The consensus side of one shard on whichever root chain a block stands. */
export class ConsensusView {
  readonly #options: ConsensusViewOptions;
  readonly #rows: ConsensusRows<KnownMinorBlock>;
  readonly #cls = new WeakMap<RootChain, ShardCl<KnownMinorBlock>>();

  constructor(options: ConsensusViewOptions) {
    const { blocks, roots, store, fullShardId } = options;
    this.#options = options;
    this.#rows = {
      fullShardId,
      hasRootBlock: (hash) => roots.has(hash),
      rootHeader: (hash) => roots.header(hash),
      rootBlock: (hash) => roots.chainAt(hash).blockAt(roots.header(hash).height).block,
      minorBlock: (hash) => blocks.minorBlock(hash),
      hasMinorBlock: (hash) => blocks.hasMinorBlock(hash),
      depositList: (sourceMinorHash) => store.depositList(sourceMinorHash),
    };
  }

  /** For blocks that name this root block as their previous one. */
  clFor(prevRootHash: Hash32): ShardCl<KnownMinorBlock> {
    const { config, roots } = this.#options;
    const rootChain = roots.chainAt(prevRootHash);
    let cl = this.#cls.get(rootChain);
    if (cl === undefined) {
      // Targets are reachable by the root tip of the moment, which is given with every block.
      cl = new ShardCl({ config, source: this.#rows, rootChain, rootTipHeight: 0 });
      this.#cls.set(rootChain, cl);
    }
    return cl;
  }

  /** What the choice of the head asks of blocks. */
  chainView(): ChainView {
    const { config, fullShardId, blocks, roots, store } = this.#options;
    return {
      minor: (hash) => blocks.ref(hash),
      rootHeader: (hash) => roots.header(hash),
      isRootAncestor: (ancestor, descendant) => roots.isAncestor(ancestor, descendant),
      genesisOn: (rootHash) => {
        const block = store.genesisBlock(rootHash);
        if (block === undefined) {
          throw new DatabaseDamagedError(`there is no genesis block on root block ${toHex(rootHash)} in the new store`);
        }
        return minorRef(minorHeaderHash(block.header), block);
      },
      genesisRootHeight: shardConfigOf(config, fullShardId).genesis.rootHeight,
    };
  }
}
