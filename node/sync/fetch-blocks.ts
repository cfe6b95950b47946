import type { Hash32 } from "../codec/bytes.ts";
import { QkcError } from "../codec/errors.ts";
import { PeerFaultError } from "./peer-fault.ts";
import { SyncedBlockRefusedError, syncMinorBlocks } from "./sync-minor-blocks.ts";
import type { SyncParts } from "./sync-parts.ts";
import type { SyncPeer } from "./sync-peer.ts";

/** No peer has blocks that are missing here. */
export class BlocksNotFetchedError extends QkcError {
  constructor(fullShardId: number, wanted: number, reasons: readonly string[]) {
    const why = reasons.length === 0 ? "no peer is connected" : reasons.join("; ");
    super("LINK", `${wanted} blocks that shard ${fullShardId} lacks cannot be fetched: ${why}`);
  }
}

/**
 * Adds blocks, ascending, that somebody else knows to be good and that are missing here, from the first peer that has them. A
 * peer that does not is no worse for it: nobody said that it would. Throws BlocksNotFetchedError.
 */
export async function fetchBlocks(
  parts: Pick<SyncParts, "chain" | "intake">,
  peers: readonly SyncPeer[],
  hashes: readonly Hash32[],
): Promise<void> {
  const reasons: string[] = [];
  for (const peer of peers) {
    try {
      await syncMinorBlocks(parts, peer, hashes);
      return;
    } catch (error) {
      if (!(error instanceof PeerFaultError || error instanceof SyncedBlockRefusedError)) throw error;
      reasons.push(error.message);
    }
  }
  throw new BlocksNotFetchedError(parts.chain.fullShardId, hashes.length, reasons);
}
