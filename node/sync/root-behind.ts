import type { MinorBlockHeader } from "../chain/minor-block.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import type { RootChains } from "../shard/root-chains.ts";

export type KnownRoots = Pick<RootChains, "has" | "header">;

/**
 * Whether a block's root block is not here yet, or lies below that of the newest confirmed block: a race or a fork, which
 * the master settles, and nobody's fault (shard.py handle_new_block, handle_new_minor_block_header_list_command).
 */
export function isRootBehind(roots: KnownRoots, { confirmed }: ChainSnapshot, header: MinorBlockHeader): boolean {
  if (!roots.has(header.prevRootBlockHash)) return true;
  if (confirmed === undefined) return false;
  return roots.header(header.prevRootBlockHash).height < roots.header(confirmed.prevRootBlockHash).height;
}
