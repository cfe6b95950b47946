import { type QuarkChainConfig, type ShardConfig, shardConfigOf, xshardGasLimitOf } from "../chain/config.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { isInShard } from "../chain/shard-id.ts";
import { nextDifficulty } from "../cl/difficulty.ts";
import { bytesEqual, type Hash32 } from "../codec/bytes.ts";
import { QkcError } from "../codec/errors.ts";
import type { QkcAddress } from "../codec/wire.ts";
import type { Awaitable } from "../el/block-executor.ts";
import type { PayloadAttributes } from "../engine/engine-api.ts";
import type { BlockOrder, FilledBlock } from "../execution-node/block-builder.ts";
import type { TransactionPool } from "../execution-node/mempool/transaction-pool.ts";
import type { PooledTransaction } from "../execution-node/mempool/transaction-queue.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import type { ShardChain } from "../shard/shard-chain.ts";
import { trackingDataOf } from "./tracking-data.ts";

/** Root blocks that one block may go ahead, so that its deposits do not run out of gas (shard_state.py create_block_to_mine). */
const MOST_ROOT_BLOCKS = 100;
/** The head does not move more often than that while blocks are filled, unless something is wrong. */
const MOST_ATTEMPTS = 8;

/** Where a template is filled and executed. */
interface TemplateEngine {
  fillBlock(
    parent: Hash32,
    attributes: PayloadAttributes,
    order: BlockOrder<PooledTransaction>,
  ): Awaitable<FilledBlock<PooledTransaction>>;
}

export interface TemplateMakerParts {
  readonly config: QuarkChainConfig;
  readonly chain: Pick<ShardChain, "fullShardId" | "snapshot" | "clFor" | "rootAtMostAbove">;
  readonly engine: TemplateEngine;
  readonly pool: Pick<TransactionPool, "templateSource" | "settle">;
  /** MIN_MINING_GAS_PRICE, in the genesis token. */
  readonly minGasPrice: bigint;
  /** MONITORING.CLUSTER_ID or the machine's own address: peers see it in tracking data. */
  readonly clusterId: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** Makes blocks on the head: filled from the pool, executed, not sealed (pyquarkchain shard_state.py create_block_to_mine). */
export class TemplateMaker {
  readonly #parts: TemplateMakerParts;
  readonly #shard: ShardConfig;

  constructor(parts: TemplateMakerParts) {
    this.#parts = parts;
    this.#shard = shardConfigOf(parts.config, parts.chain.fullShardId);
  }

  /**
   * A block for a coinbase; its shard key counts where it lies in the shard. Throws QkcError before the shard's genesis,
   * MissingDepositListError where a due list never came, EngineError where the engine cannot make a block.
   */
  async make(coinbase: QkcAddress): Promise<MinorBlock> {
    const { chain } = this.#parts;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const snapshot = this.#snapshot();
      const block = await this.#makeOn(snapshot, coinbase);
      // An engine of its own process may have taken its time: nobody can use a block on what is the head no longer.
      if (block !== undefined && bytesEqual(this.#snapshot().head.hash, snapshot.head.hash)) return block;
    }
    throw new QkcError("ENGINE", `the head of shard ${chain.fullShardId} moves faster than a block can be filled`);
  }

  /** Undefined where the head moved meanwhile: the pool is another one, and is left alone. */
  async #makeOn(snapshot: ChainSnapshot, coinbase: QkcAddress): Promise<MinorBlock | undefined> {
    const { engine, pool, minGasPrice, clusterId, clock } = this.#parts;
    const inception = clock();
    const { hash } = snapshot.head;
    const attributes = this.#attributesOn(snapshot, this.#inShard(coinbase), Math.floor(inception / 1000));
    const source = pool.templateSource();
    const filled = await engine.fillBlock(hash, attributes, { source, leastGasPrice: minGasPrice });
    if (!bytesEqual(this.#snapshot().head.hash, hash)) return undefined;
    pool.settle(filled, source);
    const trackingData = trackingDataOf({ inception, cluster: clusterId, creationMs: clock() - inception });
    return { ...filled.payload.block, trackingData };
  }

  #attributesOn(
    { head, headBlock, rootTip }: ChainSnapshot,
    coinbaseAddress: QkcAddress,
    now: number,
  ): PayloadAttributes {
    const { chain } = this.#parts;
    const { header } = headBlock;
    const createTime = Math.max(now, header.createTime + 1);
    const prevRootBlockHash = chain.rootAtMostAbove(header.prevRootBlockHash, rootTip.hash, MOST_ROOT_BLOCKS);
    const next = { prevMinorBlockHash: head.hash, prevRootBlockHash, height: head.height + 1, coinbaseAddress };
    return {
      timestamp: createTime,
      suggestedFeeRecipient: coinbaseAddress,
      prevRootBlockHash,
      difficulty: nextDifficulty(this.#shard.difficulty, header, createTime),
      xshardGasLimit: xshardGasLimitOf(this.#shard),
      transactions: [],
      inputs: chain.clFor(prevRootBlockHash).inputsOf({ header: next }, undefined, rootTip.header.height),
    };
  }

  /** shard.py __init_miner gives the empty address the shard's key; a key of another shard would make no block. */
  #inShard(coinbase: QkcAddress): QkcAddress {
    const { fullShardId } = this.#parts.chain;
    const isHere = !isEmpty(coinbase) && isInShard(fullShardId, coinbase.fullShardKey);
    return isHere ? coinbase : { ...coinbase, fullShardKey: fullShardId };
  }

  #snapshot(): ChainSnapshot {
    const { snapshot, fullShardId } = this.#parts.chain;
    if (snapshot !== undefined) return snapshot;
    throw new QkcError("INTERNAL", `shard ${fullShardId} has no genesis block yet`);
  }
}

function isEmpty({ recipient }: QkcAddress): boolean {
  return recipient.every((byte) => byte === 0);
}
