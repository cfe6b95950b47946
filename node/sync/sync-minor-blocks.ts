import type { MinorBlock } from "../chain/minor-block.ts";
import type { TokenBalances } from "../chain/token-balances.ts";
import { type Hash32, toHex } from "../codec/bytes.ts";
import { QkcError } from "../codec/errors.ts";
import type { BlockRefusal } from "../shard/chain-types.ts";
import { batchesOf } from "./peer-blocks.ts";
import type { SyncParts } from "./sync-parts.ts";
import type { SyncPeer } from "./sync-peer.ts";

/** slave.py handle_sync_minor_block_list_request BLOCK_BATCH_SIZE. */
const BLOCKS_PER_REQUEST = 100;

/** A block that the peer has is refused here. Those before it are committed. */
export class SyncedBlockRefusedError extends QkcError {
  readonly refusal: BlockRefusal;

  constructor(peer: SyncPeer, refusal: BlockRefusal) {
    const { hash, header, reason } = refusal;
    super("BLOCK_INVALID", `${peer.name}: block ${toHex(hash)} of height ${header.height} is refused: ${reason}`);
    this.refusal = refusal;
  }
}

export interface SyncedBlock {
  readonly hash: Hash32;
  readonly coinbaseAmounts: TokenBalances;
}

/**
 * Fetches from a peer the blocks that the master asks for, ascending, and adds what is missing (slave.py
 * handle_sync_minor_block_list_request). When it resolves the master knows the header of every one of them: those that are
 * committed here already are told again, since it would not ask if it knew them (P19). In the order of `hashes`.
 *
 * Throws PeerFaultError where the peer does not send exactly these, SyncedBlockRefusedError; what was added before stays.
 */
export async function syncMinorBlocks(
  { chain, intake }: Pick<SyncParts, "chain" | "intake">,
  peer: SyncPeer,
  hashes: readonly Hash32[],
): Promise<readonly SyncedBlock[]> {
  const committed = hashes.filter((hash) => chain.statusOf(hash) === "committed");
  const missing = hashes.filter((hash) => chain.statusOf(hash) !== "committed");
  for (let i = 0; i < committed.length; i += BLOCKS_PER_REQUEST) {
    await intake.reportAgain(committed.slice(i, i + BLOCKS_PER_REQUEST));
  }
  for await (const blocks of batchesOf(peer, () => missing.splice(0, BLOCKS_PER_REQUEST))) {
    await addAll(blocks);
  }
  return hashes.map((hash) => ({ hash, coinbaseAmounts: chain.blocks.minorBlock(hash).header.coinbaseAmounts }));

  async function addAll(blocks: readonly MinorBlock[]): Promise<void> {
    const outcomes = await intake.add(blocks, { refuseOld: false, telling: "together" });
    const refused = outcomes.find((outcome) => outcome.status === "refused");
    if (refused !== undefined) throw new SyncedBlockRefusedError(peer, refused);
  }
}
