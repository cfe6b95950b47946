import { type QuarkChainConfig, shardConfigOf } from "../../chain/config.ts";
import type { MinorBlock } from "../../chain/minor-block.ts";
import { minorBlockReward } from "../../chain/rewards.ts";
import { CoinbaseWindow, senderDisallowMap } from "../../cl/posw.ts";
import type { Hash32 } from "../../codec/bytes.ts";
import type { ConsensusInputs } from "../../el/payload.ts";
import type { ExecutionStore } from "../../el/store/execution-store.ts";

/**
 * What consensus said of a block when it was stored, made again of what the store keeps: the deposits that it consumed, and
 * the staking window, which its ancestors are. Where a deposit stood in the root chain is not kept: the cursor is its
 * parent's, which differs only for the block in which the rules of deposits change.
 */
export function storedInputs(
  store: ExecutionStore,
  config: QuarkChainConfig,
  hash: Hash32,
  { header, meta }: MinorBlock,
): ConsensusInputs {
  const shard = shardConfigOf(config, header.branch);
  const parent = store.block(header.prevMinorBlockHash);
  const cursor = parent.meta.xshardCursor;
  const headerOf = (at: Hash32) => {
    const block = store.findBlock(at)?.header;
    if (block === undefined) return undefined;
    const { height, prevMinorBlockHash: prevHash, coinbaseAddress } = block;
    return { height, prevHash, coinbase: coinbaseAddress.recipient };
  };
  const counts = shard.posw.enabled
    ? new CoinbaseWindow(shard.posw.windowSize, headerOf).countsAfter(header.prevMinorBlockHash)
    : new Map<string, number>();
  const { posw } = shard;
  return {
    deposits: store.record(hash).deposits.map((deposit) => ({ deposit, cursor })),
    exhaustedCursor: meta.xshardCursor,
    senderDisallowMap: senderDisallowMap(posw, parent.header.createTime, counts, header.coinbaseAddress.recipient),
    // Which shards could be reached was asked when the block came.
    reachableShards: new Set(config.shards.keys()),
    blockReward: minorBlockReward(config, shard, header.height),
  };
}
