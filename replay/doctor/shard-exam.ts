import type { ShardSource } from "../../node/archive/block-source.ts";
import { initializedFullShardIdsBefore } from "../../node/chain/config.ts";
import type { MinorBlock } from "../../node/chain/minor-block.ts";
import type { ConfirmedMinor, RootChain } from "../../node/cl/root-chain.ts";
import { areNeighbors } from "../../node/cl/shard-neighbors.ts";
import { bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { bodyFault } from "../inspect/proved-block.ts";
import { visitTrie } from "../verify-state/visit-trie.ts";
import type { Examined } from "./examined.ts";
import { heightsToLookAt, type Run, runsOf } from "./heights.ts";

export interface ChainTip {
  readonly height: number;
  readonly hash: Hash32;
  /** Seconds since 1970. */
  readonly time: number;
}

export interface ShardFacts {
  readonly fullShardId: number;
  /** Newest block that the root chain confirms; undefined where it confirms none or cannot be walked. */
  readonly confirmed: ChainTip | undefined;
  /** Newest block of the height index. */
  readonly tip: ChainTip | undefined;
  /** Heights up to here were looked at, all or some. */
  readonly blocksLookedAt: number;
  /** Heights whose state root is there and those whose is not. */
  readonly states: readonly Run[];
  /** Whether consumed deposits or transactions by address are kept (ENABLE_TRANSACTION_HISTORY). */
  readonly history: boolean;
  /** Nodes of the newest state that were read, on the way to some keys. */
  readonly stateNodesRead: number;
}

/** Paths that are followed in the newest state. */
const STATE_PATHS = 32;

export class ShardExam {
  private readonly examined: Examined;
  private readonly shard: ShardSource;
  private readonly chain: RootChain | undefined;
  private readonly fullShardId: number;
  private history = false;

  constructor(examined: Examined, shard: ShardSource, chain: RootChain | undefined) {
    this.examined = examined;
    this.shard = shard;
    this.chain = chain;
    this.fullShardId = shard.fullShardId;
  }

  run(): ShardFacts {
    const { diagnosis, rows, samples, tipOf } = this.examined;
    const { fullShardId } = this;
    const confirmed = this.confirmed();
    const indexed = diagnosis.try("MINOR_INDEX", { fullShardId }, () => tipOf(fullShardId)) ?? -1;
    const top = Math.max(indexed, confirmed?.header.height ?? -1);
    if (top < 0) diagnosis.add("limit", "MINOR_INDEX", { fullShardId }, "the shard has no block yet");
    const heights = heightsToLookAt(top, samples);
    const blocks = new Map<number, MinorBlock>();
    for (const height of heights) {
      const block = this.examineHeight(height, confirmed);
      // Only states are asked for once more: a walk over a whole chain must not keep its blocks.
      if (block !== undefined && samples !== "all") blocks.set(height, block);
      this.examined.progress(() => `shard ${fullShardId} block ${height} of ${top}`);
    }
    if (diagnosis.try("HISTORY", { fullShardId }, () => rows.hasHistoryIndex(fullShardId))) this.history = true;
    const states = this.examineStates(heights);
    return {
      fullShardId,
      confirmed: confirmed && { height: confirmed.header.height, hash: confirmed.hash, time: confirmed.header.createTime },
      tip: this.tipAt(indexed),
      blocksLookedAt: heights.length,
      states,
      history: this.history,
      stateNodesRead: this.followPaths(states.findLast(({ has }) => has)?.to),
    };
  }

  private confirmed(): ConfirmedMinor | undefined {
    const { diagnosis, config } = this.examined;
    const { chain, fullShardId } = this;
    const lowest = config?.shards.get(fullShardId)?.genesis.rootHeight ?? 0;
    const place = { fullShardId: null };
    return chain && diagnosis.try("ROOT_BLOCK", place, () => chain.lastConfirmed(fullShardId, chain.tipHeight, lowest));
  }

  private tipAt(height: number): ChainTip | undefined {
    const block = height < 0 ? undefined : this.blockAt(height);
    return block && { height, hash: block.hash, time: block.block.header.createTime };
  }

  /** The block that the height index names, without a finding where there is none. */
  private blockAt(height: number): { readonly hash: Hash32; readonly block: MinorBlock } | undefined {
    const { diagnosis } = this.examined;
    const place = { fullShardId: this.fullShardId, height };
    return diagnosis.try("MINOR_BLOCK", place, () => {
      const hash = this.shard.canonicalHashAt(height);
      return hash && { hash, block: this.shard.minorBlock(hash) };
    });
  }
}
