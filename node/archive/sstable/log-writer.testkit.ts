import { concatBytes, EMPTY_BYTES, utf8 } from "../../codec/bytes.ts";
import { maskedCrc32c } from "./checksum.ts";

const BLOCK_BYTES = 32768;
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;

function fixed32(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
}

export function fixed64(value: number): Uint8Array {
  return concatBytes(fixed32(value % 0x1_0000_0000), fixed32(Math.floor(value / 0x1_0000_0000)));
}

export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

export function prefixed(bytes: Uint8Array): Uint8Array {
  return concatBytes(varint(bytes.length), bytes);
}

/** One physical record; with a log number it is of the recyclable kind. */
export function physicalRecord(type: number, payload: Uint8Array, logNumber?: number): Uint8Array {
  const number = logNumber === undefined ? EMPTY_BYTES : fixed32(logNumber);
  const covered = concatBytes(Uint8Array.of(type), number, payload);
  const length = Uint8Array.of(payload.length & 0xff, payload.length >>> 8);
  return concatBytes(fixed32(maskedCrc32c(covered)), length, covered);
}

/** A log of these records, cut into blocks as LevelDB and RocksDB write it. */
export function writeLog(records: readonly Uint8Array[], recycledAs?: number): Uint8Array {
  const parts: Uint8Array[] = [];
  const headerBytes = recycledAs === undefined ? 7 : 11;
  const kind = recycledAs === undefined ? 0 : 4;
  let at = 0;
  const push = (bytes: Uint8Array): void => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const record of records) {
    let start = 0;
    do {
      let left = BLOCK_BYTES - (at % BLOCK_BYTES);
      if (left < headerBytes) {
        push(new Uint8Array(left));
        left = BLOCK_BYTES;
      }
      const end = Math.min(record.length, start + left - headerBytes);
      const whole = end === record.length;
      const type = start === 0 ? (whole ? FULL : FIRST) : whole ? LAST : MIDDLE;
      push(physicalRecord(type + kind, record.subarray(start, end), recycledAs));
      start = end;
    } while (start < record.length);
  }
  return concatBytes(...parts);
}

/** A write batch of ready operations. */
export function writeBatch(sequence: number, operations: readonly Uint8Array[], count = operations.length): Uint8Array {
  return concatBytes(fixed64(sequence), fixed32(count), ...operations);
}

export function put(key: string, value: string): Uint8Array {
  return concatBytes(Uint8Array.of(0x01), prefixed(utf8(key)), prefixed(utf8(value)));
}

export function remove(key: string): Uint8Array {
  return concatBytes(Uint8Array.of(0x00), prefixed(utf8(key)));
}
