import { z } from "zod";
import { type Log, logsBloom } from "../../chain/receipt.ts";
import { type Address, bytesEqual, EMPTY_BYTES, type Hash32 } from "../../codec/bytes.ts";
import { hashField } from "../../engine/api/json-fields.ts";
import { longListField } from "../../engine/api/long-list.ts";
import { ENGINE_ERROR, EngineError } from "../../engine/engine-error.ts";
import type { Caller } from "../../engine/json-rpc/caller.ts";
import { Turns } from "../../engine/json-rpc/turns.ts";
import type { ChainView, PlacedBlock } from "../chain-view.ts";
import { accountField, blockNumberField } from "./fields.ts";
import { receiptsToJson } from "./receipt-json.ts";

const MOST_BLOCKS = 10_000;
const MOST_LOGS = 10_000;
/** Of the data of the logs that are found; their text takes twice as much. */
const MOST_LOG_BYTES = 8 * 1024 * 1024;
/** Addresses, or topics for one place, as in geth. */
const MOST_CHOICES = 1000;
const MOST_TOPICS = 4;

function oneOrMany<T>(field: z.ZodType<T>) {
  return z.union([field.transform((value): readonly T[] => [value]), longListField(field, MOST_CHOICES)]);
}

export const logFilterField = z.strictObject({
  fromBlock: blockNumberField.optional(),
  toBlock: blockNumberField.optional(),
  blockHash: hashField.optional(),
  address: oneOrMany(accountField.transform(({ recipient }) => recipient)).nullish(),
  /** In each place one topic, several of which one has to be there, or null for any. */
  topics: longListField(oneOrMany(hashField).nullable(), MOST_TOPICS).nullish(),
});

export type LogFilter = z.output<typeof logFilterField>;

/**
 * Logs of transactions and deposits in the canonical chain, or in one block by its hash. Throws EngineError beyond the
 * limits, and what the caller's signal says when he gives up.
 */
export function findLogs(chain: ChainView, filter: LogFilter, caller: Caller): Promise<object[]> {
  return logsIn(chain, filter, blocksOf(chain, filter), caller);
}

/** Of the logs in some blocks those that pass, whatever range of blocks the filter has. Throws likewise. */
export async function logsIn(
  chain: ChainView,
  filter: LogFilter,
  blocks: Iterable<PlacedBlock>,
  { signal }: Caller,
): Promise<object[]> {
  const found: object[] = [];
  let bytes = 0;
  const bloomFilter = new BloomFilter(filter);
  const turns = new Turns();
  for (const placed of blocks) {
    await turns.pause();
    signal.throwIfAborted();
    if (!bloomFilter.mayPass(placed.block.header.bloom)) continue;
    const record = chain.node.store.record(placed.hash);
    const logs = record.receipts.flatMap((receipt) => receipt.logs);
    const answers = receiptsToJson(placed, record).flatMap((receipt) => receipt.logs as object[]);
    for (const [index, log] of logs.entries()) {
      if (!matches(log, filter)) continue;
      found.push(answers[index]);
      bytes += log.data.length;
    }
    if (found.length > MOST_LOGS) refuseMany(`${MOST_LOGS} logs match`);
    if (bytes > MOST_LOG_BYTES) refuseMany(`${MOST_LOG_BYTES} bytes of data are in the logs that match`);
  }
  return found;
}

/** Whether a block lies in the heights that a filter names; one without a bound is open there. */
export function isInRange(chain: ChainView, { fromBlock, toBlock }: LogFilter, { block }: PlacedBlock): boolean {
  const { height } = block.header;
  return height >= boundOf(chain, fromBlock, 0) && height <= boundOf(chain, toBlock, Number.POSITIVE_INFINITY);
}

/** What is named after the head moves with it and bounds nothing. */
function boundOf(chain: ChainView, selector: LogFilter["fromBlock"], open: number): number {
  if (selector === undefined) return open;
  if ("number" in selector) return selector.number;
  if ("tag" in selector && (selector.tag === "latest" || selector.tag === "pending")) return open;
  return chain.find(selector)?.block.header.height ?? open;
}

function refuseMany(what: string): never {
  throw new EngineError(ENGINE_ERROR.server, `more than ${what}: ask for fewer blocks at a time`);
}

function* blocksOf(chain: ChainView, filter: LogFilter): Generator<PlacedBlock> {
  if (filter.blockHash !== undefined) {
    if (filter.fromBlock !== undefined || filter.toBlock !== undefined) {
      throw new EngineError(ENGINE_ERROR.invalidParams, "blockHash goes without fromBlock and toBlock");
    }
    yield chain.get({ hash: filter.blockHash });
    return;
  }
  const head = chain.get().block.header.height;
  const heightOf = (selector: LogFilter["fromBlock"]) => {
    if (selector === undefined) return head;
    return "number" in selector ? selector.number : chain.get(selector).block.header.height;
  };
  const from = heightOf(filter.fromBlock);
  const to = Math.min(heightOf(filter.toBlock), head);
  if (heightOf(filter.toBlock) < from)
    throw new EngineError(ENGINE_ERROR.invalidParams, "toBlock lies below fromBlock");
  if (to - from >= MOST_BLOCKS) {
    throw new EngineError(
      ENGINE_ERROR.server,
      `${to - from + 1} blocks asked for, at most ${MOST_BLOCKS} are searched`,
    );
  }
  for (let number = from; number <= to; number++) yield chain.get({ number });
}

/** What a block's bloom has to have; it errs on one side only. */
class BloomFilter {
  /** Of each group one has to be there; an empty group asks for nothing. */
  readonly #groups: readonly (readonly Uint8Array[])[];

  constructor({ address, topics }: LogFilter) {
    this.#groups = [
      (address ?? []).map(addressBits),
      ...(topics ?? []).map((choices) => (choices ?? []).map(topicBits)),
    ];
  }

  mayPass(bloom: Uint8Array): boolean {
    return this.#groups.every((group) => group.length === 0 || group.some((bits) => contains(bloom, bits)));
  }
}

function addressBits(address: Address): Uint8Array {
  return logsBloom([{ address, topics: [], data: EMPTY_BYTES }]);
}

/** The bits of a topic alone: a log's bloom has its address as well, but both are values like any other. */
function topicBits(topic: Hash32): Uint8Array {
  return logsBloom([{ address: topic as Uint8Array as Address, topics: [], data: EMPTY_BYTES }]);
}

function contains(bloom: Uint8Array, bits: Uint8Array): boolean {
  return bits.every((byte, i) => (bloom[i] & byte) === byte);
}

function matches(log: Log, { address, topics }: LogFilter): boolean {
  if (address && address.length > 0 && !address.some((one) => bytesEqual(one, log.address))) return false;
  return (topics ?? []).every((choices, place) => {
    // A place that is asked for has to be there, whatever may stand in it.
    if (place >= log.topics.length) return false;
    return choices === null || choices.length === 0 || choices.some((one) => bytesEqual(one, log.topics[place]));
  });
}
