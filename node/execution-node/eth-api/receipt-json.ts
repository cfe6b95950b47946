import { decodeEvmTransaction } from "../../chain/evm-transaction.ts";
import type { Log, Receipt } from "../../chain/receipt.ts";
import type { Address, Hash32 } from "../../codec/bytes.ts";
import type { BlockRecord } from "../../el/store/block-record.ts";
import { dataToJson, quantityToJson } from "../../engine/api/json-fields.ts";
import type { PlacedBlock } from "../chain-view.ts";
import { shardKeyToJson } from "./transaction-json.ts";

/** What a receipt is of: a transaction, or a deposit that came from another shard. */
interface Subject {
  readonly hash: Hash32;
  readonly from: Address;
  readonly to: Address | undefined;
  readonly gasPrice: bigint;
}

/**
 * Receipts of a block in the order of its receipt trie: those of transactions, then those of deposits, which have
 * none before contracts are enabled. Their places count through.
 */
export function receiptsToJson(placed: PlacedBlock, record: BlockRecord): Record<string, unknown>[] {
  const { meta, transactions } = placed.block;
  const transactionCount = transactions.length;
  const answers: Record<string, unknown>[] = [];
  let logIndex = 0;
  for (const [index, receipt] of record.receipts.entries()) {
    const isDeposit = index >= transactionCount;
    // Deposits run first, although their receipts come last.
    const isFirst = index === 0 || index === transactionCount;
    const before = isFirst
      ? isDeposit
        ? 0n
        : meta.xshardReceiveGasUsed
      : record.receipts[index - 1].cumulativeGasUsed;
    const subject = isDeposit
      ? depositSubject(record, index - transactionCount)
      : transactionSubject(placed, record, index);
    answers.push(
      receiptToJson(placed, receipt, {
        index,
        subject,
        logIndex,
        gasUsed: receipt.cumulativeGasUsed - before,
        isDeposit,
      }),
    );
    logIndex += receipt.logs.length;
  }
  return answers;
}

interface ReceiptPlace {
  /** In the block's receipt trie. */
  readonly index: number;
  readonly subject: Subject;
  /** Of its first log in the block. */
  readonly logIndex: number;
  readonly gasUsed: bigint;
  readonly isDeposit: boolean;
}

function receiptToJson(placed: PlacedBlock, receipt: Receipt, place: ReceiptPlace): Record<string, unknown> {
  const { subject, index } = place;
  const created = receipt.contractAddress.length === 0 ? null : dataToJson(receipt.contractAddress);
  return {
    type: "0x0",
    transactionHash: dataToJson(subject.hash),
    transactionIndex: quantityToJson(index),
    blockHash: dataToJson(placed.hash),
    blockNumber: quantityToJson(placed.block.header.height),
    from: dataToJson(subject.from),
    to: subject.to === undefined ? null : dataToJson(subject.to),
    cumulativeGasUsed: quantityToJson(receipt.cumulativeGasUsed),
    gasUsed: quantityToJson(place.gasUsed),
    effectiveGasPrice: quantityToJson(subject.gasPrice),
    contractAddress: created,
    logs: receipt.logs.map((log, i) => logToJson(placed, log, { index, subject, logIndex: place.logIndex + i })),
    logsBloom: dataToJson(receipt.bloom),
    status: receipt.success ? "0x1" : "0x0",
    contractFullShardKey: shardKeyToJson(receipt.contractFullShardKey),
    isXshardDeposit: place.isDeposit,
  };
}

function logToJson(
  placed: PlacedBlock,
  log: Log,
  { index, subject, logIndex }: Pick<ReceiptPlace, "index" | "subject" | "logIndex">,
) {
  return {
    address: dataToJson(log.address),
    topics: log.topics.map(dataToJson),
    data: dataToJson(log.data),
    blockHash: dataToJson(placed.hash),
    blockNumber: quantityToJson(placed.block.header.height),
    transactionHash: dataToJson(subject.hash),
    transactionIndex: quantityToJson(index),
    logIndex: quantityToJson(logIndex),
    removed: false,
  };
}

function transactionSubject({ block }: PlacedBlock, { senders }: BlockRecord, index: number): Subject {
  const { rlp, hash } = block.transactions[index];
  const { to, gasPrice } = decodeEvmTransaction(rlp);
  return { hash, from: senders[index], to, gasPrice };
}

function depositSubject({ deposits }: BlockRecord, index: number): Subject {
  const { txHash, from, to, gasPrice, createContract } = deposits[index];
  return { hash: txHash, from: from.recipient, to: createContract ? undefined : to.recipient, gasPrice };
}
