import type { MinorBlockHeader } from "../chain/minor-block.ts";
import type { BlockOutcome, BlockRefusal } from "../shard/chain-types.ts";
import type { HashStack } from "./hash-stack.ts";
import { HeaderWalk } from "./header-walk.ts";
import { batchesOf } from "./peer-blocks.ts";
import { PeerFaultError } from "./peer-fault.ts";
import type { SyncParts } from "./sync-parts.ts";
import type { SyncPeer } from "./sync-peer.ts";

/** quarkchain/constants.py MINOR_BLOCK_BATCH_SIZE. */
const BLOCKS_PER_REQUEST = 50;

/** How a task ended; a peer that is at fault has been closed. Every one but the first leaves blocks missing. */
export type SyncEnd =
  | { readonly status: "synced" }
  | { readonly status: "given-up" | "peer-closed" | "peer-left"; readonly reason: string };

/** Brings the shard up to a block that a peer has announced (shard.py SyncTask). */
export class SyncTask {
  readonly #parts: SyncParts;
  readonly #peer: SyncPeer;
  readonly #header: MinorBlockHeader;

  constructor(parts: SyncParts, peer: SyncPeer, header: MinorBlockHeader) {
    this.#parts = parts;
    this.#peer = peer;
    this.#header = header;
  }

  /** `added`: height of the newest block of each batch. Rejects only where this node cannot go on. */
  async run(added: (height: number) => void): Promise<SyncEnd> {
    try {
      const walk = await new HeaderWalk(this.#parts, this.#peer).from(this.#header);
      if ("reason" in walk) return { status: "given-up", reason: walk.reason };
      return await this.#addBlocks(walk.missing, added);
    } catch (error) {
      if (!(error instanceof PeerFaultError)) throw error;
      const reason = error.message;
      if (this.#peer.signal.aborted) return { status: "peer-left", reason };
      this.#peer.close(reason);
      return { status: "peer-closed", reason };
    }
  }

  async #addBlocks(missing: HashStack, added: (height: number) => void): Promise<SyncEnd> {
    for await (const blocks of batchesOf(this.#peer, () => missing.pop(BLOCKS_PER_REQUEST))) {
      const outcomes = await this.#parts.intake.add(blocks, { refuseOld: true, telling: "each" });
      const refused = outcomes.find(isRefused);
      if (refused !== undefined) return { status: "given-up", reason: this.#excuse(refused) };
      added(blocks[blocks.length - 1].header.height);
    }
    return { status: "synced" };
  }

  /** Why a refused block is not its peer's fault. Throws PeerFaultError where it is. */
  #excuse(refusal: BlockRefusal): string {
    const what = `block ${refusal.header.height} is refused`;
    if (refusal.reason !== "invalid") return `${what}: ${refusal.reason}`;
    const { violations, differences } = refusal.verdict;
    const wrong = [...violations.map(({ code }) => code), ...differences.map(({ field }) => field)];
    // Either clock may be wrong.
    if (wrong.length === 1 && violations[0]?.code === "TIME_IN_FUTURE") return `${what}: it lies in the future`;
    throw new PeerFaultError(`${this.#peer.name}: ${what}: ${wrong.join(", ")}`);
  }
}

function isRefused(outcome: BlockOutcome): outcome is BlockRefusal {
  return outcome.status === "refused";
}
