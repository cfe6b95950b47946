import type { CrossShardDeposit } from "../../chain/deposit.ts";
import { decodeEvmTransaction } from "../../chain/evm-transaction.ts";
import type { MinorBlockHeader } from "../../chain/minor-block.ts";
import type { TypedTransaction } from "../../chain/typed-transaction.ts";
import type { Hash32 } from "../../codec/bytes.ts";
import type { HeadMove } from "../../shard/chain-types.ts";
import type { MinorRef } from "../../shard/fork-choice.ts";
import { inOrderOfReturn } from "../follow-head.ts";
import { type LogMessage, logMessage } from "../reads/log-message.ts";
import type { ShardView } from "../tip-ground.ts";

/** A block's logs, and the bloom by which subscriptions pass it by. */
interface LoggedBlock {
  readonly bloom: Uint8Array;
  readonly logs: readonly LogMessage[];
}

/** What happens in a shard that somebody may have subscribed to. Plain data: it crosses threads. */
export type ShardEvent =
  | {
      readonly kind: "newHeads";
      readonly heads: readonly { readonly hash: Hash32; readonly header: MinorBlockHeader }[];
    }
  /** Ascending; `removed`: of blocks that are canonical no longer. */
  | { readonly kind: "logs"; readonly removed: boolean; readonly blocks: readonly LoggedBlock[] }
  | {
      readonly kind: "newPendingTransactions";
      readonly transactions: readonly { readonly hash: Hash32; readonly fromFullShardKey: number }[];
    }
  /** Undefined status: nothing is being synced. */
  | { readonly kind: "syncing"; readonly status: { readonly current: number; readonly highest: number } | undefined };

/**
 * What a move of the head is to subscribers: transactions that wait again, logs that are gone, heads, logs (shard_state.py
 * __rewrite_block_index_to).
 */
export function headMoveEvents(shard: ShardView, move: HeadMove): ShardEvent[] {
  const { leaving, joining } = move;
  const events: ShardEvent[] = inOrderOfReturn(move).map(({ hash }) =>
    pendingEvent(shard.node.store.block(hash).transactions),
  );
  if (leaving.length > 0) events.push({ kind: "logs", removed: true, blocks: loggedBlocks(shard, leaving) });
  if (joining.length > 0) {
    const heads = joining.map(({ hash }) => ({ hash, header: shard.chain.blocks.minorBlock(hash).header }));
    events.push({ kind: "newHeads", heads });
    events.push({ kind: "logs", removed: false, blocks: loggedBlocks(shard, joining) });
  }
  return events;
}

/** Transactions that the pool took, or takes again. */
export function pendingEvent(transactions: readonly TypedTransaction[]): ShardEvent {
  return {
    kind: "newPendingTransactions",
    transactions: transactions.map(({ hash, rlp }) => ({
      hash,
      fromFullShardKey: decodeEvmTransaction(rlp).fromFullShardKey,
    })),
  };
}

/** A list of deposits that arrived: they wait for a root block that confirms them. */
export function depositsEvent(deposits: readonly CrossShardDeposit[]): ShardEvent {
  return {
    kind: "newPendingTransactions",
    transactions: deposits.map(({ txHash, from }) => ({ hash: txHash, fromFullShardKey: from.fullShardKey })),
  };
}

function loggedBlocks(shard: ShardView, blocks: readonly MinorRef[]): LoggedBlock[] {
  return blocks.filter(({ height }) => height > 0).map(({ hash, height }) => loggedBlock(shard, hash, height));
}

function loggedBlock({ node: { store } }: ShardView, blockHash: Hash32, height: number): LoggedBlock {
  const { header, transactions } = store.block(blockHash);
  const { receipts, deposits } = store.record(blockHash);
  const hashOf = (index: number) =>
    index < transactions.length ? transactions[index].hash : deposits[index - transactions.length].txHash;
  const logs = receipts.flatMap((receipt, receiptIndex) =>
    receipt.logs.map((log, logIndex) =>
      logMessage(log, { blockHash, height, transactionHash: hashOf(receiptIndex), receiptIndex, logIndex }),
    ),
  );
  return { bloom: header.bloom, logs };
}
