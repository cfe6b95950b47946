import type { QuarkChainConfig } from "../chain/config.ts";
import type { MinorBlockHeader } from "../chain/minor-block.ts";
import { rootMiningHash } from "../chain/root-block.ts";
import { type Address, bytesKey, type Hash32 } from "../codec/bytes.ts";
import type { Awaitable } from "../el/block-executor.ts";
import { CoinbaseWindow } from "./posw.ts";
import type { SealInput } from "./pow/seal.ts";
import type { RootChain, RootChainBlock } from "./root-chain.ts";
import { rootBlockViolations } from "./root-rules.ts";
import { type RootStakes, STAKING_SHARD } from "./root-stakes.ts";
import type { RuleViolation } from "./rule-violation.ts";
import { type RootSealTarget, rootSealTarget } from "./seal-target.ts";

export interface RootClOptions {
  readonly config: QuarkChainConfig;
  readonly rootChain: RootChain;
  /** Whether a shard holds this minor block. */
  readonly isMinorKnown: (hash: Hash32, header: MinorBlockHeader) => boolean;
  /** Stakes of a coinbase after a block of the staking shard. */
  readonly stakesAfter: (minorHash: Hash32, coinbase: Address) => Awaitable<RootStakes>;
}

/** The rules of the root chain (pyquarkchain cluster/root_state.py RootState, cluster/master.py __adjust_diff). */
export class RootCl {
  readonly #options: RootClOptions;
  readonly #window: CoinbaseWindow;

  constructor(options: RootClOptions) {
    this.#options = options;
    const { config, rootChain } = options;
    this.#window = new CoinbaseWindow(config.root.posw.windowSize, (hash) => {
      const height = rootChain.heightOf(hash);
      if (height === undefined) return undefined;
      const header = rootChain.headerAt(height);
      return { height, prevHash: header.prevBlockHash, coinbase: header.coinbaseAddress.recipient };
    });
  }

  /** Rules that a block of the chain breaks, its seal aside; empty for a valid one. */
  violationsOf({ block, minorHashes }: RootChainBlock): readonly RuleViolation[] {
    const { config, rootChain, isMinorKnown } = this.#options;
    const parentHeight = block.header.height - 1;
    return rootBlockViolations(block, {
      config,
      parent: rootChain.headerAt(parentHeight),
      now: undefined,
      minorHashes,
      isMinorKnown,
      isOnParentChain: (hash) => {
        const height = rootChain.heightOf(hash);
        return height !== undefined && height <= parentHeight;
      },
      lastConfirmed: (fullShardId) => {
        const lowest = config.shards.get(fullShardId)?.genesis.rootHeight ?? 0;
        return rootChain.lastConfirmed(fullShardId, parentHeight, lowest)?.hash;
      },
    });
  }

  /** What the block's seal has to meet, or why its staking cannot be judged. */
  sealTargetOf({ block }: RootChainBlock): Promise<RootSealTarget> {
    const { config, rootChain, stakesAfter } = this.#options;
    const { header } = block;
    return rootSealTarget(header, {
      config,
      lastStakingBlock: () => {
        const lowest = config.shards.get(STAKING_SHARD)?.genesis.rootHeight ?? 0;
        return rootChain.lastConfirmed(STAKING_SHARD, header.height - 1, lowest)?.hash;
      },
      stakesAfter,
      minedInWindow: (coinbase) => this.#window.countsAfter(header.prevBlockHash).get(bytesKey(coinbase)) ?? 0,
    });
  }

  /** The block's seal; the root chain never has rotation statistics (root_state.py __validate_block_header). */
  sealOf({ block: { header } }: RootChainBlock, difficulty: bigint): SealInput {
    return {
      consensusType: this.#options.config.root.consensusType,
      miningHash: rootMiningHash(header),
      nonce: header.nonce,
      mixhash: header.mixhash,
      difficulty,
      height: header.height,
      qkchashX: false,
    };
  }
}
