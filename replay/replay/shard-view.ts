import type { ShardSource } from "../../node/archive/block-source.ts";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { shardConfigOf } from "../../node/chain/config.ts";
import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import type { ChainView, MinorRef } from "../../node/cl/chain-follower.ts";
import type { KnownMinorBlock } from "../../node/cl/minor-chain.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { ShardCl } from "../../node/cl/shard-cl.ts";
import type { ClStore } from "../../node/cl/store/cl-store.ts";
import { bytesKey, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import type { StepPlan } from "./steps.ts";

export interface ShardViewOptions {
  readonly config: QuarkChainConfig;
  /** The shard's old database: where blocks come from. */
  readonly source: ShardSource;
  /** What this run has received and consumed. */
  readonly store: ClStore;
  readonly plan: StepPlan;
  /** Shards born before this root height can be sent to. */
  readonly rootTipHeight: number;
}

/** Side chains of root blocks are short and few. */
const MAX_SIDE_CHAINS = 8;

/**
 * The consensus side of one shard on whichever root chain a block stands. Blocks come from the old database, deposits
 * from what this run's source shards have sent.
 */
export class ShardView {
  readonly #options: ShardViewOptions;
  readonly #source: ShardSource;
  readonly #sideChains = new Map<string, ShardCl>();
  #main: { readonly chain: RootChain; readonly cl: ShardCl } | undefined;

  constructor(options: ShardViewOptions) {
    this.#options = options;
    this.#source = withReceivedDeposits(options.source, options.store);
  }

  /** For blocks that name this root block, or one below it on the same chain, as their previous one. */
  clFor(prevRootHash: Hash32): ShardCl {
    const { plan } = this.#options;
    const chain = plan.rootChainAt(plan.stepOfRoot(prevRootHash) ?? 0);
    if (chain.heightOf(prevRootHash) === undefined) return this.#sideChain(prevRootHash);
    if (this.#main?.chain !== chain) this.#main = { chain, cl: this.#clOn(chain) };
    return this.#main.cl;
  }

  /** A block of this shard with the consensus side of its root chain. */
  read(hash: Hash32): { readonly block: MinorBlock; readonly cl: ShardCl } {
    if (this.#main === undefined) this.clFor(this.#source.minorBlock(hash).header.prevRootBlockHash);
    const { cl: main } = this.#main as { readonly cl: ShardCl };
    const block = main.chain.read(hash);
    const cl = this.clFor(block.header.prevRootBlockHash);
    return cl === main ? { block, cl } : { block: cl.chain.read(hash), cl };
  }

  /** What the choice of the head asks of blocks. */
  chainView(): ChainView {
    const { config, source, store, plan } = this.#options;
    return {
      minor: (hash) => minorRef(hash, this.minor(hash)),
      rootHeader: (hash) => source.rootHeader(hash),
      isRootAncestor: (ancestor, descendant) =>
        plan.rootChainAt(plan.stepOfRoot(descendant) ?? 0).isAncestor(ancestor, descendant),
      genesisOn: (rootHash) => {
        const block = store.genesisBlock(rootHash);
        if (block === undefined) {
          throw new DatabaseDamagedError(`there is no genesis block on root block ${toHex(rootHash)} in the new store`);
        }
        return minorRef(minorHeaderHash(block.header), block);
      },
      genesisRootHeight: shardConfigOf(config, source.fullShardId).genesis.rootHeight,
    };
  }

  minor(hash: Hash32): KnownMinorBlock {
    return this.#main === undefined ? this.#source.minorBlock(hash) : this.#main.cl.chain.get(hash);
  }

  #sideChain(tipHash: Hash32): ShardCl {
    const key = bytesKey(tipHash);
    let cl = this.#sideChains.get(key);
    if (cl === undefined) {
      cl = this.#clOn(new RootChain(this.#source, tipHash));
      if (this.#sideChains.size >= MAX_SIDE_CHAINS) this.#sideChains.clear();
      this.#sideChains.set(key, cl);
    }
    return cl;
  }

  #clOn(rootChain: RootChain): ShardCl {
    const { config, rootTipHeight } = this.#options;
    return new ShardCl({ config, source: this.#source, rootChain, rootTipHeight });
  }
}

export function minorRef(hash: Hash32, { header }: Pick<KnownMinorBlock, "header">): MinorRef {
  const { height, prevMinorBlockHash, prevRootBlockHash } = header;
  return { hash, height, prevMinorBlockHash, prevRootBlockHash };
}

function withReceivedDeposits(source: ShardSource, store: ClStore): ShardSource {
  return {
    fullShardId: source.fullShardId,
    name: source.name,
    rows: source.rows,
    hasRootBlock: (hash) => source.hasRootBlock(hash),
    rootBlock: (hash) => source.rootBlock(hash),
    rootHeader: (hash) => source.rootHeader(hash),
    minorBlock: (hash) => source.minorBlock(hash),
    hasMinorBlock: (hash) => source.hasMinorBlock(hash),
    canonicalHashAt: (height) => source.canonicalHashAt(height),
    minorBlockKey: (hash) => source.minorBlockKey(hash),
    depositListKey: (sourceMinorHash) => source.depositListKey(sourceMinorHash),
    depositList: (sourceMinorHash) => store.depositList(sourceMinorHash),
  };
}
