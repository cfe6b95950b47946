import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { compressSync as compressLz4 } from "lz4-napi";
import { compress as compressSnappy } from "snappyjs";
import { describe, expect, test } from "vitest";
import { concatBytes, fromHex, toHex, utf8 } from "../../codec/bytes.ts";
import { DatabaseDamagedError, QkcError, UnsupportedError } from "../../codec/errors.ts";
import { decompressBlock } from "./compression.ts";
import { varint } from "./log-writer.testkit.ts";

const NONE = 0;
const SNAPPY = 1;
const ZLIB = 2;
const LZ4 = 4;
const ZSTD = 7;
const origin = { file: "000001.sst", offset: 4096 };

/** Zstandard has no compressor here: a frame with one raw block. */
function zstdFrame(contents: Uint8Array): Uint8Array {
  const header = concatBytes(fromHex("28b52ffda0"), new Uint8Array(Uint32Array.of(contents.length).buffer));
  const block = (contents.length << 3) | 1;
  return concatBytes(header, Uint8Array.of(block & 0xff, (block >> 8) & 0xff, block >> 16), contents);
}

const CODECS = {
  snappy: { type: SNAPPY, compress: (bytes: Uint8Array) => compressSnappy(bytes) },
  zlib: { type: ZLIB, compress: (bytes: Uint8Array) => concatBytes(varint(bytes.length), deflateRawSync(bytes)) },
  lz4: {
    type: LZ4,
    compress: (bytes: Uint8Array) => concatBytes(varint(bytes.length), compressLz4(Buffer.from(bytes)).subarray(4)),
  },
  zstd: { type: ZSTD, compress: (bytes: Uint8Array) => concatBytes(varint(bytes.length), zstdFrame(bytes)) },
};

const contents = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 3000 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 2000 })).map(([unit, times]) => {
    const out = new Uint8Array(unit.length * times);
    for (let at = 0; at < out.length; at += unit.length) out.set(unit, at);
    return out;
  }),
);

describe.each(Object.entries(CODECS))("%s", (_name, { type, compress }) => {
  test("gives back what was compressed", () => {
    fc.assert(
      fc.property(contents, (bytes) => {
        expect(toHex(decompressBlock(type, compress(bytes), origin))).toBe(toHex(bytes));
      }),
    );
  });

  test("altered blocks yield some block of the declared size, or damage with file and offset", () => {
    const change = fc.record({
      at: fc.nat(),
      xor: fc.integer({ min: 1, max: 255 }),
      cut: fc.nat(3),
      extend: fc.nat(3),
    });
    fc.assert(
      fc.property(contents, change, (bytes, { at, xor, cut, extend }) => {
        const stored = compress(bytes);
        const altered = new Uint8Array(Math.max(0, stored.length - cut) + extend);
        altered.set(stored.subarray(0, altered.length));
        if (altered.length > 0) altered[at % altered.length] ^= xor;
        try {
          decompressBlock(type, altered, origin);
        } catch (error) {
          expect(error).toBeInstanceOf(QkcError);
          if (error instanceof DatabaseDamagedError) expect(error.location.file).toBe(origin.file);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("any bytes at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decompressBlock(type, bytes, origin);
        } catch (error) {
          expect(error).toBeInstanceOf(QkcError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("implausible sizes are refused before anything is allocated", () => {
    const huge = concatBytes(varint(0xfffffff0), compress(utf8("x")).subarray(1));
    expect(() => decompressBlock(type, huge, origin)).toThrow(DatabaseDamagedError);
  });
});

describe("Snappy streams that the library would fill with zeros", () => {
  test.each([
    ["too short", "0500" + "61"],
    ["too long", "010461" + "62"],
    ["a literal that is cut off", "0510" + "61"],
    ["a copy from before the beginning", "050061" + "1105"],
    ["a copy of offset 0", "050061" + "1100"],
    ["a copy that is cut off", "050061" + "0e"],
    ["a copy with an offset above 2^31", "050061" + "0f010000ff"],
    ["no length", "ff"],
  ])("%s", (_name, hex) => {
    expect(() => decompressBlock(SNAPPY, fromHex(hex), origin)).toThrow(DatabaseDamagedError);
  });
});

test("uncompressed blocks are copied", () => {
  const stored = utf8("block");
  const block = decompressBlock(NONE, stored, origin);
  stored.fill(0);
  expect(block).toEqual(utf8("block"));
});

test.each([
  [3, UnsupportedError, /BZip2/],
  [6, UnsupportedError, /XPRESS/],
  [99, DatabaseDamagedError, /unknown compression type 99/],
])("compression type %i is refused", (type, kind, message) => {
  expect(() => decompressBlock(type, utf8("x"), origin)).toThrow(kind);
  expect(() => decompressBlock(type, utf8("x"), origin)).toThrow(message);
});

test("Zstandard frames with a dictionary are refused", () => {
  const frame = concatBytes(varint(1), fromHex("28b52ffd"), fromHex("2105" + "01" + "090000" + "61"));
  expect(() => decompressBlock(ZSTD, frame, origin)).toThrow(/dictionaries are not read/);
});
