import { inflateRawSync } from "node:zlib";
import { uncompressSync as decompressLz4 } from "lz4-napi";
import { ZSTDDecoder } from "zstddec";
import { DatabaseDamagedError, UnsupportedError } from "../../codec/errors.ts";
import { Decoder, type Origin } from "./decoder.ts";

// The reference implementation as WebAssembly, synchronous once loaded.
const zstdDecoder = new ZSTDDecoder();
await zstdDecoder.init();

/** Block compression by its number in the type byte after each block (RocksDB include/rocksdb/compression_type.h). */
const NONE = 0;
const SNAPPY = 1;
const ZLIB = 2;
const LZ4 = 4;
const LZ4HC = 5;
const ZSTD = 7;
const ZSTD_NOT_FINAL = 0x40;
const REFUSED: ReadonlyMap<number, string> = new Map([
  [3, "BZip2"],
  [6, "XPRESS"],
]);

/**
 * A block has the size that the client asked for, 4 KiB and the like, unless one row alone is larger: the largest rows are
 * blocks and lists of deposits, of a few MB at most.
 */
const MAX_BLOCK_BYTES = 1 << 26;

/** Most bytes that one stored byte can stand for, so that a small hostile block cannot claim gigabytes. */
const MAX_EXPANSION = { [SNAPPY]: 22, [ZLIB]: 1040, [LZ4]: 256, [LZ4HC]: 256 } as const;

/**
 * Contents of a stored block, in an array of its own. `stored` excludes the type byte and may be reused by the caller.
 * Throws DatabaseDamagedError when the bytes do not decompress to exactly what they declare, UnsupportedError for a
 * compression that is not read.
 */
export function decompressBlock(type: number, stored: Uint8Array, origin: Origin): Uint8Array {
  switch (type) {
    case NONE:
      return stored.slice();
    case SNAPPY:
      return decompressSnappy(stored, origin);
    case ZLIB:
    case LZ4:
    case LZ4HC:
    case ZSTD:
    case ZSTD_NOT_FINAL:
      return decompressSized(type, stored, origin);
    default: {
      const name = REFUSED.get(type);
      if (name !== undefined) throw new UnsupportedError(`${origin.file}: blocks compressed with ${name} are not read`);
      throw damaged(`unknown compression type ${type}`, origin);
    }
  }
}

/** Zlib, LZ4 and Zstandard blocks begin with their decompressed size (format version 2 and later). */
function decompressSized(type: number, stored: Uint8Array, origin: Origin): Uint8Array {
  const header = new Decoder(stored, origin);
  const size = header.varint32("decompressed size");
  const body = stored.subarray(header.position);
  if (type === ZSTD || type === ZSTD_NOT_FINAL) {
    checkSize(size, MAX_BLOCK_BYTES, origin);
    return exactly(size, "Zstandard", origin, () => inflateZstd(body, size, origin));
  }
  checkSize(size, body.length * MAX_EXPANSION[type as keyof typeof MAX_EXPANSION], origin);
  if (type === ZLIB) {
    return exactly(size, "zlib", origin, () => inflateRawSync(body, { maxOutputLength: Math.max(size, 1) }));
  }
  return exactly(size, "LZ4", origin, () => {
    const prefixed = new Uint8Array(4 + body.length);
    new DataView(prefixed.buffer).setUint32(0, size, true);
    prefixed.set(body, 4);
    return decompressLz4(prefixed);
  });
}

/** Runs a library on bytes that may be hostile: whatever it throws, or a wrong size, is damage. */
function exactly(size: number, name: string, origin: Origin, run: () => Uint8Array): Uint8Array {
  let out: Uint8Array;
  try {
    out = run();
  } catch (cause) {
    if (cause instanceof UnsupportedError || cause instanceof DatabaseDamagedError) throw cause;
    throw damaged(`${name} block does not decompress`, origin, cause);
  }
  if (out.length !== size) throw damaged(`${name} block has ${out.length} bytes where it declares ${size}`, origin);
  return out;
}

