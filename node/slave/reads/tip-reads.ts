import { maxBlocksPerShardInOneRootBlock, shardConfigOf } from "../../chain/config.ts";
import type { MinorBlockHeader } from "../../chain/minor-block.ts";
import { nextDifficulty } from "../../cl/difficulty.ts";
import { QkcError } from "../../codec/errors.ts";
import type { TransactionPool } from "../../execution-node/mempool/transaction-pool.ts";
import type { AnswerTo } from "./read-messages.ts";
import type { ReadView } from "./read-view.ts";

/**
 * Headers above the last confirmed one, ascending, as many as one root block takes: the genesis block too until a root block
 * confirms it (pyquarkchain shard_state.py get_unconfirmed_header_list).
 */
export function unconfirmedHeaders(view: ReadView): AnswerTo<"getUnconfirmedHeaders">["headersInfos"][number] {
  const { config, chain } = view.shard;
  const { confirmed } = view.snapshot;
  if (confirmed !== undefined && !view.isCanonical(confirmed.hash, confirmed.height)) {
    throw new QkcError("INTERNAL", `the head of shard ${chain.fullShardId} does not stand on what is confirmed`);
  }
  const from = (confirmed?.height ?? -1) + 1;
  const most = maxBlocksPerShardInOneRootBlock(config.root, shardConfigOf(config, chain.fullShardId));
  const headers: MinorBlockHeader[] = [];
  for (let height = from; height < from + most && height <= view.headHeight; height++) {
    const hash = view.hashAt(height);
    if (hash !== undefined) headers.push(view.known(hash).header);
  }
  return { branch: chain.fullShardId, headers };
}

/** What mining on this shard is worth (pyquarkchain slave.py handle_get_eco_info_list_request). `now`: seconds since 1970. */
export function ecoInfo(
  view: ReadView,
  pool: TransactionPool,
  now: number,
): AnswerTo<"getEcoInfoList">["ecoInfos"][number] {
  const { config, chain } = view.shard;
  const { header } = view.snapshot.headBlock;
  const { difficulty } = shardConfigOf(config, chain.fullShardId);
  let coinbaseAmount = 0n;
  for (const { transaction } of pool.ordered()) coinbaseAmount += transaction.gasPrice * transaction.startGas;
  let unconfirmedCoinbaseAmount = 0n;
  for (const { coinbaseAmounts } of unconfirmedHeaders(view).headers) {
    unconfirmedCoinbaseAmount += coinbaseAmounts.get(config.genesisTokenId) ?? 0n;
  }
  return {
    branch: chain.fullShardId,
    height: BigInt(header.height + 1),
    coinbaseAmount,
    difficulty: nextDifficulty(difficulty, header, Math.max(now, header.createTime + 1)),
    unconfirmedCoinbaseAmount,
  };
}
