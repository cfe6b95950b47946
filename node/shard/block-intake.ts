import type { MinorBlock } from "../chain/minor-block.ts";
import type { Hash32 } from "../codec/bytes.ts";
import type { BlockOutcome } from "./chain-types.ts";

/** How blocks of a live chain are added. */
export interface Intake {
  /** Refuses blocks that lie further below the head than the shard's limit. */
  readonly refuseOld: boolean;
  /**
   * each: as new ones, the head is told to peers and every header to the master by itself. together: as a list that the master
   * asked for, with one message a destination and one for all headers, and peers are told nothing.
   */
  readonly telling: "each" | "together";
}

/** Where whoever has blocks of a live chain hands them in. */
export interface BlockIntake {
  /**
   * Adds blocks in their order, up to the first that is refused: seal, rules, execution. When it resolves, all that were added
   * or known before are committed: their lists are acknowledged by every destination and their headers by the master. A block
   * that comes from two sides at once is added, and told, once. Rejects only where this node cannot go on.
   */
  add(blocks: readonly MinorBlock[], how: Intake): Promise<readonly BlockOutcome[]>;

  /**
   * Tells once more of blocks that are committed, together: their lists to every destination, then their headers to the
   * master. For those that the master names as if it had never heard of them. Resolves when all is acknowledged.
   */
  reportAgain(hashes: readonly Hash32[]): Promise<void>;
}
