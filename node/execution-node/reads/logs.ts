import { type Log, logsBloom, type Receipt } from "../../chain/receipt.ts";
import { type Address, bytesEqual, EMPTY_BYTES } from "../../codec/bytes.ts";
import { Turns } from "../../engine/json-rpc/turns.ts";
import { ReadError } from "./read-error.ts";

/** pyquarkchain cluster/log_filter.py LogFilter.TIMEOUT. */
const MOST_MS = 10_000;
/** Of the data of the logs that are found. An answer may have 128 MiB. */
const MOST_BYTES = 64 * 1024 * 1024;
/** A log without data takes about so much. */
const LOG_BYTES = 256;

export interface LogQuery {
  /** Of this shard; none asks for logs of any contract. */
  readonly addresses: readonly Address[];
  /** In each place one of several topics; an empty place asks for nothing. */
  readonly topics: readonly (readonly Uint8Array[])[];
}

/** A block with what its execution left. */
export interface BlockLogs {
  /** 256 bytes, the header's. */
  readonly bloom: Uint8Array;
  /** Of transactions, then of deposits; read where the bloom may match. */
  receipts(): readonly Receipt[];
}

export interface FoundLog<T> {
  readonly log: Log;
  readonly block: T;
  /** Of its receipt in the block. */
  readonly receiptIndex: number;
  /** Within its receipt. */
  readonly logIndex: number;
}

/**
 * Logs in the given blocks, in their order (pyquarkchain cluster/log_filter.py). Of several addresses the bloom of a
 * block must hold all, and topics are compared as far as both lists go: a log with fewer topics than the query has
 * places still matches. Gives way to other work, and throws what `signal` says once nobody waits any more; throws
 * ReadError where it takes too long.
 */
export async function findLogs<T extends BlockLogs>(
  blocks: Iterable<T>,
  query: LogQuery,
  signal: AbortSignal,
  now: () => number = Date.now,
): Promise<FoundLog<T>[]> {
  const found: FoundLog<T>[] = [];
  const matcher = new LogMatcher(query);
  const turns = new Turns();
  const start = now();
  let bytes = 0;
  for (const block of blocks) {
    await turns.pause();
    signal.throwIfAborted();
    if (now() - start > MOST_MS) throw new ReadError("too-much", `the search for logs took more than ${MOST_MS} ms`);
    if (!matcher.mayMatch(block.bloom)) continue;
    for (const { log, receiptIndex, logIndex } of logsOf(block)) {
      if (!matcher.matches(log)) continue;
      found.push({ log, block, receiptIndex, logIndex });
      bytes += LOG_BYTES + log.data.length;
      if (bytes > MOST_BYTES) throw new ReadError("too-much", `the logs take more than ${MOST_BYTES} bytes`);
    }
  }
  return found;
}

function* logsOf(block: BlockLogs) {
  for (const [receiptIndex, { logs }] of block.receipts().entries()) {
    for (const [logIndex, log] of logs.entries()) yield { log, receiptIndex, logIndex };
  }
}

/** Which logs a query asks for. */
export class LogMatcher {
  readonly #query: LogQuery;
  readonly #needed: readonly (readonly Uint8Array[])[];

  constructor(query: LogQuery) {
    this.#query = query;
    this.#needed = bloomOf(query);
  }

  /** Whether a block of this bloom is looked at: of several addresses it must hold all. */
  mayMatch(bloom: Uint8Array): boolean {
    return this.#needed.every((choices) => choices.some((bits) => contains(bloom, bits)));
  }

  matches(log: Pick<Log, "address" | "topics">): boolean {
    const { addresses, topics } = this.#query;
    if (addresses.length > 0 && !addresses.some((address) => bytesEqual(address, log.address))) return false;
    return topics.every((choices, place) => {
      if (choices.length === 0 || place >= log.topics.length) return true;
      return choices.some((topic) => bytesEqual(topic, log.topics[place]));
    });
  }
}

/** Of each group a block's bloom has to hold one. */
function bloomOf({ addresses, topics }: LogQuery): Uint8Array[][] {
  return [
    ...addresses.map((address) => [bitsOf(address)]),
    ...topics.filter((choices) => choices.length > 0).map((choices) => choices.map(bitsOf)),
  ];
}

/** A bloom takes addresses and topics alike. */
function bitsOf(value: Uint8Array): Uint8Array {
  return logsBloom([{ address: value as Address, topics: [], data: EMPTY_BYTES }]);
}

function contains(bloom: Uint8Array, bits: Uint8Array): boolean {
  return bits.every((byte, index) => (bloom[index] & byte) === byte);
}
