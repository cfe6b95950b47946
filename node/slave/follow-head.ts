import type { ExecutionNode } from "../execution-node/execution-node.ts";
import type { TransactionPool } from "../execution-node/mempool/transaction-pool.ts";
import type { HeadMove } from "../shard/chain-types.ts";
import type { MinorRef } from "../shard/fork-choice.ts";

/** Transactions of blocks that leave the chain are pooled again, those of blocks that join it leave the pool. */
export function followHead(pool: TransactionPool, { store }: Pick<ExecutionNode, "store">, move: HeadMove): void {
  for (const { hash } of inOrderOfReturn(move)) pool.blockLeft(store.block(hash).transactions);
  for (const { hash } of move.joining) pool.blockJoined(store.block(hash).transactions);
}

/**
 * Which transaction comes first where prices are equal: those of blocks above the new head upwards, then the others
 * downwards (pyquarkchain shard_state.py __rewrite_block_index_to).
 */
export function inOrderOfReturn({ leaving, to }: HeadMove): readonly MinorRef[] {
  const above = leaving.filter(({ height }) => height > to.height);
  const others = leaving.filter(({ height }) => height <= to.height);
  return [...above, ...others.reverse()];
}
