import {
  type Address,
  asAddress,
  asHash32,
  bigIntToMinimalBytes,
  bytesEqual,
  bytesToBigInt,
  type Hash32,
  putWord256,
  word256ToBigInt,
  ZERO_ADDRESS,
} from "./bytes.ts";
import { CodecError } from "./errors.ts";

/** Upper half of the largest number that is exact. */
const MAX_HIGH_WORD = 2 ** 21 - 1;

/**
 * Reads QuarkChain's wire serialisation (pyquarkchain quarkchain/core.py ByteBuffer): big-endian, no padding.
 * Every read checks the remaining length first and throws CodecError naming the field and offset.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  /** Whether all that was read so far is what a writer makes of it: a number without leading zeros, a map in order. */
  isCanonical = true;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  get position(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.bytes.length - this.#offset;
  }

  #take(length: number, what: string): number {
    if (length > this.remaining) {
      throw new CodecError(`${what}: needs ${length} bytes at offset ${this.#offset}, only ${this.remaining} left`);
    }
    const at = this.#offset;
    this.#offset += length;
    return at;
  }

  uint8(what: string): number {
    return this.bytes[this.#take(1, what)];
  }

  uint16(what: string): number {
    return this.#view.getUint16(this.#take(2, what));
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.#take(4, what));
  }

  uint64(what: string): bigint {
    return this.#view.getBigUint64(this.#take(8, what));
  }

  /** A uint64 that counts something (height, time, index): refused above 2^53 − 1. */
  count64(what: string): number {
    const at = this.#take(8, what);
    const high = this.#view.getUint32(at);
    if (high > MAX_HIGH_WORD) throw new CodecError(`${what}: ${this.#view.getBigUint64(at)} is out of range`);
    return high * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  uint256(what: string): bigint {
    return word256ToBigInt(this.bytes, this.#take(32, what));
  }

  /** One length byte, then that many big-endian bytes. */
  biguint(what: string): bigint {
    const bytes = this.raw(this.uint8(what), what);
    if (bytes.length > 0 && bytes[0] === 0) this.isCanonical = false;
    return bytesToBigInt(bytes);
  }

  /** pyquarkchain BooleanSerializer: any byte but zero is true. */
  boolean(what: string): boolean {
    const value = this.uint8(what);
    if (value > 1) this.isCanonical = false;
    return value !== 0;
  }

  hash32(what: string): Hash32 {
    return asHash32(this.raw(32, what));
  }

  address(what: string): Address {
    return asAddress(this.raw(20, what));
  }

  /** A view of the next `length` bytes; it shares memory with the input. */
  raw(length: number, what: string): Uint8Array {
    const at = this.#take(length, what);
    return this.bytes.subarray(at, at + length);
  }

  bytes16(what: string): Uint8Array {
    return this.raw(this.uint16(what), what);
  }

  bytes32(what: string): Uint8Array {
    return this.raw(this.uint32(what), what);
  }

  /** A list with a 4-byte count. `minimumItemBytes` bounds the count by what the rest of the input could hold. */
  list32<T>(what: string, minimumItemBytes: number, readItem: (reader: WireReader) => T): T[] {
    const count = this.uint32(what);
    return this.items(what, count, minimumItemBytes, readItem);
  }

  items<T>(what: string, count: number, minimumItemBytes: number, readItem: (reader: WireReader) => T): T[] {
    if (count * minimumItemBytes > this.remaining) {
      throw new CodecError(`${what}: ${count} items cannot fit the ${this.remaining} bytes left`);
    }
    const items: T[] = new Array(count);
    for (let i = 0; i < count; i++) items[i] = readItem(this);
    return items;
  }

  /** Throws unless everything was read: rows and frames carry nothing behind their object. */
  expectEnd(what: string): void {
    if (this.remaining !== 0) throw new CodecError(`${what}: ${this.remaining} bytes too many`);
  }
}

/** Writes what WireReader reads. Grows as needed. */
export class WireWriter {
  #buffer: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 512) {
    this.#buffer = new Uint8Array(capacity);
    this.#view = new DataView(this.#buffer.buffer);
  }

  #reserve(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, at));
      this.#buffer = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }

  uint8(value: number): this {
    assertFits(value, 0xff);
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }

  uint16(value: number): this {
    assertFits(value, 0xffff);
    const at = this.#reserve(2);
    this.#view.setUint16(at, value);
    return this;
  }

  uint32(value: number): this {
    assertFits(value, 0xffffffff);
    const at = this.#reserve(4);
    this.#view.setUint32(at, value);
    return this;
  }

  uint64(value: bigint | number): this {
    if (typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      const at = this.#reserve(8);
      this.#view.setUint32(at, Math.floor(value / 2 ** 32));
      this.#view.setUint32(at + 4, value);
      return this;
    }
    const wide = BigInt(value);
    if (wide < 0n || wide > 0xffffffffffffffffn) throw new CodecError(`${wide} does not fit an unsigned 64-bit field`);
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, wide);
    return this;
  }

  uint256(value: bigint): this {
    const at = this.#reserve(32);
    putWord256(this.#view, at, value);
    return this;
  }

  biguint(value: bigint): this {
    const bytes = bigIntToMinimalBytes(value);
    if (bytes.length > 255) throw new CodecError(`a biguint has at most 255 bytes, got ${bytes.length}`);
    return this.uint8(bytes.length).raw(bytes);
  }

  boolean(value: boolean): this {
    return this.uint8(value ? 1 : 0);
  }

  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#buffer.set(bytes, at);
    return this;
  }

  bytes16(bytes: Uint8Array): this {
    if (bytes.length > 0xffff) throw new CodecError(`at most 65535 bytes fit here, got ${bytes.length}`);
    return this.uint16(bytes.length).raw(bytes);
  }

  bytes32(bytes: Uint8Array): this {
    return this.uint32(bytes.length).raw(bytes);
  }

  list32<T>(items: readonly T[], writeItem: (writer: WireWriter, item: T) => void): this {
    this.uint32(items.length);
    for (const item of items) writeItem(this, item);
    return this;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }
}

/** A DataView would wrap in silence. */
function assertFits(value: number, most: number): void {
  if (!(value >= 0 && value <= most))
    throw new CodecError(`${value} does not fit an unsigned field of at most ${most}`);
}

/** 24 bytes on the wire: an account and the shard key it is used with (pyquarkchain core.py Address). */
export interface QkcAddress {
  readonly recipient: Address;
  /** chain id (16 bits) and shard key (16 bits). */
  readonly fullShardKey: number;
}

export const EMPTY_QKC_ADDRESS: QkcAddress = { recipient: ZERO_ADDRESS, fullShardKey: 0 };

export function sameQkcAddress(a: QkcAddress, b: QkcAddress): boolean {
  return a.fullShardKey === b.fullShardKey && bytesEqual(a.recipient, b.recipient);
}

export function readQkcAddress(reader: WireReader, what: string): QkcAddress {
  return { recipient: reader.address(what), fullShardKey: reader.uint32(what) };
}

export function writeQkcAddress(writer: WireWriter, address: QkcAddress): void {
  writer.raw(address.recipient).uint32(address.fullShardKey);
}
