import { PREFIX, prefixedKey } from "../../archive/pyquarkchain/keys.ts";
import type { CrossShardDeposit } from "../../chain/deposit.ts";
import { decodeEvmTransaction, type EvmTransaction } from "../../chain/evm-transaction.ts";
import {
  type MinorBlock,
  readMinorBlockHeader,
  readMinorBlockMeta,
  writeMinorBlockHeader,
  writeMinorBlockMeta,
} from "../../chain/minor-block.ts";
import { recoverSender } from "../../chain/sender.ts";
import { isInShard } from "../../chain/shard-id.ts";
import type { KnownMinorBlock } from "../../cl/minor-chain.ts";
import { type Address, asAddress, concatAll, concatBytes, type Hash32, uint32ToBytes } from "../../codec/bytes.ts";
import { QkcError } from "../../codec/errors.ts";
import { WireReader, WireWriter } from "../../codec/wire.ts";

/** What the consensus side keeps of a block: all that rules, windows and indexes ask for, and no body. */
export interface MinorRecord extends KnownMinorBlock {
  /** Of the block itself. */
  readonly transactionCount: number;
  /** Of the root tip by which its targets were reachable when it was executed. */
  readonly rootTipHeight: number;
}

/** Whose history a transaction belongs to. */
export interface TransactionParties {
  readonly sender: Address;
  /** Undefined where it creates a contract or goes to another shard. */
  readonly recipient: Address | undefined;
}

/** What the indexes hold of a canonical block. */
export interface IndexedBlock {
  readonly hash: Hash32;
  readonly height: number;
  readonly transactionCount: number;
  /** Of the transactions whose deposits it consumed, in order. */
  readonly consumedHashes: readonly Hash32[];
  /** With ENABLE_TRANSACTION_HISTORY only. */
  readonly history: BlockHistory | undefined;
}

export interface BlockHistory {
  readonly parties: readonly TransactionParties[];
  readonly consumed: readonly CrossShardDeposit[];
}

/** Where a chain stood when its last rows were written. */
export interface StoredTips {
  readonly rootTip: Hash32;
  readonly head: Hash32;
  /** Number of the arrivals that come next. */
  readonly nextUnit: number;
}

/** Byte behind the height in an index key (shard_db_operator.py TransactionHistoryMixin). */
const CROSS_SHARD = Uint8Array.of(0);
const IN_SHARD = Uint8Array.of(1);

export function encodeMinorRecord({ header, meta, transactionCount, rootTipHeight }: MinorRecord): Uint8Array {
  const writer = new WireWriter(1024);
  writeMinorBlockHeader(writer, header);
  writeMinorBlockMeta(writer, meta);
  return writer.uint32(transactionCount).uint64(rootTipHeight).finish();
}

export function decodeMinorRecord(bytes: Uint8Array): MinorRecord {
  const reader = new WireReader(bytes);
  const header = readMinorBlockHeader(reader);
  const meta = readMinorBlockMeta(reader);
  const transactionCount = reader.uint32("transaction count");
  const rootTipHeight = reader.count64("root tip height");
  reader.expectEnd("minor block record");
  return { header, meta, transactionCount, rootTipHeight };
}

/** Value of `xd_`: hashes of the deposits' transactions (shard_db_operator.py put_minor_block). */
export function encodeDepositHashes(deposits: readonly Pick<CrossShardDeposit, "txHash">[]): Uint8Array {
  return new WireWriter(4 + 32 * deposits.length)
    .list32(deposits, (writer, deposit) => writer.raw(deposit.txHash))
    .finish();
}

export function decodeDepositHashes(bytes: Uint8Array): Hash32[] {
  const reader = new WireReader(bytes);
  const hashes = reader.list32("deposit hashes", 32, (each) => each.hash32("deposit hash"));
  reader.expectEnd("deposit hashes");
  return hashes;
}

export function partiesOf({ header, transactions }: MinorBlock): TransactionParties[] {
  return transactions.map(({ rlp }) => {
    const transaction = decodeEvmTransaction(rlp);
    const { to, toFullShardKey } = transaction;
    const staysHere = to !== undefined && isInShard(header.branch, toFullShardKey);
    return { sender: senderOf(transaction), recipient: staysHere ? to : undefined };
  });
}

export function encodeParties(parties: readonly TransactionParties[]): Uint8Array {
  return new WireWriter(4 + 41 * parties.length)
    .list32(parties, (writer, { sender, recipient }) => {
      writer.raw(sender).uint8(recipient === undefined ? 0 : 1);
      if (recipient !== undefined) writer.raw(recipient);
    })
    .finish();
}

export function decodeParties(bytes: Uint8Array): TransactionParties[] {
  const reader = new WireReader(bytes);
  const parties = reader.list32("transaction parties", 21, (each) => {
    const sender = asAddress(each.raw(20, "sender"));
    const hasRecipient = each.boolean("recipient flag");
    return { sender, recipient: hasRecipient ? asAddress(each.raw(20, "recipient")) : undefined };
  });
  reader.expectEnd("transaction parties");
  return parties;
}

export function encodeTips({ rootTip, head, nextUnit }: StoredTips): Uint8Array {
  return new WireWriter(72).raw(rootTip).raw(head).uint64(nextUnit).finish();
}

export function decodeTips(bytes: Uint8Array): StoredTips {
  const reader = new WireReader(bytes);
  const rootTip = reader.hash32("root tip");
  const head = reader.hash32("head");
  const tips = { rootTip, head, nextUnit: reader.count64("next unit") };
  reader.expectEnd("tips");
  return tips;
}

export function encodeHashes(hashes: readonly Hash32[]): Uint8Array {
  return concatAll(hashes);
}

export function decodeHashes(bytes: Uint8Array): Hash32[] {
  const reader = new WireReader(bytes);
  const hashes: Hash32[] = [];
  while (reader.remaining > 0) hashes.push(reader.hash32("hash"));
  return hashes;
}

/** Key of `txindex_`. */
export function transactionIndexKey(transactionHash: Hash32): Uint8Array {
  return prefixedKey(PREFIX.transactionIndex, transactionHash);
}

/** Value of `txindex_` for a consumed deposit: they count behind the block's transactions. */
export function depositPlace({ height, transactionCount }: IndexedBlock, depositIndex: number): Uint8Array {
  return concatBytes(uint32ToBytes(height), uint32ToBytes(transactionCount + depositIndex));
}

/**
 * Keys of the history index rows of a canonical block; their values are empty (shard_db_operator.py
 * put_transaction_history_index, put_transaction_history_index_from_block).
 */
export function historyKeys(height: number, { parties, consumed }: BlockHistory): Uint8Array[] {
  const keys: Uint8Array[] = [];
  parties.forEach(({ sender, recipient }, index) => {
    const place = placeOf(height, IN_SHARD, index);
    keys.push(concatBytes(PREFIX.allTransactionsIndex, place));
    keys.push(addressKey(sender, place));
    if (recipient !== undefined) keys.push(addressKey(recipient, place));
  });
  consumed.forEach((deposit, index) => {
    // What a root block pays elsewhere reaches every shard with value 0.
    if (deposit.isFromRootChain && deposit.value === 0n) return;
    const place = placeOf(height, CROSS_SHARD, index);
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
