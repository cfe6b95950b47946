import { type QuarkChainConfig, type ShardConfig, shardConfigOf } from "../chain/config.ts";
import type { MinorBlock, MinorBlockHeader } from "../chain/minor-block.ts";
import { diffDivider, isPoswEnabled } from "../cl/posw.ts";
import type { SealInput, SealVerdict } from "../cl/pow/seal.ts";
import { UnsupportedError } from "../codec/errors.ts";
import type { ShardChain } from "../shard/shard-chain.ts";

/** Verifies seals in whatever thread has the caches. Rejects with UnsupportedError as SealVerifier throws it. */
export interface SealCheck {
  verify(seal: SealInput): Promise<SealVerdict>;
}

/** What the seals of a shard's blocks have to meet, before and after it is known what their miners have staked. */
export class ShardSeals {
  readonly #config: QuarkChainConfig;
  readonly #shard: ShardConfig;
  readonly #chain: ShardChain;
  readonly #check: SealCheck;

  constructor(config: QuarkChainConfig, chain: ShardChain, check: SealCheck) {
    this.#config = config;
    this.#shard = shardConfigOf(config, chain.fullShardId);
    this.#chain = chain;
    this.#check = check;
  }

  /** Why a block's seal is refused (shard_state.py validate_minor_block_seal). Its parent and root block are known. */
  async refusalOf(block: MinorBlock): Promise<string | undefined> {
    if (this.#config.disablePowCheck) return undefined;
    const { difficulty } = await this.#chain.sealTargetOf(block);
    return await this.#refusal(block.header, difficulty);
  }

  /**
   * Why a header's seal is refused whatever its miner has staked (shard.py __validate_block_headers): necessary, not
   * sufficient. Its root block is known, its parent need not be.
   */
  async refusalOfHeader(header: MinorBlockHeader): Promise<string | undefined> {
    if (this.#config.disablePowCheck) return undefined;
    const { posw } = this.#shard;
    const divider = isPoswEnabled(posw, header.createTime) ? diffDivider(posw, header.createTime) : 1n;
    return await this.#refusal(header, header.difficulty / divider);
  }

  async #refusal(header: MinorBlockHeader, difficulty: bigint): Promise<string | undefined> {
    try {
      const seal = this.#chain.clFor(header.prevRootBlockHash).sealOf({ header }, difficulty);
      const verdict = await this.#check.verify(seal);
      return verdict.ok ? undefined : `its seal is refused for its ${verdict.reason}`;
    } catch (error) {
      // A height beyond every epoch that there will be.
      if (error instanceof UnsupportedError) return error.message;
      throw error;
    }
  }
}
