import type { ClusterConfig } from "../../node/chain/config.ts";
import type { RootChain } from "../../node/cl/root-chain.ts";
import { bytesEqual, type Hash32 } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import type { OpenDatabase } from "../database/open-database.ts";

/** A minor block of a range. */
export interface BlockPlace {
  readonly fullShardId: number;
  readonly height: number;
  readonly hash: Hash32;
  /** Null where no root block confirms it yet. */
  readonly root: { readonly height: number; readonly hash: Hash32 } | null;
}

export interface RangeBlocksOptions {
  readonly database: OpenDatabase;
  readonly rootChain: RootChain;
  /** Full shard ids, ascending. */
  readonly shards: readonly number[];
  /** Whether the user named the root tip: then a height index may be another branch's. */
  readonly isTipNamed: boolean;
  readonly warn: (message: string) => void;
  /** A row that keeps the blocks above from being found. */
  readonly onFault: (place: BlockPlace, error: unknown) => void;
}

/** The minor blocks that a command executes, in the order of the chain. */
export class RangeBlocks {
  readonly #options: RangeBlocksOptions;

  constructor(options: RangeBlocksOptions) {
    this.#options = options;
  }

  /** The blocks of the chosen shards that the root block at a height confirms. */
  *confirmed(rootHeight: number): Generator<BlockPlace> {
    const { rootChain, shards } = this.#options;
    const { hash, block, minorHashes } = rootChain.blockAt(rootHeight);
    const root = { height: rootHeight, hash };
    for (const [i, { branch, height }] of block.minorHeaders.entries()) {
      if (shards.includes(branch)) yield { fullShardId: branch, height, hash: minorHashes[i], root };
    }
  }

  /**
   * The blocks above the last one of each shard that root blocks up to a height confirm, as far as the shard's height
   * index goes; all of a shard's blocks where none is confirmed.
   */
  *unconfirmed(rootHeight: number): Generator<BlockPlace> {
    const { database, rootChain, shards } = this.#options;
    for (const fullShardId of shards) {
      const confirmed = rootChain.lastConfirmed(fullShardId, rootHeight, birthHeight(database.config, fullShardId));
      const shard = database.source.shard(fullShardId);
      let height = confirmed === undefined ? 0 : confirmed.header.height + 1;
      let previous = confirmed?.hash;
      for (let hash = shard.canonicalHashAt(height); hash !== undefined; hash = shard.canonicalHashAt(++height)) {
        const place: BlockPlace = { fullShardId, height, hash, root: null };
        if (previous !== undefined && !this.#follows(place, previous)) break;
        yield place;
        previous = hash;
      }
    }
  }

  /** Whether the block that the height index names is the next one. */
  #follows(place: BlockPlace, previous: Hash32): boolean {
    const { database, isTipNamed, warn, onFault } = this.#options;
    const { fullShardId, height, hash } = place;
    try {
      const source = database.source.shard(fullShardId);
      const { header } = source.minorBlock(hash);
      if (header.height === height && bytesEqual(header.prevMinorBlockHash, previous)) return true;
      const what = `the height index names a block at ${height} that does not follow the one below it`;
      if (isTipNamed) warn(`shard ${fullShardId}: ${what}`);
      else onFault(place, new DatabaseDamagedError(`altered row in ${source.name}: ${what}`));
    } catch (error) {
      onFault(place, error);
    }
    return false;
  }
}

function birthHeight({ quarkchain }: ClusterConfig, fullShardId: number): number {
  return quarkchain.shards.get(fullShardId)?.genesis.rootHeight ?? 0;
}
