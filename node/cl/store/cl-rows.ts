import { PREFIX, prefixedKey } from "../../archive/pyquarkchain/keys.ts";
import type { CrossShardDeposit } from "../../chain/deposit.ts";
import { decodeEvmTransaction, type EvmTransaction } from "../../chain/evm-transaction.ts";
import type { MinorBlock } from "../../chain/minor-block.ts";
import { recoverSender } from "../../chain/sender.ts";
import { isInShard } from "../../chain/shard-id.ts";
import { type Address, concatBytes, type Hash32, uint32ToBytes } from "../../codec/bytes.ts";
import { QkcError } from "../../codec/errors.ts";
import { WireWriter } from "../../codec/wire.ts";

/** A block of this shard with the deposits that it consumed, in order. */
export interface ConsumingBlock {
  readonly hash: Hash32;
  readonly block: MinorBlock;
  readonly consumed: readonly CrossShardDeposit[];
}

/** Byte behind the height in an index key (shard_db_operator.py TransactionHistoryMixin). */
const CROSS_SHARD = Uint8Array.of(0);
const IN_SHARD = Uint8Array.of(1);

/** Value of `xd_`: hashes of the deposits' transactions (shard_db_operator.py put_minor_block). */
export function encodeDepositHashes(deposits: readonly CrossShardDeposit[]): Uint8Array {
  return new WireWriter(4 + 32 * deposits.length)
    .list32(deposits, (writer, deposit) => writer.raw(deposit.txHash))
    .finish();
}

/** Key of `txindex_`. */
export function transactionIndexKey(transactionHash: Hash32): Uint8Array {
  return prefixedKey(PREFIX.transactionIndex, transactionHash);
}

/** Value of `txindex_` for a consumed deposit: they count behind the block's transactions. */
export function depositPlace({ block }: ConsumingBlock, depositIndex: number): Uint8Array {
  return concatBytes(uint32ToBytes(block.header.height), uint32ToBytes(block.transactions.length + depositIndex));
}

/**
 * Keys of the history index rows of a canonical block; their values are empty (shard_db_operator.py
 * put_transaction_history_index, put_transaction_history_index_from_block).
 */
export function historyKeys(consuming: ConsumingBlock): Uint8Array[] {
  const { header, transactions } = consuming.block;
  const keys: Uint8Array[] = [];
  transactions.forEach(({ rlp }, index) => {
    const transaction = decodeEvmTransaction(rlp);
    const place = placeOf(header.height, IN_SHARD, index);
    keys.push(concatBytes(PREFIX.allTransactionsIndex, place));
    keys.push(addressKey(senderOf(transaction), place));
    const { to, toFullShardKey } = transaction;
    if (to !== undefined && isInShard(header.branch, toFullShardKey)) keys.push(addressKey(to, place));
  });
  consuming.consumed.forEach((deposit, index) => {
    // What a root block pays elsewhere reaches every shard with value 0.
    if (deposit.isFromRootChain && deposit.value === 0n) return;
    const place = placeOf(header.height, CROSS_SHARD, index);
    keys.push(addressKey(deposit.to.recipient, place));
    if (!deposit.isFromRootChain) keys.push(concatBytes(PREFIX.allTransactionsIndex, place));
  });
  return keys;
}

function placeOf(height: number, kind: Uint8Array, index: number): Uint8Array {
  return concatBytes(uint32ToBytes(height), kind, uint32ToBytes(index));
}

function addressKey(address: Address, place: Uint8Array): Uint8Array {
  return concatBytes(PREFIX.addressIndex, address, place);
}

function senderOf(transaction: EvmTransaction): Address {
  const sender = recoverSender(transaction);
  if (sender !== undefined) return sender;
  throw new QkcError("INTERNAL", "a transaction without a sender is in a block that was executed");
}
