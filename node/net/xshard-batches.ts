import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { encode, type Value } from "../wire/codec.ts";

export type AddXshardTxList = Value<typeof CLUSTER_RPC.addXshardTxList.request>;

/** Far below what a link takes, so that other messages need not wait long behind one. */
const BATCH_BYTES = 64 * 2 ** 20;

/**
 * Lists in as many batches as their size demands, in their order; for BATCH_ADD_XSHARD_TX_LIST, which pyquarkchain sends in
 * one piece however long it is. A list that is longer than a batch is one of its own.
 */
export function xshardBatches(
  lists: readonly AddXshardTxList[],
  batchBytes = BATCH_BYTES,
): readonly (readonly AddXshardTxList[])[] {
  const batches: AddXshardTxList[][] = [];
  let room = 0;
  for (const list of lists) {
    const { length } = encode(CLUSTER_RPC.addXshardTxList.request, list);
    if (batches.length === 0 || length > room) {
      batches.push([]);
      room = batchBytes;
    }
    batches[batches.length - 1].push(list);
    room -= length;
  }
  return batches;
}
