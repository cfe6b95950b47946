import { decodeReceipt } from "../../chain/decode-receipt.ts";
import { type CrossShardDeposit, decodeDepositList, encodeDepositList } from "../../chain/deposit.ts";
import { encodeReceipt, type Receipt } from "../../chain/receipt.ts";
import type { Address } from "../../codec/bytes.ts";
import { WireReader, WireWriter } from "../../codec/wire.ts";
import type { KeptDeposits } from "../kept-deposits.ts";
import type { ExecutionResult } from "../payload.ts";

/** What a block's execution left besides its state and what its header and meta declare. */
export interface BlockRecord {
  /** Of each transaction. */
  readonly senders: readonly Address[];
  /** Transactions first, then deposits. */
  readonly receipts: readonly Receipt[];
  /** Deposits that the block consumed, in their order. */
  readonly deposits: readonly CrossShardDeposit[];
  readonly xshardSends: readonly CrossShardDeposit[];
}

/** Of a genesis block, which is not executed. */
export const EMPTY_RECORD: BlockRecord = { senders: [], receipts: [], deposits: [], xshardSends: [] };

/** `deposits`: those that the execution walked along. */
export function blockRecordOf(
  { senders, receipts, xshardSends, depositsConsumed }: ExecutionResult,
  { walked }: KeptDeposits,
): BlockRecord {
  const deposits = walked.slice(0, depositsConsumed).map(({ deposit }) => deposit);
  return { senders, receipts, deposits, xshardSends };
}

export function encodeBlockRecord({ senders, receipts, deposits, xshardSends }: BlockRecord): Uint8Array {
  return new WireWriter(1024)
    .list32(senders, (writer, sender) => writer.raw(sender))
    .list32(receipts, (writer, receipt) => writer.bytes32(encodeReceipt(receipt)))
    .bytes32(encodeDepositList(deposits))
    .bytes32(encodeDepositList(xshardSends))
    .finish();
}

/** Throws CodecError when the bytes are no record. */
export function decodeBlockRecord(bytes: Uint8Array): BlockRecord {
  const reader = new WireReader(bytes);
  const senders = reader.list32("senders", 20, (item) => item.address("sender"));
  const receipts = reader.list32("receipts", 4, (item) => decodeReceipt(item.bytes32("receipt")));
  const { deposits } = decodeDepositList(reader.bytes32("consumed deposits"));
  const { deposits: xshardSends } = decodeDepositList(reader.bytes32("sends"));
  reader.expectEnd("block record");
  return { senders, receipts, deposits, xshardSends };
}
