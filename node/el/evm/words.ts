import { type Address, word256ToBigInt } from "../../codec/bytes.ts";

const WORD = 32;
export const WORD_LIMIT = 1n << 256n;

// setBigUint64 keeps the low 64 bits of what it is given.

/** The account that a stack word names: its low 20 bytes. */
export function wordToAddress(word: bigint): Address {
  const address = new Uint8Array(20);
  const view = new DataView(address.buffer);
  view.setUint32(0, Number((word >> 128n) & 0xffffffffn));
  view.setBigUint64(4, word >> 64n);
  view.setBigUint64(12, word);
  return address as Address;
}

export function addressToWord(address: Address): bigint {
  const view = new DataView(address.buffer, address.byteOffset, 20);
  return (BigInt(view.getUint32(0)) << 128n) | (view.getBigUint64(4) << 64n) | view.getBigUint64(12);
}

/** Writes `word`, which must be below 2^256, to the 32 bytes at `offset`. */
export function writeWord(view: DataView, offset: number, word: bigint): void {
  view.setBigUint64(offset, word >> 192n);
  view.setBigUint64(offset + 8, word >> 128n);
  view.setBigUint64(offset + 16, word >> 64n);
  view.setBigUint64(offset + 24, word);
}

export function wordToBytes(word: bigint): Uint8Array {
  const bytes = new Uint8Array(WORD);
  writeWord(new DataView(bytes.buffer), 0, word);
  return bytes;
}

/** 32 bytes from `offset` on; what lies behind the end counts as zero (vm.py CallData.extract32). */
export function readWord(bytes: Uint8Array, offset: number): bigint {
  if (offset + WORD <= bytes.length) return word256ToBigInt(bytes, offset);
  if (offset >= bytes.length) return 0n;
  return word256ToBigInt(readPadded(bytes, offset, WORD), 0);
}

/** A copy of `length` bytes from `offset` on; what lies behind the end is zero. */
export function readPadded(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  if (offset < bytes.length) out.set(bytes.subarray(offset, offset + length));
  return out;
}
