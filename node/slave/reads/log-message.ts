import type { Log } from "../../chain/receipt.ts";
import type { Hash32 } from "../../codec/bytes.ts";
import type { AnswerTo } from "./read-messages.ts";

export type LogMessage = AnswerTo<"getLog">["logs"][number];

/** Where a log stands. */
interface LogPlace {
  readonly blockHash: Hash32;
  readonly height: number;
  /** Transaction whose receipt has it, or whose deposit's. */
  readonly transactionHash: Hash32;
  /** Of the receipt in its block. */
  readonly receiptIndex: number;
  /** Within its receipt. */
  readonly logIndex: number;
}

/** A log as the master is told of it (pyquarkchain core.py Log.create_from_eth_log). */
export function logMessage({ address, topics, data }: Log, place: LogPlace): LogMessage {
  const { blockHash, height, transactionHash, receiptIndex, logIndex } = place;
  return {
    address,
    topics,
    data,
    blockHeight: BigInt(height),
    blockHash,
    transactionIndex: receiptIndex,
    transactionHash,
    logIndex,
  };
}
