import { type QuarkChainConfig, shardConfigOf, xshardGasLimitOf } from "../chain/config.ts";
import type { ExecutionNode } from "../execution-node/execution-node.ts";
import type { TipGround } from "../execution-node/mempool/tip-execution.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import type { ShardChain } from "../shard/shard-chain.ts";

const NOTHING_LOCKED: TipGround["senderDisallowMap"] = new Map();

/** One shard as whoever reads it needs it: its chain, and the engine that holds blocks and states. */
export interface ShardView {
  readonly config: QuarkChainConfig;
  readonly chain: ShardChain;
  readonly node: ExecutionNode;
}

/** What calls and the pool see at the head of a snapshot (pyquarkchain shard_state.py evm_state). */
export function tipGround({ config, chain, node }: ShardView, snapshot: ChainSnapshot): TipGround {
  const { head, headBlock, rootTip, tipState } = snapshot;
  const { header } = headBlock;
  const cl = chain.clFor(header.prevRootBlockHash);
  return {
    config: node.execution,
    nodes: node.store.nodes.layer(),
    shape: tipState,
    header,
    ancestorHash: cl.chain.ancestorsFrom(head.hash),
    senderDisallowMap: lockedStakes(snapshot, cl),
    reachableShards: cl.reachableAt(rootTip.header.height),
    xshardGasLimit: xshardGasLimitOf(shardConfigOf(config, chain.fullShardId)),
  };
}

/** What the block behind the head will lock, whoever mines it, and nothing before there is a block to speak of. */
function lockedStakes(
  { head, headBlock }: ChainSnapshot,
  cl: ReturnType<ShardChain["clFor"]>,
): TipGround["senderDisallowMap"] {
  return headBlock.header.height === 0 ? NOTHING_LOCKED : cl.stakesLockedAfter(head.hash);
}
