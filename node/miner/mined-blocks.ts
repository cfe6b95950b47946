import type { MinorBlock } from "../chain/minor-block.ts";
import type { ShardChain } from "../shard/shard-chain.ts";

export interface MinedBlocksParts {
  readonly chain: Pick<ShardChain, "snapshot">;
  readonly isSyncing: () => boolean;
  /** As a block that a peer pushes: judged, told to peers, added, told and committed. False where it was not added. */
  readonly push: (block: MinorBlock) => Promise<boolean>;
}

/** Takes blocks that were mined here (pyquarkchain cluster/shard.py __init_miner __add_block). */
export class MinedBlocks {
  readonly #parts: MinedBlocksParts;

  constructor(parts: MinedBlocksParts) {
    this.#parts = parts;
  }

  /** False, and nothing done, while the shard syncs or where its head is as high already. Throws as `push` does. */
  async add(block: MinorBlock): Promise<boolean> {
    const { chain, isSyncing, push } = this.#parts;
    const head = chain.snapshot?.head;
    if (head === undefined || isSyncing() || head.height >= block.header.height) return false;
    return await push(block);
  }
}
