import { DatabaseDamagedError, UnsupportedError } from "../../codec/errors.ts";
import { Decoder } from "./decoder.ts";
import type { LogRecord } from "./log-reader.ts";

/** Sequence number (8 bytes) and number of operations (4 bytes) before the operations. */
const HEADER_BYTES = 12;
const SEQUENCE_BYTES = 8;
const MAX_SEQUENCE = (1n << 56n) - 1n;

/** Operation tags (RocksDB db/dbformat.h: ValueType); LevelDB knows DELETION and VALUE. */
const DELETION = 0x00;
const VALUE = 0x01;
const LOG_DATA = 0x03;
const COLUMN_FAMILY_DELETION = 0x04;
const COLUMN_FAMILY_VALUE = 0x05;
const SINGLE_DELETION = 0x07;
const COLUMN_FAMILY_SINGLE_DELETION = 0x08;
const NOOP = 0x0d;
const REFUSED: ReadonlyMap<number, string> = new Map([
  [0x02, "merge operands"],
  [0x06, "merge operands"],
  [0x09, "transactions"],
  [0x0a, "transactions"],
  [0x0b, "transactions"],
  [0x0c, "transactions"],
  [0x0e, "range deletions"],
  [0x0f, "range deletions"],
  [0x10, "blob files"],
  [0x11, "blob files"],
  [0x12, "transactions"],
  [0x13, "transactions"],
  [0x15, "transactions"],
  [0x16, "wide-column entities"],
  [0x17, "wide-column entities"],
  [0x18, "timed puts"],
  [0x19, "timed puts"],
]);

/** Receives what a batch does to the default column family, in order. */
export interface BatchHandler {
  /** Both are views of the batch. */
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
}

export interface BatchHeader {
  /** Sequence number of the first operation. */
  readonly sequence: bigint;
  /** Number of operations; the next batch's sequence is `sequence + count`. */
  readonly count: number;
}

/** Undefined when the record is too short for a batch or its sequence number is impossible. */
export function readBatchHeader(payload: Uint8Array): BatchHeader | undefined {
  if (payload.length < HEADER_BYTES) return undefined;
  const header = new Decoder(payload, { file: "", offset: 0 });
  const sequence = header.fixed64("sequence number");
  if (sequence > MAX_SEQUENCE) return undefined;
  return { sequence, count: header.fixed32("operation count") };
}

/**
 * Passes a batch's operations on. The record's checksum was right, so bytes that do not parse are no torn write:
 * DatabaseDamagedError, where RocksDB refuses to open as well. Operations on other column families are skipped:
 * those families have been dropped, or the MANIFEST would have been refused.
 */
export function replayBatch(record: LogRecord, file: string, handler: BatchHandler): void {
  const input = new Decoder(record.payload, { file, offset: record.offset });
  input.view(SEQUENCE_BYTES, "sequence number");
  const count = input.fixed32("operation count");
  let found = 0;
  while (!input.done) {
    const tag = input.byte("operation tag");
    switch (tag) {
      case VALUE:
      case COLUMN_FAMILY_VALUE: {
        const family = tag === VALUE ? 0 : input.varint32("column family");
        const key = input.prefixed("key");
        const value = input.prefixed("value");
        if (family === 0) handler.put(key, value);
        found++;
        break;
      }
      case DELETION:
      case SINGLE_DELETION:
      case COLUMN_FAMILY_DELETION:
      case COLUMN_FAMILY_SINGLE_DELETION: {
        const family = tag === DELETION || tag === SINGLE_DELETION ? 0 : input.varint32("column family");
        const key = input.prefixed("key");
        if (family === 0) handler.delete(key);
        found++;
        break;
      }
      case LOG_DATA:
        input.prefixed("log data");
        break;
      case NOOP:
        break;
      default: {
        const name = REFUSED.get(tag);
        if (name !== undefined) throw new UnsupportedError(`${file}: ${name} in the write-ahead log are not read`);
        throw input.damage(`unknown operation ${tag} in a write batch`);
      }
    }
  }
  if (found !== count) {
    throw new DatabaseDamagedError(`a write batch has ${found} operations where it declares ${count}`, {
      file,
      offset: record.offset,
    });
  }
}
