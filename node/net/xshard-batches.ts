import { concatBytes, uint32ToBytes } from "../codec/bytes.ts";

/** Far below what a link takes, so that other messages need not wait long behind one. */
const BATCH_BYTES = 64 * 2 ** 20;

/**
 * Payloads of ADD_XSHARD_TX_LIST as those of BATCH_ADD_XSHARD_TX_LIST, in their order and in as many batches as their size
 * demands; pyquarkchain sends them in one piece however long it is. A list that is longer than a batch is one of its own.
 */
export function xshardBatches(lists: readonly Uint8Array[], batchBytes = BATCH_BYTES): readonly Uint8Array[] {
  const batches: Uint8Array[][] = [];
  let room = 0;
  for (const list of lists) {
    if (batches.length === 0 || list.length > room) {
      batches.push([]);
      room = batchBytes;
    }
    batches[batches.length - 1].push(list);
    room -= list.length;
  }
  return batches.map((batch) => concatBytes(uint32ToBytes(batch.length), ...batch));
}
