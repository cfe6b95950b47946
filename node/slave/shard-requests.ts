import type { ClusterConfig } from "../chain/config.ts";
import { decodeMinorBlock, type MinorBlock } from "../chain/minor-block.ts";
import { bytesEqual } from "../codec/bytes.ts";
import { CodecError } from "../codec/errors.ts";
import { Handlers } from "../net/handlers.ts";
import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { answered } from "./answered.ts";
import type { OpenShard } from "./open-shard.ts";

/** errno.EBADMSG: a block that cannot be decoded, or of a shard that is not here. */
const BAD_MESSAGE = 74;
/** errno.EFAULT: a block that was refused. */
const FAULT = 14;

/** Requests of the master to one shard. */
export class ShardRequests {
  readonly #handlers: Handlers<undefined>;
  readonly #shard: OpenShard;

  constructor(_cluster: ClusterConfig, shard: OpenShard) {
    this.#shard = shard;
    this.#handlers = new Handlers<undefined>().answer(
      CLUSTER_RPC.addMinorBlock,
      async ({ block }) => ({ errorCode: await this.#addMinorBlock(block) }),
      () => ({ errorCode: FAULT }),
    );
  }

  /** Rejects with LinkError "malformed" for a request that cannot be read. */
  serve(op: number, payload: Uint8Array): Promise<Uint8Array> {
    return answered(this.#handlers, op, payload, (line) => this.#shard.outlets.log("error", line));
  }

  /** slave.py handle_add_minor_block_request: a block whose parent is not the head is dropped, which is no fault. */
  async #addMinorBlock(encoded: Uint8Array): Promise<number> {
    const { pipeline, snapshot } = this.#shard;
    const block = decodedBlock(encoded);
    if (block === undefined) return BAD_MESSAGE;
    if (!bytesEqual(block.header.prevMinorBlockHash, snapshot().head.hash)) return 0;
    const [outcome] = await pipeline.add([block], { refuseOld: true, telling: "each" });
    return outcome.status === "refused" ? FAULT : 0;
  }
}

function decodedBlock(encoded: Uint8Array): MinorBlock | undefined {
  try {
    return decodeMinorBlock(encoded);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
