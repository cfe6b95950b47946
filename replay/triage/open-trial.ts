import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { ArchivedStates } from "../execution/archived-states.ts";
import { type ShardRig, ShardRigs } from "../execution/shard-rig.ts";
import { type BlockTrial, trialOf } from "../execution/trial.ts";

const CACHE_BYTES = 64 * 1024 * 1024;

/** Which block: by its hash, or by its height on the chain that the shard's height index names. */
export type TrialPlace = { readonly fullShardId: number } & ({ readonly hash: Hash32 } | { readonly height: number });

/** Trials of a database's blocks. The database stays the caller's to close. */
export class TrialSource {
  readonly #database: OpenDatabase;
  readonly #rigs: ShardRigs;
  readonly #states: ArchivedStates;
  readonly #told = new Set<string>();

  constructor(database: OpenDatabase) {
    const rootChain = new RootChain(database.source.rootBlocks(), database.rootTip);
    const rootTipHeight = rootChain.tipHeight;
    this.#database = database;
    this.#rigs = new ShardRigs(database, rootChain, { cacheBytes: CACHE_BYTES, checkArchive: false, rootTipHeight });
    this.#states = new ArchivedStates(database, this.#rigs, this.#told);
  }

  get config(): QuarkChainConfig {
    return this.#database.config.quarkchain;
  }

  /** What preparing trials has to tell, such as states that were pruned and computed anew. */
  get warnings(): readonly string[] {
    return [...this.#told];
  }

  rig(fullShardId: number): ShardRig {
    if (this.#rigs.has(fullShardId)) return this.#rigs.of(fullShardId);
    const there = this.#database.source.fullShardIds.join(", ");
    throw new UsageError(`the database has no shard ${fullShardId}; there are ${there}`);
  }

  /**
   * A block on the state that its parent left: the archived one, or one computed from an ancestor's where it is pruned
   * or the parent never came to what it declares. Throws UsageError where there is no such block, UnsupportedError where
   * no state is near enough, DatabaseDamagedError for what cannot be read. Earlier trials of the shard are over then:
   * what was computed for them is let go.
   */
  async trial(place: TrialPlace): Promise<BlockTrial> {
    const { fullShardId } = place;
    const rig = this.rig(fullShardId);
    const hash = "hash" in place ? place.hash : hashAt(rig, place.height);
    if (!rig.source.hasMinorBlock(hash)) throw new UsageError(`shard ${fullShardId} has no block ${toHex(hash)}`);
    const block = rig.cl.chain.read(hash);
    if (block.header.height === 0) {
      throw new UsageError(`block 0 of shard ${fullShardId} is not executed: the configuration makes it`);
    }
    const parentHash = block.header.prevMinorBlockHash;
    this.#states.release(fullShardId);
    // Rows of a state that is not stored have to outlive the caches.
    if (!rig.source.rows.has(rig.cl.chain.get(parentHash).meta.stateRoot)) rig.nodes.holdProduced();
    return trialOf(rig, block, await this.#states.stateAfter(fullShardId, parentHash));
  }
}

function hashAt(rig: ShardRig, height: number): Hash32 {
  const hash = rig.source.canonicalHashAt(height);
  if (hash !== undefined) return hash;
  throw new UsageError(`shard ${rig.source.fullShardId} has no block at height ${height}`);
}
