import { concatAll, EMPTY_BYTES } from "../../codec/bytes.ts";
import { UnsupportedError } from "../../codec/errors.ts";
import { maskedCrc32c } from "./checksum.ts";
import { readUint32 } from "./decoder.ts";

const BLOCK_BYTES = 32768;
const HEADER_BYTES = 7;
const RECYCLABLE_HEADER_BYTES = 11;

/** Record types (RocksDB db/log_format.h); LevelDB knows the first five. */
const ZERO = 0;
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;
const RECYCLABLE_FULL = 5;
const RECYCLABLE_LAST = 8;
const RECYCLABLE_TO_PLAIN = RECYCLABLE_FULL - FULL;
const SET_COMPRESSION = 9;
const TIMESTAMP_SIZE = 10;
const RECYCLABLE_TIMESTAMP_SIZE = 11;
const RECYCLABLE_PREDECESSOR = 131;
/** Unknown types with this bit may be skipped. */
const IGNORABLE = 0x80;

export interface LogRecord {
  readonly payload: Uint8Array;
  /** Offset in the file of the record's first fragment. */
  readonly offset: number;
}

/** Why reading stopped before the end of the file. */
export interface LogTear {
  readonly offset: number;
  readonly reason: string;
}

/**
 * Reads the records of a write-ahead log or a MANIFEST up to the end or the first damage, and stops exactly where
 * RocksDB's point-in-time recovery stops (RocksDB db/log_reader.cc: Reader::ReadRecord). Payloads are views of `bytes`
 * where the record is in one piece.
 */
export class LogReader {
  readonly #bytes: Uint8Array;
  readonly #file: string;
  readonly #logNumber: number;
  #position = 0;
  #sawRecord = false;
  #recycled = false;
  #tear: LogTear | undefined;

  /** `logNumber` is the number in the file's name; records that carry another are left over from a recycled file. */
  constructor(bytes: Uint8Array, file: string, logNumber: number) {
    this.#bytes = bytes;
    this.#file = file;
    this.#logNumber = logNumber;
  }

  /** Set once next() has returned undefined because of damage, not because of the end. */
  get tear(): LogTear | undefined {
    return this.#tear;
  }

  /** The next record, or undefined at the end or at the first damage. Throws UnsupportedError for compressed logs. */
  next(): LogRecord | undefined {
    let fragments: Uint8Array[] | undefined;
    let recordOffset = 0;
    for (;;) {
      const fragment = this.#nextFragment();
      if (fragment === undefined) {
        if (fragments !== undefined) this.#stop(recordOffset, "the record has no end");
        return undefined;
      }
      const { type, payload, offset } = fragment;
      switch (type) {
        case ZERO:
          // Space that was allocated and never written, or else a record of a type that does not exist.
          if (payload.length > 0) return this.#stop(offset, "unknown record type 0");
          if (fragments !== undefined) return this.#stop(recordOffset, "the record has no end");
          break;
        case FULL:
          if (hasBytes(fragments)) return this.#stop(recordOffset, "the record has no end");
          this.#sawRecord = true;
          return { payload, offset };
        case FIRST:
          if (hasBytes(fragments)) return this.#stop(recordOffset, "the record has no end");
          fragments = [payload];
          recordOffset = offset;
          break;
        case MIDDLE:
        case LAST:
          if (fragments === undefined) return this.#stop(offset, "the record has no beginning");
          fragments.push(payload);
          if (type === LAST) {
            this.#sawRecord = true;
            return { payload: concatAll(fragments), offset: recordOffset };
          }
          break;
        case SET_COMPRESSION:
          throw new UnsupportedError(`${this.#file}: compressed write-ahead logs are not read`);
        case TIMESTAMP_SIZE:
        case RECYCLABLE_TIMESTAMP_SIZE:
          throw new UnsupportedError(`${this.#file}: user-defined timestamps are not read`);
        default:
          if ((type & IGNORABLE) === 0) return this.#stop(offset, `unknown record type ${type}`);
          fragments = undefined;
      }
    }
  }

  /** One physical record with recyclable types mapped to plain ones; undefined at the end or at damage. */
  #nextFragment(): { type: number; payload: Uint8Array; offset: number } | undefined {
    const bytes = this.#bytes;
    for (;;) {
      const offset = this.#position;
      const left = bytes.length - offset;
      const leftInBlock = BLOCK_BYTES - (offset % BLOCK_BYTES);
      if (leftInBlock < HEADER_BYTES) {
        // Too short for a header: the rest of the block is padding.
        if (left <= leftInBlock) return left < leftInBlock && left > 0 ? this.#stop(offset, "cut off") : undefined;
        this.#position += leftInBlock;
        continue;
      }
      if (left === 0) return undefined;
      if (left < HEADER_BYTES) return this.#stop(offset, "the record header is cut off");

      const length = bytes[offset + 4] | (bytes[offset + 5] << 8);
      const type = bytes[offset + 6];
      const recyclable =
        (type >= RECYCLABLE_FULL && type <= RECYCLABLE_LAST) ||
        type === RECYCLABLE_TIMESTAMP_SIZE ||
        type === RECYCLABLE_PREDECESSOR;
      const headerBytes = recyclable ? RECYCLABLE_HEADER_BYTES : HEADER_BYTES;
      if (recyclable && leftInBlock < headerBytes) {
        this.#position += leftInBlock;
        continue;
      }
      if (recyclable && this.#sawRecord && !this.#recycled) {
        return this.#stop(offset, "a recycled record follows a plain one");
      }
      if (recyclable) this.#recycled = true;
      if (headerBytes + length > Math.min(left, leftInBlock)) return this.#stop(offset, "the record is cut off");
      if (recyclable && readUint32(bytes, offset + HEADER_BYTES) !== this.#logNumber >>> 0) {
        return this.#stop(offset, "the rest is left over from an older log");
      }
      if (type === ZERO && length === 0) {
        this.#position += Math.min(left, leftInBlock);
        return { type, payload: EMPTY_BYTES, offset };
      }
      const end = offset + headerBytes + length;
      if (maskedCrc32c(bytes.subarray(offset + 6, end)) !== readUint32(bytes, offset)) {
        return this.#stop(offset, "checksum mismatch");
      }
      this.#position = end;
      const plain = type >= RECYCLABLE_FULL && type <= RECYCLABLE_LAST ? type - RECYCLABLE_TO_PLAIN : type;
      return { type: plain, payload: bytes.subarray(offset + headerBytes, end), offset };
    }
  }

  #stop(offset: number, reason: string): undefined {
    this.#tear ??= { offset, reason };
    this.#position = this.#bytes.length;
    return undefined;
  }
}

/** Old writers could leave an empty first fragment at a block's end; it is not a torn record. */
function hasBytes(fragments: readonly Uint8Array[] | undefined): boolean {
  return fragments?.some((fragment) => fragment.length > 0) ?? false;
}
