import { type QuarkChainConfig, shardConfigOf, xshardGasLimitOf } from "../chain/config.ts";
import type { ExecutionNode } from "../execution-node/execution-node.ts";
import type { TipGround } from "../execution-node/mempool/tip-execution.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import type { ShardChain } from "../shard/shard-chain.ts";

/** One shard as whoever reads it needs it: its chain, and the engine that holds blocks and states. */
export interface ShardView {
  readonly config: QuarkChainConfig;
  readonly chain: ShardChain;
  readonly node: ExecutionNode;
}

/** What calls and the pool see at the head of a snapshot (pyquarkchain shard_state.py evm_state). */
export function tipGround(
  { config, chain, node }: ShardView,
  { head, headBlock, rootTip, tipState }: ChainSnapshot,
): TipGround {
  const { header } = headBlock;
  const cl = chain.clFor(header.prevRootBlockHash);
  return {
    config: node.execution,
    nodes: node.store.nodes.layer(),
    shape: tipState,
    header,
    ancestorHash: cl.chain.ancestorsFrom(head.hash),
    senderDisallowMap: lockedStakes(cl, tipState.kind, head.hash, headBlock),
    reachableShards: cl.reachableAt(rootTip.header.height),
    xshardGasLimit: xshardGasLimitOf(shardConfigOf(config, chain.fullShardId)),
  };
}

/** An executed block's state still has what locked its own senders; a bare one has what the block behind it will lock. */
function lockedStakes(
  cl: ReturnType<ShardChain["clFor"]>,
  kind: ChainSnapshot["tipState"]["kind"],
  hash: ChainSnapshot["head"]["hash"],
  block: ChainSnapshot["headBlock"],
): ReadonlyMap<string, bigint> {
  if (block.header.height === 0) return new Map();
  return kind === "executed" ? cl.inputsOf(block).senderDisallowMap : cl.stakesLockedAfter(hash);
}
