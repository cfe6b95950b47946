import { fullShardIdOf, type QuarkChainConfig } from "../../node/chain/config.ts";
import { decodeEvmTransaction } from "../../node/chain/evm-transaction.ts";
import type { MinorBlock } from "../../node/chain/minor-block.ts";
import { reachableShards } from "../../node/cl/shard-neighbors.ts";
import type { PayloadRejection } from "../../node/el/block-executor.ts";
import { blockName } from "../text/block-name.ts";
import type { CheckedBlock } from "./findings.ts";

/**
 * A sentence for a transaction that is refused because of its target, and was not when the block was made: a check judges
 * by the neighbours at the root tip, as pyquarkchain's --check_db does (shard_state.py __validate_tx, self.root_tip), a
 * node by those at its root tip of then. Undefined for any other refusal.
 */
export function formerTargetText(
  config: QuarkChainConfig,
  { fullShardId, height, root }: CheckedBlock,
  { transactions }: MinorBlock,
  { transactionIndex, refusal }: PayloadRejection,
): string | undefined {
  if (refusal !== "TARGET_NOT_REACHABLE" || transactionIndex === undefined) return undefined;
  if (fullShardId === null || root === null) return undefined;
  const { toFullShardKey } = decodeEvmTransaction(transactions[transactionIndex].rlp);
  const target = fullShardIdOf(config, toFullShardKey);
  const rootTipThen = root.height - 1;
  if (!reachableShards(config, fullShardId, rootTipThen).has(target)) return undefined;
  return (
    `${blockName({ fullShardId, height })}: shard ${target}, the target of transaction ${transactionIndex}, was a neighbour ` +
    `while root block ${rootTipThen} was the tip, and is none at the root tip by which this check judges; ` +
    "qkc replay judges by the tip of then"
  );
}
