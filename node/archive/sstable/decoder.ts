import { DatabaseDamagedError } from "../../codec/errors.ts";

/** Where a run of bytes came from, for the error that names its damage. */
export interface Origin {
  readonly file: string;
  /** Offset in the file of the run's first byte (for compressed blocks: of the stored block). */
  readonly offset: number;
}

/** Little-endian unsigned 32 bits; the caller has checked the bounds. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

/**
 * Reads the encodings of LevelDB and RocksDB metadata (varints, length-prefixed strings) and never past the end.
 * Not for the hot path. Every method throws DatabaseDamagedError naming `what` was expected.
 */
export class Decoder {
  readonly #bytes: Uint8Array;
  readonly #origin: Origin;
  #position: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, origin: Origin, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#origin = origin;
    this.#position = start;
    this.#end = end;
  }

  get position(): number {
    return this.#position;
  }

  get done(): boolean {
    return this.#position >= this.#end;
  }

  byte(what: string): number {
    if (this.#position >= this.#end) throw this.damage(`${what} is cut off`);
    return this.#bytes[this.#position++];
  }

  fixed32(what: string): number {
    this.#need(4, what);
    const value = readUint32(this.#bytes, this.#position);
    this.#position += 4;
    return value;
  }

  fixed64(what: string): bigint {
    const low = this.fixed32(what);
    const high = this.fixed32(what);
    return (BigInt(high) << 32n) | BigInt(low);
  }

  varint32(what: string): number {
    const value = this.varint(what);
    if (value > 0xffffffff) throw this.damage(`${what} exceeds 32 bits`);
    return value;
  }

  /** Up to 64 bits. Above 2^53 the value is rounded: use safeVarint where it addresses something. */
  varint(what: string): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.byte(what);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw this.damage(`${what} is not a varint`);
  }

  /** A varint that addresses a file, a byte or a block and so must be exact. */
  safeVarint(what: string): number {
    const value = this.varint(what);
    if (value > Number.MAX_SAFE_INTEGER) throw this.damage(`${what} is implausibly large`);
    return value;
  }

  /** A view of the next `length` bytes. */
  view(length: number, what: string): Uint8Array {
    this.#need(length, what);
    const view = this.#bytes.subarray(this.#position, this.#position + length);
    this.#position += length;
    return view;
  }

  /** A view of a length-prefixed string. */
  prefixed(what: string): Uint8Array {
    return this.view(this.varint32(what), what);
  }

  damage(message: string): DatabaseDamagedError {
    return new DatabaseDamagedError(message, {
      file: this.#origin.file,
      offset: this.#origin.offset + this.#position,
    });
  }

  #need(length: number, what: string): void {
    if (length > this.#end - this.#position) throw this.damage(`${what} is cut off`);
  }
}
