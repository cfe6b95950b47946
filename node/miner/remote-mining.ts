import type { MiningConfig } from "../chain/config-operation.ts";
import { type Hash32, ZERO_HASH } from "../codec/bytes.ts";
import { QkcError, UsageError } from "../codec/errors.ts";
import type { QkcAddress } from "../codec/wire.ts";
import type { ShardChain } from "../shard/shard-chain.ts";
import type { MinedBlocks } from "./mined-blocks.ts";
import type { TemplateMaker } from "./template-maker.ts";
import { type Seal, WorkCache } from "./work-cache.ts";

export interface RemoteMiningParts {
  readonly mining: MiningConfig;
  readonly chain: Pick<ShardChain, "fullShardId" | "snapshot" | "sealTargetOf">;
  readonly templates: Pick<TemplateMaker, "make">;
  readonly mined: Pick<MinedBlocks, "add">;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** What a miner is given: the seal of the header behind `hash` has to meet `difficulty`. */
export interface MiningWork {
  readonly hash: Hash32;
  readonly height: number;
  /** As the coinbase's stake lowers it; the header keeps the full one. */
  readonly difficulty: bigint;
}

/**
 * GET_WORK and SUBMIT_WORK of one shard (pyquarkchain cluster/slave.py get_work, submit_work). Work is given while the
 * shard syncs, too; what is submitted then is not added, and false is the answer.
 */
export class RemoteMining {
  readonly #parts: RemoteMiningParts;
  readonly #works: WorkCache;

  constructor(parts: RemoteMiningParts) {
    const { chain, templates, mined, clock } = parts;
    this.#parts = parts;
    this.#works = new WorkCache({
      tipHash: () => chain.snapshot?.head.hash ?? ZERO_HASH,
      template: (coinbase) => templates.make(coinbase),
      add: (block) => mined.add(block),
      now: () => clock() / 1000,
    });
  }

  /** Throws UsageError where the shard is mined locally, and what TemplateMaker throws. */
  async work(coinbase?: QkcAddress): Promise<MiningWork> {
    const { mining, chain } = this.#parts;
    this.#assertRemote();
    const { hash, block } = await this.#works.work(coinbase ?? mining.coinbase);
    const { difficulty } = await chain.sealTargetOf(block);
    return { hash, height: block.header.height, difficulty };
  }

  /** Whether the block was added: see WorkCache.submit. Throws UsageError where the shard is mined locally. */
  async submit(hash: Hash32, seal: Seal): Promise<boolean> {
    this.#assertRemote();
    return await this.#works.submit(hash, seal);
  }

  #assertRemote(): void {
    const { mining, chain } = this.#parts;
    if (!mining.remoteMine) {
      throw new UsageError(`shard ${chain.fullShardId} is mined by its slave: set REMOTE_MINE to give out work`);
    }
    if (chain.snapshot === undefined) {
      throw new QkcError("INTERNAL", `shard ${chain.fullShardId} has no genesis block yet`);
    }
  }
}
