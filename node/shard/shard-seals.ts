import { type QuarkChainConfig, type ShardConfig, shardConfigOf } from "../chain/config.ts";
import { type MinorBlock, type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import { diffDivider, isPoswEnabled } from "../cl/posw.ts";
import type { SealInput, SealVerdict } from "../cl/pow/seal.ts";
import { type SealViolation, sealViolations } from "../cl/seal-check.ts";
import type { SealTarget } from "../cl/seal-target.ts";
import { bytesKey } from "../codec/bytes.ts";
import { QkcError } from "../codec/errors.ts";
import { RecentMap } from "../codec/recent-map.ts";
import type { ShardChain } from "./shard-chain.ts";

/** Verifies seals in whatever thread has the caches. Rejects with code UNSUPPORTED where SealVerifier throws that. */
export interface SealCheck {
  verify(seal: SealInput): Promise<SealVerdict>;
}

type Violations = readonly SealViolation[];

/** More blocks than are between two steps of their way at any time. */
const MOST_REMEMBERED = 256;

/**
 * What the seals of a shard's blocks have to meet, before and after it is known what their miners have staked. A block comes by
 * here more than once, when it is pushed and when it is added: its seal is judged once.
 */
export class ShardSeals {
  readonly #config: QuarkChainConfig;
  readonly #shard: ShardConfig;
  readonly #chain: ShardChain;
  readonly #check: SealCheck;
  /** Whatever a seal has to meet follows from its header, so that the header's hash names the verdict too. */
  readonly #judged = new RecentMap<string, Promise<Violations>>(MOST_REMEMBERED);

  constructor(config: QuarkChainConfig, chain: ShardChain, check: SealCheck) {
    this.#config = config;
    this.#shard = shardConfigOf(config, chain.fullShardId);
    this.#chain = chain;
    this.#check = check;
  }

  /** Why a block's seal is refused (shard_state.py validate_minor_block_seal). Its parent and root block are known. */
  async violationsOf(block: MinorBlock): Promise<Violations> {
    if (this.#config.disablePowCheck) return [];
    const key = bytesKey(minorHeaderHash(block.header));
    return await (this.#judged.get(key) ?? this.#remember(key, this.#judge(block)));
  }

  /**
   * Why a header's seal is refused whatever its miner has staked (shard.py __validate_block_headers): necessary, not
   * sufficient. Its root block is known, its parent need not be.
   */
  async headerViolationsOf(header: MinorBlockHeader): Promise<Violations> {
    if (this.#config.disablePowCheck) return [];
    const { posw } = this.#shard;
    const divider = isPoswEnabled(posw, header.createTime) ? diffDivider(posw, header.createTime) : 1n;
    return await this.#violations(header, { difficulty: header.difficulty / divider, reason: "header", posw: null });
  }

  /** Begins with what of a block's seal takes long, so that it is there when the block is judged. */
  foresee({ header }: MinorBlock): void {
    if (this.#chain.knowsRoot(header.prevRootBlockHash)) this.headerViolationsOf(header).catch(() => {});
  }

  async #judge(block: MinorBlock): Promise<Violations> {
    return await this.#violations(block.header, await this.#chain.sealTargetOf(block));
  }

  async #violations(header: MinorBlockHeader, target: SealTarget): Promise<Violations> {
    try {
      const seal = this.#chain.clFor(header.prevRootBlockHash).sealOf({ header }, target.difficulty);
      return sealViolations(await this.#check.verify(seal), target, header.difficulty);
    } catch (error) {
      // A height beyond every epoch that there will be.
      if (error instanceof QkcError && error.code === "UNSUPPORTED")
        return [{ code: "SEAL_UNSUPPORTED", message: error.message }];
      throw error;
    }
  }

  /** What could not be judged is judged again. */
  #remember(key: string, judging: Promise<Violations>): Promise<Violations> {
    this.#judged.set(key, judging);
    judging.catch(() => {
      if (this.#judged.get(key) === judging) this.#judged.delete(key);
    });
    return judging;
  }
}
