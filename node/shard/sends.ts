import type { CrossShardDeposit } from "../chain/deposit.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import type { ShardCl } from "../cl/shard-cl.ts";
import { ConfigError } from "../codec/errors.ts";

/** What a block sends, by destination: every shard that has to be told, be it of nothing. */
export type SendLists = ReadonlyMap<number, readonly CrossShardDeposit[]>;

/**
 * Sorts by destination what an engine says a block sends; undefined where some of it goes nowhere a block can send to,
 * which no execution computes.
 */
export function sendLists(
  cl: Pick<ShardCl, "sendsOf">,
  block: MinorBlock,
  sends: readonly CrossShardDeposit[],
): SendLists | undefined {
  try {
    const lists = cl.sendsOf(block, sends);
    let sorted = 0;
    for (const list of lists.values()) sorted += list.length;
    return sorted === sends.length ? lists : undefined;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