/**
 * The decoder is given the size to allocate and takes no dictionaries, so the frame header is read
 * here first (RFC 8878, 3.1.1.1): one frame, no dictionary, content size equal to what the block declares.
 */
function inflateZstd(body: Uint8Array, size: number, origin: Origin): Uint8Array {
  const header = new Decoder(body, origin);
  if (header.fixed32("Zstandard magic number") !== 0xfd2fb528) throw damaged("no Zstandard frame", origin);
  const descriptor = header.byte("Zstandard frame descriptor");
  const singleSegment = (descriptor & 0x20) !== 0;
  if (!singleSegment) header.byte("Zstandard window");
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3];
  if (header.view(dictionaryIdBytes, "Zstandard dictionary id").some((byte) => byte !== 0)) {
    throw new UnsupportedError(`${origin.file}: Zstandard dictionaries are not read`);
  }
  const sizeKind = descriptor >> 6;
  const declared =
    sizeKind === 0
      ? singleSegment
        ? header.byte("Zstandard content size")
        : undefined
      : sizeKind === 1
        ? 256 + header.byte("Zstandard content size") + 256 * header.byte("Zstandard content size")
        : sizeKind === 2
          ? header.fixed32("Zstandard content size")
          : Number(header.fixed64("Zstandard content size"));
  if (declared !== size) throw damaged(`Zstandard frame declares ${declared} bytes, the block ${size}`, origin);
  return zstdDecoder.decode(body, size);
}

function decompressSnappy(stored: Uint8Array, origin: Origin): Uint8Array {
  const header = new Decoder(stored, origin);
  const size = header.varint32("decompressed size");
  checkSize(size, stored.length * MAX_EXPANSION[SNAPPY], origin);
  return inflateSnappy(stored, header.position, size, origin);
}

/** The tags of a Snappy stream (google/snappy format_description.txt): only one that makes exactly `size` bytes passes. */
function inflateSnappy(stored: Uint8Array, start: number, size: number, origin: Origin): Uint8Array {
  const out = new Uint8Array(size);
  let position = start;
  let produced = 0;
  while (position < stored.length) {
    const tag = stored[position++];
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >>> 2) + 1;
      if (length > 60) {
        const bytes = length - 60;
        if (position + bytes > stored.length) throw notSnappy(size, origin);
        length = 1 + littleEndian(stored, position, bytes);
        position += bytes;
      }
      if (position + length > stored.length || produced + length > size) throw notSnappy(size, origin);
      putLiteral(out, produced, stored, position, length);
      position += length;
      produced += length;
      continue;
    }
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const bytes = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    if (position + bytes > stored.length || produced + length > size) throw notSnappy(size, origin);
    const offset = littleEndian(stored, position, bytes) + (kind === 1 ? (tag >>> 5) << 8 : 0);
    if (offset === 0 || offset > produced) throw damaged("Snappy block copies from outside itself", origin);
    // A copy may reach into what it makes: byte by byte.
    for (let end = produced + length; produced < end; produced++) out[produced] = out[produced - offset];
    position += bytes;
  }
  if (produced !== size) throw notSnappy(size, origin);
  return out;
}

function putLiteral(out: Uint8Array, at: number, stored: Uint8Array, from: number, length: number): void {
  if (length > 32) out.set(stored.subarray(from, from + length), at);
  else for (let i = 0; i < length; i++) out[at + i] = stored[from + i];
}

function littleEndian(stored: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let i = at + bytes - 1; i >= at; i--) value = value * 256 + stored[i];
  return value;
}

function notSnappy(size: number, origin: Origin): DatabaseDamagedError {
  return damaged(`Snappy block does not decompress to the ${size} bytes it declares`, origin);
}

function checkSize(size: number, most: number, origin: Origin): void {
  if (size > most || size > MAX_BLOCK_BYTES) {
    throw damaged(`compressed block declares an implausible size of ${size} bytes`, origin);
  }
}

function damaged(message: string, origin: Origin, cause?: unknown): DatabaseDamagedError {
  return new DatabaseDamagedError(message, { file: origin.file, offset: origin.offset }, { cause });
}
