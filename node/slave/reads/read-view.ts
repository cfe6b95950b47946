import type { MinorBlock } from "../../chain/minor-block.ts";
import type { KnownMinorBlock } from "../../cl/minor-chain.ts";
import type { ShardCl } from "../../cl/shard-cl.ts";
import { bytesEqual, type Hash32, toHex } from "../../codec/bytes.ts";
import { DatabaseDamagedError } from "../../codec/errors.ts";
import type { BlockRecord } from "../../el/store/block-record.ts";
import { ReadError } from "../../execution-node/reads/read-error.ts";
import type { ChainSnapshot } from "../../shard/chain-types.ts";
import { type ShardView, tipGround } from "../tip-ground.ts";

/**
 * A shard as one read sees it: everything of one snapshot, however long the read takes and whatever becomes of the chain
 * meanwhile.
 */
export class ReadView {
  readonly shard: ShardView;
  readonly snapshot: ChainSnapshot;

  private constructor(shard: ShardView, snapshot: ChainSnapshot) {
    this.shard = shard;
    this.snapshot = snapshot;
  }

  /** Throws ReadError before the shard's genesis. */
  static of(shard: ShardView): ReadView {
    const { chain } = shard;
    if (chain.snapshot !== undefined) return new ReadView(shard, chain.snapshot);
    throw new ReadError("unknown-block", `shard ${chain.fullShardId} has no genesis block yet`);
  }

  /** What calls at the head see. */
  get ground(): ReturnType<typeof tipGround> {
    return tipGround(this.shard, this.snapshot);
  }

  get headHeight(): number {
    return this.snapshot.head.height;
  }

  /**
   * The canonical block of a height, which may be one that nobody has reached or ever will. Throws ReadError for one that was
   * put away with an old database.
   */
  hashAt(height: bigint | number): Hash32 | undefined {
    if (height < 0 || height > this.headHeight) return undefined;
    const { chain } = this.shard;
    const wanted = Number(height);
    // What is canonical now may be another chain than at the moment of the snapshot: down to where both are one.
    let { hash, height: at } = this.snapshot.head;
    while (at > wanted) {
      const canonical = chain.hashAt(at);
      if (canonical !== undefined && bytesEqual(canonical, hash)) return this.#required(chain.hashAt(wanted), wanted);
      hash = this.known(hash).header.prevMinorBlockHash;
      at--;
    }
    return hash;
  }

  isCanonical(hash: Hash32, height: number): boolean {
    const canonical = this.hashAt(height);
    return canonical !== undefined && bytesEqual(canonical, hash);
  }

  /** Canonical blocks that the engine was not told of yet, the newest first: its indexes lack them. */
  *aheadOfEngine(): Generator<Hash32> {
    const { store } = this.shard.node;
    let { hash, height } = this.snapshot.head;
    while (height >= 0 && !store.isCanonical(hash, height)) {
      yield hash;
      hash = this.known(hash).header.prevMinorBlockHash;
      height--;
    }
  }

  /** Header and meta of an executed block. */
  known(hash: Hash32): KnownMinorBlock {
    return this.shard.chain.blocks.minorBlock(hash);
  }

  /** Any executed block, side blocks too. */
  findBlock(hash: Hash32): MinorBlock | undefined {
    const { chain, node } = this.shard;
    return node.store.findBlock(hash) ?? chain.blocks.readBase(hash);
  }

  /** Throws DatabaseDamagedError where it is not there although something names it. */
  block(hash: Hash32): MinorBlock {
    const block = this.findBlock(hash);
    if (block !== undefined) return block;
    throw new DatabaseDamagedError(`shard ${this.shard.chain.fullShardId} lacks a block that it names`, {
      key: toHex(hash),
    });
  }

  /** What a block's execution left. Throws ReadError below the first block that has it. */
  record(hash: Hash32): BlockRecord {
    const { store } = this.shard.node;
    if (store.firstHeight > 0) this.#refusePutAway(this.known(hash).header.height);
    return store.record(hash);
  }

  /** Consensus as a block sees it. */
  clOf({ header }: KnownMinorBlock): ShardCl<KnownMinorBlock> {
    return this.shard.chain.clFor(header.prevRootBlockHash);
  }

  /**
   * The state behind a height; undefined where no canonical block has it, the head's where none is asked for. Throws
   * ReadError where it is pruned.
   */
  stateRootAt(height: bigint | undefined): Hash32 | undefined {
    if (height === undefined) return this.snapshot.tipState.stateRoot;
    const hash = this.hashAt(height);
    return hash === undefined ? undefined : this.stateRootAfter(hash);
  }

  /** The state behind an executed block. Throws ReadError where it is pruned. */
  stateRootAfter(hash: Hash32): Hash32 {
    const { header, meta } = this.known(hash);
    const { prunedBelow } = this.shard.node.store;
    if (header.height >= prunedBelow) return meta.stateRoot;
    throw new ReadError(
      "unknown-block",
      `the state behind block ${header.height} is pruned: states are kept from block ${prunedBelow} on`,
    );
  }

  #required(hash: Hash32 | undefined, height: number): Hash32 {
    if (hash !== undefined) return hash;
    this.#refusePutAway(height);
    throw new DatabaseDamagedError(`shard ${this.shard.chain.fullShardId} has no canonical block ${height}`);
  }

  #refusePutAway(height: number): void {
    const { firstHeight } = this.shard.node.store;
    if (height >= firstHeight) return;
    throw new ReadError(
      "unknown-block",
      `block ${height} was put away with the old database: blocks are kept from ${firstHeight} on`,
    );
  }
}
