import { LoopDelay } from "../measure/loop-delay.ts";
import type { ExecutedBlock } from "../shard/block-judge.ts";
import type { OpenShard } from "./open-shard.ts";
import type { ShardPeers } from "./shard-peers.ts";

/** Upper bounds of the classes in which the time of blocks is counted, in seconds. */
export const BLOCK_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

/** What is told of one shard at a moment: plain data, for whoever watches. */
export interface ShardGauges {
  readonly height: number;
  /** Of the newest block that the root tip confirms; 0 where none is. */
  readonly confirmedHeight: number;
  readonly rootHeight: number;
  /** When the head was made, in seconds since 1970. */
  readonly headTime: number;
  /** Transactions in the pool. */
  readonly pending: number;
  /** Blocks that are executed and that somebody has still to be told of. */
  readonly uncommitted: number;
  readonly isSyncing: boolean;
  /** Clusters that the shard is connected with. */
  readonly peers: number;
  /** Since the shard's thread began. */
  readonly blocks: number;
  readonly transactions: number;
  readonly gas: number;
  /** Of these blocks, from the moment in which work on one began to the one in which it was stored. */
  readonly blockSeconds: { readonly sum: number; readonly counts: readonly number[] };
  /** How late the thread comes to what is due, in seconds: the 99th percentile since the last look. */
  readonly loopDelay: number;
}

/** Counts what one shard does. */
export class ShardMeter {
  #blocks = 0;
  #transactions = 0;
  #gas = 0;
  #seconds = 0;
  /** By the classes of BLOCK_SECONDS, the last one without a bound. */
  readonly #counts = new Array<number>(BLOCK_SECONDS.length + 1).fill(0);
  readonly #loop = new LoopDelay();

  /** Work on the block began at `startedAt` and ends `now`, in milliseconds. */
  blockStored({ block }: Pick<ExecutedBlock, "block">, startedAt: number, now: number): void {
    const seconds = Math.max(0, now - startedAt) / 1000;
    this.#blocks++;
    this.#transactions += block.transactions.length;
    this.#gas += Number(block.meta.gasUsed);
    this.#seconds += seconds;
    const place = BLOCK_SECONDS.findIndex((bound) => seconds <= bound);
    this.#counts[place === -1 ? BLOCK_SECONDS.length : place]++;
  }

  /** Throws QkcError before the shard's genesis. */
  async read({ chain, pool, snapshot }: OpenShard, peers: ShardPeers): Promise<ShardGauges> {
    const { head, headBlock, confirmed, rootTip } = snapshot();
    return {
      height: head.height,
      confirmedHeight: confirmed?.height ?? 0,
      rootHeight: rootTip.header.height,
      headTime: headBlock.header.createTime,
      pending: pool.size,
      uncommitted: (await chain.unfinished()).length,
      isSyncing: peers.synchronizer.isSyncing,
      peers: peers.size,
      blocks: this.#blocks,
      transactions: this.#transactions,
      gas: this.#gas,
      blockSeconds: { sum: this.#seconds, counts: [...this.#counts] },
      loopDelay: this.#loop.look(),
    };
  }

  stop(): void {
    this.#loop.stop();
  }
}
