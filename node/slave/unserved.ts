import { ZERO_HASH } from "../codec/bytes.ts";
import type { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import type { Value } from "../wire/codec.ts";
import { EMPTY_BLOCK } from "./reads/empty-answers.ts";

/** errno.EBADMSG, as pyquarkchain's slaves answer where a block cannot be read, or its shard or peer is not here. */
export const BAD_MESSAGE = 74;
const FAILED = 1;

/** What is answered to orders of the master that cannot be carried out; to reads, see reads/empty-answers.ts. */
export const UNSERVED = {
  addMinorBlock: { errorCode: BAD_MESSAGE },
  /** The master closes the peer on any code but 0. */
  syncMinorBlockList: { errorCode: FAILED, coinbaseAmounts: [], shardStats: undefined },
  getNextBlockToMine: { errorCode: FAILED, block: EMPTY_BLOCK },
  getWork: { errorCode: FAILED, headerHash: ZERO_HASH, height: 0n, difficulty: 0n },
  submitWork: { errorCode: FAILED, success: false },
} satisfies { readonly [Name in keyof typeof CLUSTER_RPC]?: Value<(typeof CLUSTER_RPC)[Name]["response"]> };
