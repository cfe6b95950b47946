import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import { bytesEqual, type Hash32 } from "../codec/bytes.ts";
import { PeerFaultError } from "./peer-fault.ts";
import { asked, type SyncPeer } from "./sync-peer.ts";

/** Exactly the blocks of these hashes, in their order. Throws PeerFaultError where the peer sends others, or fewer. */
async function blocksOf(peer: SyncPeer, hashes: readonly Hash32[]): Promise<readonly MinorBlock[]> {
  const blocks = await asked(peer, "blocks", peer.blocks(hashes));
  if (blocks.length !== hashes.length) {
    throw new PeerFaultError(`${peer.name}: ${blocks.length} blocks instead of ${hashes.length}`);
  }
  for (const [i, { header }] of blocks.entries()) {
    if (!bytesEqual(minorHeaderHash(header), hashes[i])) {
      throw new PeerFaultError(`${peer.name}: block ${i + 1} of ${blocks.length} is another one than was asked for`);
    }
  }
  return blocks;
}

/**
 * Blocks in batches, the next of which is on its way while the last is worked on: never more than two are in memory. Ends
 * where a batch cannot be had, with what that throws.
 */
export async function* batchesOf(
  peer: SyncPeer,
  next: () => readonly Hash32[],
): AsyncGenerator<readonly MinorBlock[], void> {
  let coming = download(peer, next());
  while (coming !== undefined) {
    const blocks = await coming;
    coming = download(peer, next());
    yield blocks;
  }
}

function download(peer: SyncPeer, hashes: readonly Hash32[]): Promise<readonly MinorBlock[]> | undefined {
  if (hashes.length === 0) return undefined;
  const blocks = blocksOf(peer, hashes);
  // Whoever takes the batches may end before this one comes.
  blocks.catch(() => {});
  return blocks;
}
