import { decodeMinorBlock, type MinorBlock } from "../chain/minor-block.ts";
import { bytesEqual } from "../codec/bytes.ts";
import { CodecError } from "../codec/errors.ts";
import { Handlers } from "../net/handlers.ts";
import { syncMinorBlocks } from "../sync/sync-minor-blocks.ts";
import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import type { Value } from "../wire/codec.ts";
import { answered } from "./answered.ts";
import type { OpenShard } from "./open-shard.ts";
import { readHandlers } from "./reads/read-handlers.ts";
import type { ShardReads } from "./reads/shard-reads.ts";
import type { ShardMining } from "./shard-mining.ts";
import type { ShardPeers } from "./shard-peers.ts";
import { BAD_MESSAGE, UNSERVED } from "./unserved.ts";

/** errno.EFAULT: a block that was refused. */
const FAULT = 14;

export interface ShardRequestsParts {
  readonly shard: OpenShard;
  readonly reads: ShardReads;
  readonly peers: ShardPeers;
  readonly mining: ShardMining;
  /** When the shard is closed. */
  readonly signal: AbortSignal;
}

/** Requests of the master to one shard (pyquarkchain cluster/slave.py MasterConnection). */
export class ShardRequests {
  readonly #parts: ShardRequestsParts;
  readonly #handlers: Handlers<undefined>;

  constructor(parts: ShardRequestsParts) {
    this.#parts = parts;
    this.#handlers = new Handlers<undefined>()
      .answer(
        CLUSTER_RPC.addMinorBlock,
        async ({ block }) => ({ errorCode: await this.#addMinorBlock(block) }),
        () => ({ errorCode: FAULT }),
      )
      .answer(
        CLUSTER_RPC.syncMinorBlockList,
        (request) => this.#sync(request),
        () => UNSERVED.syncMinorBlockList,
      )
      .answer(
        CLUSTER_RPC.getNextBlockToMine,
        async ({ address }) => ({ errorCode: 0, block: await parts.mining.templates.make(address) }),
        () => UNSERVED.getNextBlockToMine,
      )
      .answer(
        CLUSTER_RPC.getWork,
        async ({ coinbase }) => {
          const { hash, height, difficulty } = await parts.mining.remote.work(coinbase);
          return { errorCode: 0, headerHash: hash, height: BigInt(height), difficulty };
        },
        () => UNSERVED.getWork,
      )
      .answer(
        CLUSTER_RPC.submitWork,
        async ({ headerHash, ...seal }) => ({
          errorCode: 0,
          success: await parts.mining.remote.submit(headerHash, seal),
        }),
        () => UNSERVED.submitWork,
      )
      .answer(CLUSTER_RPC.genTx, ({ transactionsPerShard: count, crossShardPercent, transaction: sample }) => {
        parts.mining.generator.generate({ count, crossShardPercent, sample });
        return { errorCode: 0 };
      })
      .with(readHandlers(parts.reads, parts.signal));
  }

  /** Rejects with LinkError "malformed" for a request that cannot be read. */
  serve(op: number, payload: Uint8Array): Promise<Uint8Array> {
    return answered(this.#handlers, op, payload, (line) => this.#parts.shard.outlets.log("error", line));
  }

  /** slave.py handle_add_minor_block_request: a block whose parent is not the head is dropped, which is no fault. */
  async #addMinorBlock(encoded: Uint8Array): Promise<number> {
    const { pipeline, snapshot } = this.#parts.shard;
    const block = decodedBlock(encoded);
    if (block === undefined) return BAD_MESSAGE;
    if (!bytesEqual(block.header.prevMinorBlockHash, snapshot().head.hash)) return 0;
    const [outcome] = await pipeline.add([block], { refuseOld: true, telling: "each" });
    return outcome.status === "refused" ? FAULT : 0;
  }

  /** slave.py handle_sync_minor_block_list_request: the master closes the peer on any code but 0. */
  async #sync({ hashes, clusterPeerId }: SyncRequest): Promise<SyncAnswer> {
    const { shard, peers } = this.#parts;
    if (hashes.length === 0) return { errorCode: 0, coinbaseAmounts: [], shardStats: undefined };
    const peer = peers.find(clusterPeerId);
    if (peer === undefined) return { ...UNSERVED.syncMinorBlockList, errorCode: BAD_MESSAGE };
    const blocks = await syncMinorBlocks({ chain: shard.chain, intake: shard.pipeline }, peer, hashes);
    const coinbaseAmounts = blocks.map(({ hash, coinbaseAmounts: amounts }) => [hash, amounts] as const);
    return { errorCode: 0, coinbaseAmounts, shardStats: shard.outlets.stats() };
  }
}

type SyncRequest = Value<typeof CLUSTER_RPC.syncMinorBlockList.request>;
type SyncAnswer = Value<typeof CLUSTER_RPC.syncMinorBlockList.response>;

function decodedBlock(encoded: Uint8Array): MinorBlock | undefined {
  try {
    return decodeMinorBlock(encoded);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
