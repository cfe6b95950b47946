import { CodecError } from "./errors.ts";

declare const hash32Brand: unique symbol;
declare const addressBrand: unique symbol;

/** 32 bytes: a keccak-256 hash, a state root, a block id. */
export type Hash32 = Uint8Array & { readonly [hash32Brand]: true };
/** 20 bytes: an account (pyquarkchain calls it recipient). */
export type Address = Uint8Array & { readonly [addressBrand]: true };

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

/** Types `bytes` as a hash. Throws CodecError unless it has 32 bytes. */
export function asHash32(bytes: Uint8Array): Hash32 {
  if (bytes.length !== 32) throw new CodecError(`a hash has 32 bytes, got ${bytes.length}`);
  return bytes as Hash32;
}

/** Types `bytes` as an address. Throws CodecError unless it has 20 bytes. */
export function asAddress(bytes: Uint8Array): Address {
  if (bytes.length !== 20) throw new CodecError(`an address has 20 bytes, got ${bytes.length}`);
  return bytes as Address;
}

export const ZERO_HASH: Hash32 = asHash32(new Uint8Array(32));
export const ZERO_ADDRESS: Address = asAddress(new Uint8Array(20));

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hex without prefix. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length > 64) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i]];
  return text;
}

/** Bytes of a hex text, with or without 0x. Throws CodecError naming `what` on odd length or a foreign character. */
export function fromHex(text: string, what = "hex text"): Uint8Array {
  const digits = text.startsWith("0x") || text.startsWith("0X") ? text.slice(2) : text;
  if (digits.length % 2 !== 0) throw new CodecError(`${what}: odd number of hex digits (${digits.length})`);
  if (!/^[0-9a-fA-F]*$/.test(digits)) throw new CodecError(`${what}: not hexadecimal: ${text.slice(0, 80)}`);
  return new Uint8Array(Buffer.from(digits, "hex"));
}

export function hashFromHex(text: string, what = "hash"): Hash32 {
  return asHash32(fromHex(text, what));
}

export function addressFromHex(text: string, what = "address"): Address {
  return asAddress(fromHex(text, what));
}

/**
 * A string that is equal exactly when the bytes are: one UTF-16 unit per byte. For Map keys, not for people.
 */
export function bytesKey(bytes: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
}

export function bytesFromKey(key: string): Uint8Array {
  return new Uint8Array(Buffer.from(key, "latin1"));
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Byte-wise (memcmp) order: negative, zero or positive. A prefix comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = a[i] - b[i];
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return concatAll(parts);
}

/** As concatBytes, for lists whose length somebody else decides: a call has room for some 100,000 arguments only. */
export function concatAll(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Big-endian unsigned number of any length. */
export function bytesToBigInt(bytes: Uint8Array): bigint {
  if (bytes.length <= 6) return BigInt(smallNumber(bytes, 0, bytes.length));
  if (bytes.length === 32) return word256ToBigInt(bytes, 0);
  // Shifting takes the square of the length.
  if (bytes.length > 64)
    return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")}`);
  let value = 0n;
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(start + 6, bytes.length);
    value = (value << BigInt(8 * (end - start))) | BigInt(smallNumber(bytes, start, end));
    start = end;
  }
  return value;
}

/** At most six bytes. */
function smallNumber(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) value = value * 256 + bytes[i];
  return value;
}

/** The 32 bytes at `offset` as an unsigned big-endian number. */
export function word256ToBigInt(bytes: Uint8Array, offset: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 32);
  const high = (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
  const low = (view.getBigUint64(16) << 64n) | view.getBigUint64(24);
  return (high << 128n) | low;
}

const WORD_LIMIT = 1n << 256n;
const scratch = new Uint8Array(32);
const scratchWords = new DataView(scratch.buffer);

/** Big-endian bytes without leading zeros; zero is empty. */
export function bigIntToMinimalBytes(value: bigint): Uint8Array {
  if (value === 0n) return EMPTY_BYTES;
  const start = fillScratch(value);
  return start === undefined ? wideBytes(value) : scratch.slice(start);
}

/** How many bytes a number has at most: those that writers have written can have any. */
export function mostBytes(value: bigint): number {
  return value < WORD_LIMIT ? 32 : value.toString(16).length;
}

/** Writes the big-endian bytes of a number without leading zeros so that they end before `end`; returns where they begin. */
export function putMinimalBytesBefore(out: Uint8Array, end: number, value: bigint): number {
  if (value === 0n) return end;
  const start = fillScratch(value);
  if (start === undefined) {
    const bytes = wideBytes(value);
    out.set(bytes, end - bytes.length);
    return end - bytes.length;
  }
  for (let from = 31, to = end - 1; from >= start; from--, to--) out[to] = scratch[from];
  return end - 32 + start;
}

/** Big-endian bytes of exactly `length`. Throws CodecError when the value does not fit. */
export function bigIntToBytes(value: bigint, length: number): Uint8Array {
  const out = new Uint8Array(length);
  const start = fillScratch(value);
  const minimal = start === undefined ? wideBytes(value) : scratch.subarray(start);
  if (minimal.length > length) throw new CodecError(`${value} does not fit ${length} bytes`);
  out.set(minimal, length - minimal.length);
  return out;
}

/** Writes 32 big-endian bytes. Throws CodecError when the value does not fit. */
export function putWord256(view: DataView, offset: number, value: bigint): void {
  if (value < 0n || value >= WORD_LIMIT) throw new CodecError(`${value} does not fit 32 bytes`);
  if (value <= 0xffff_ffff_ffff_ffffn) {
    view.setBigUint64(offset, 0n);
    view.setBigUint64(offset + 8, 0n);
    view.setBigUint64(offset + 16, 0n);
  } else {
    view.setBigUint64(offset, value >> 192n);
    view.setBigUint64(offset + 8, value >> 128n);
    view.setBigUint64(offset + 16, value >> 64n);
  }
  view.setBigUint64(offset + 24, value);
}

/** Puts a number at the end of `scratch` and returns where it starts; undefined where it needs more than 32 bytes. */
function fillScratch(value: bigint): number | undefined {
  if (value < 0n) throw new CodecError(`a negative number has no unsigned encoding: ${value}`);
  let start = 24;
  scratchWords.setBigUint64(24, value);
  if (value > 0xffff_ffff_ffff_ffffn) {
    const above = value >> 64n;
    scratchWords.setBigUint64(16, above);
    start = 16;
    if (above > 0xffff_ffff_ffff_ffffn) {
      if (value >= WORD_LIMIT) return undefined;
      scratchWords.setBigUint64(8, above >> 64n);
      scratchWords.setBigUint64(0, above >> 128n);
      start = 0;
    }
  }
  while (start < 32 && scratch[start] === 0) start++;
  return start;
}

function wideBytes(value: bigint): Uint8Array {
  const hex = value.toString(16);
  return new Uint8Array(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex"));
}

export function uint32ToBytes(value: number): Uint8Array {
  return Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

export function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "utf8"));
}
