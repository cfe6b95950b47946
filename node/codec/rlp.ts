import { bigIntToMinimalBytes, bytesToBigInt } from "./bytes.ts";
import { CodecError } from "./errors.ts";

/** What RLP can encode: a byte string or a list. */
export type RlpValue = Uint8Array | readonly RlpValue[];

/**
 * RLP on the hot path (trie nodes, accounts, receipts, transactions): one measuring and one writing pass, a
 * single allocation. @ethereumjs/rlp, which serves everywhere else, is 3–4x slower on these shapes (docs/adr/0002).
 */
export function rlpEncode(value: RlpValue): Uint8Array {
  const out = new Uint8Array(encodedLength(value));
  writeValue(out, 0, value);
  return out;
}

/** RLP of an unsigned number: big-endian without leading zeros. */
export function rlpEncodeUint(value: bigint): Uint8Array {
  return rlpEncode(bigIntToMinimalBytes(value));
}

/** Header bytes of a list whose items take `payload` bytes, written at `at`. Returns the offset behind it. */
export function writeListHeader(out: Uint8Array, at: number, payload: number): number {
  return writeHeader(out, at, payload, 0xc0);
}

/** Puts the header of the string at `start` to `end` in front of it and returns where the item begins. */
export function putStringHeaderBefore(out: Uint8Array, start: number, end: number): number {
  if (end - start === 1 && out[start] < 0x80) return start;
  return putHeaderBefore(out, start, end - start, 0x80);
}

/** The same of a list whose items stand there. */
export function putListHeaderBefore(out: Uint8Array, start: number, end: number): number {
  return putHeaderBefore(out, start, end - start, 0xc0);
}

function putHeaderBefore(out: Uint8Array, start: number, payload: number, base: number): number {
  const at = start - headerLength(payload);
  writeHeader(out, at, payload, base);
  return at;
}

/** Bytes that a header for `payload` bytes takes. */
export function headerLength(payload: number): number {
  if (payload < 56) return 1;
  let lengthBytes = 1;
  for (let rest = payload; rest > 0xff; rest = Math.floor(rest / 256)) lengthBytes++;
  return 1 + lengthBytes;
}

function payloadLength(list: readonly RlpValue[]): number {
  let payload = 0;
  for (const item of list) payload += encodedLength(item);
  return payload;
}

function encodedLength(value: RlpValue): number {
  if (value instanceof Uint8Array) {
    return value.length === 1 && value[0] < 0x80 ? 1 : headerLength(value.length) + value.length;
  }
  const payload = payloadLength(value);
  return headerLength(payload) + payload;
}

function writeHeader(out: Uint8Array, at: number, payload: number, base: number): number {
  if (payload < 56) {
    out[at] = base + payload;
    return at + 1;
  }
  const lengthBytes = headerLength(payload) - 1;
  out[at] = base + 55 + lengthBytes;
  let rest = payload;
  for (let i = lengthBytes; i > 0; i--) {
    out[at + i] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
  return at + 1 + lengthBytes;
}

function writeValue(out: Uint8Array, at: number, value: RlpValue): number {
  if (value instanceof Uint8Array) {
    if (value.length === 1 && value[0] < 0x80) {
      out[at] = value[0];
      return at + 1;
    }
    const start = writeHeader(out, at, value.length, 0x80);
    out.set(value, start);
    return start + value.length;
  }
  let next = writeHeader(out, at, payloadLength(value), 0xc0);
  for (const item of value) next = writeValue(out, next, item);
  return next;
}

/** One item's place in a buffer. */
export interface RlpSpan {
  readonly isList: boolean;
  /** Where the payload starts. */
  readonly start: number;
  /** Where the item ends (exclusive). */
  readonly end: number;
}

/**
 * Reads the header at `at`; the item must end by `limit`. Refuses non-canonical lengths, as pyquarkchain's rlp
 * (pyrlp, strict) does.
 */
export function rlpSpan(bytes: Uint8Array, at: number, limit: number): RlpSpan {
  if (at >= limit) throw new CodecError(`rlp: item expected at offset ${at}, the input ends`);
  const first = bytes[at];
  if (first < 0x80) return { isList: false, start: at, end: at + 1 };
  const isList = first >= 0xc0;
  const base = isList ? 0xc0 : 0x80;
  let start = at + 1;
  let length = first - base;
  if (length > 55) {
    const lengthBytes = length - 55;
    if (start + lengthBytes > limit) throw new CodecError(`rlp: the length at offset ${at} is cut off`);
    length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + bytes[start + i];
    if (bytes[start] === 0 || length < 56) throw new CodecError(`rlp: non-canonical length at offset ${at}`);
    start += lengthBytes;
  }
  const end = start + length;
  if (end > limit) throw new CodecError(`rlp: item at offset ${at} needs ${length} bytes, ${limit - start} left`);
  if (!isList && length === 1 && bytes[start] < 0x80) {
    throw new CodecError(`rlp: single byte at offset ${at} is not encoded as itself`);
  }
  return { isList, start, end };
}

/**
 * Items of the list that fills `bytes`: byte strings as views of their payload, lists as views of their whole
 * encoding (decode them with a further call). Throws CodecError on anything non-canonical.
 */
export function rlpListItems(bytes: Uint8Array, what: string): Uint8Array[] {
  const list = rlpSpan(bytes, 0, bytes.length);
  if (!list.isList) throw new CodecError(`${what}: an rlp list was expected`);
  if (list.end !== bytes.length) throw new CodecError(`${what}: ${bytes.length - list.end} bytes behind the rlp list`);
  const items: Uint8Array[] = [];
  for (let at = list.start; at < list.end; ) {
    const item = rlpSpan(bytes, at, list.end);
    items.push(bytes.subarray(item.isList ? at : item.start, item.end));
    at = item.end;
  }
  return items;
}

/** The byte string that fills `bytes`. */
export function rlpString(bytes: Uint8Array, what: string): Uint8Array {
  const span = rlpSpan(bytes, 0, bytes.length);
  if (span.isList) throw new CodecError(`${what}: an rlp string was expected, got a list`);
  if (span.end !== bytes.length) throw new CodecError(`${what}: ${bytes.length - span.end} bytes behind the rlp item`);
  return bytes.subarray(span.start, span.end);
}

/** Unsigned number from a payload; leading zeros are refused (pyrlp big_endian_int). */
export function uintFromPayload(payload: Uint8Array, what: string): bigint {
  if (payload.length > 0 && payload[0] === 0) throw new CodecError(`${what}: leading zero in a number`);
  return payload.length === 0 ? 0n : bytesToBigInt(payload);
}
