import type { Hash32 } from "../codec/bytes.ts";
import type { QkcPayload } from "../engine/engine-api.ts";
import type { ExecutionNode } from "../execution-node/execution-node.ts";
import type { ShardChain } from "../shard/shard-chain.ts";

/** A block that a node holds, as the payload that it was executed from. */
export function storedPayload(chain: ShardChain, node: ExecutionNode, hash: Hash32): QkcPayload {
  const block = node.store.block(hash);
  const { height, prevRootBlockHash } = block.header;
  if (height === 0) return chain.prepareGenesis(prevRootBlockHash).payload;
  const { rootTipHeight } = chain.blocks.record(hash);
  return chain.prepare(hash, block, { rootTipHeight }).payload;
}
