import { RLP } from "@ethereumjs/rlp";
import { keccak_256, keccak_512 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bigIntToBytes,
  bigIntToMinimalBytes,
  bytesEqual,
  bytesFromKey,
  bytesKey,
  bytesToBigInt,
  compareBytes,
  concatBytes,
  fromHex,
  toHex,
} from "./bytes.ts";
import { CodecError } from "./errors.ts";
import { keccak256, keccak512 } from "./keccak.ts";
import { INPUT_ADDRESS } from "./keccak-f.ts";
import { type RlpValue, rlpEncode, rlpListItems, rlpSpan, rlpString, uintFromPayload } from "./rlp.ts";
import { TOKEN_ID_MAX, tokenIdDecode, tokenIdEncode } from "./token-id.ts";
import { WireReader, WireWriter } from "./wire.ts";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

describe("bytes", () => {
  test("hex round trip, any length", () => {
    fc.assert(fc.property(bytes(200), (value) => bytesEqual(fromHex(toHex(value)), value)));
    expect(toHex(fromHex("0xAbcd"))).toBe("abcd");
  });

  test.each(["0x1", "zz", "0x12g4"])("hex %s is refused", (text) => {
    expect(() => fromHex(text, "field X")).toThrow(/field X/);
  });

  test("numbers round trip and keep their order", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 300n }), (value) => {
        expect(bytesToBigInt(bigIntToMinimalBytes(value))).toBe(value);
        expect(bytesToBigInt(bigIntToBytes(value, 40))).toBe(value);
      }),
    );
    expect(() => bigIntToBytes(256n, 1)).toThrow(CodecError);
    expect(() => bigIntToMinimalBytes(-1n)).toThrow(CodecError);
  });

  test("a number of any length is read byte by byte, in time that its length decides", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 140 }), (value) => {
        expect(bytesToBigInt(value)).toBe(value.reduce((number, byte) => number * 256n + BigInt(byte), 0n));
      }),
    );
    const long = new Uint8Array(4_000_000).fill(0xa5);
    const start = performance.now();
    expect(bytesToBigInt(long) >> 31_999_992n).toBe(0xa5n);
    // Of the square of its length it would be hours.
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test("keys are equal exactly when bytes are", () => {
    fc.assert(
      fc.property(bytes(40), bytes(40), (a, b) => {
        expect(bytesKey(a) === bytesKey(b)).toBe(bytesEqual(a, b));
        expect(bytesEqual(bytesFromKey(bytesKey(a)), a)).toBe(true);
        expect(Math.sign(compareBytes(a, b))).toBe(Math.sign(Buffer.compare(a, b)));
      }),
    );
  });
});

describe("keccak", () => {
  test("equals noble, also for input in parts", () => {
    fc.assert(
      fc.property(bytes(600), bytes(10), (a, b) => {
        const whole = concatBytes(a, b);
        expect(toHex(keccak256(a, b))).toBe(toHex(keccak_256(whole)));
        expect(toHex(keccak512(a, b))).toBe(toHex(keccak_512(whole)));
      }),
    );
  });

  test("equals noble at every length around a block's and beyond the first memory", () => {
    for (const length of [...Array(300).keys(), 1 << 17, (1 << 17) - INPUT_ADDRESS, 700_001]) {
      const input = new Uint8Array(length).map((_, i) => i * 7 + length);
      expect(toHex(keccak256(input))).toBe(toHex(keccak_256(input)));
      expect(toHex(keccak512(input))).toBe(toHex(keccak_512(input)));
    }
  });
});

describe("rlp", () => {
  const value = fc.letrec<{ value: RlpValue }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, bytes(80), fc.array(tie("value"), { maxLength: 20 })),
  })).value;

  test("encodes as @ethereumjs/rlp", () => {
    fc.assert(fc.property(value, (item) => toHex(rlpEncode(item)) === toHex(RLP.encode(item as Uint8Array))));
    const long = new Uint8Array(70_000).fill(7);
    expect(toHex(rlpEncode([long, [long]]))).toBe(toHex(RLP.encode([long, [long]])));
  });

  test("splits what @ethereumjs/rlp encoded", () => {
    fc.assert(
      fc.property(fc.array(bytes(80)), (items) => {
        expect(rlpListItems(RLP.encode(items), "list").map(toHex)).toEqual(items.map(toHex));
      }),
    );
  });

  test.each([
    ["a single byte with a header", "8101"],
    ["a long form for a short string", "b801ff"],
    ["a length with a leading zero", `b90037${"00".repeat(55)}`],
    ["a string that is cut off", "83aabb"],
    ["a length that is cut off", "b9ff"],
    ["nothing", ""],
  ])("refuses %s", (_, hex) => {
    const encoded = fromHex(hex);
    expect(() => rlpSpan(encoded, 0, encoded.length)).toThrow(CodecError);
  });

  test("refuses the wrong kind, trailing bytes and leading zeros", () => {
    expect(() => rlpListItems(fromHex("80"), "x")).toThrow(/list was expected/);
    expect(() => rlpListItems(fromHex("c000"), "x")).toThrow(/behind/);
    expect(() => rlpString(fromHex("c0"), "x")).toThrow(/string was expected/);
    expect(() => rlpString(fromHex("8000"), "x")).toThrow(/behind/);
    expect(() => uintFromPayload(fromHex("0001"), "x")).toThrow(/leading zero/);
  });
});

describe("token ids", () => {
  test.each([
    ["0", 0n],
    ["Z", 35n],
    ["00", 36n],
    ["QKC", 35760n],
    ["ZZZZZZZZZZZZ", TOKEN_ID_MAX],
  ])("%s is %d", (name, id) => {
    expect(tokenIdEncode(name)).toBe(id);
    expect(tokenIdDecode(id)).toBe(name);
  });

  test("ids round trip", () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: TOKEN_ID_MAX }), (id) => tokenIdEncode(tokenIdDecode(id)) === id));
  });

  test.each(["", "qkc", "A-B", "ABCDEFGHIJKLM"])("name %j is refused", (name) => {
    expect(() => tokenIdEncode(name)).toThrow(CodecError);
  });

  test("ids outside the range are refused", () => {
    expect(() => tokenIdDecode(TOKEN_ID_MAX + 1n)).toThrow(CodecError);
    expect(() => tokenIdDecode(-1n)).toThrow(CodecError);
  });
});

describe("wire", () => {
  test("writes and reads every kind of field", () => {
    fc.assert(
      fc.property(
        fc.nat(255),
        fc.nat(65535),
        fc.nat(2 ** 31),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
        bytes(300),
        (u8, u16, u32, u64, u256, data) => {
          const writer = new WireWriter(1).uint8(u8).uint16(u16).uint32(u32).uint64(u64).uint256(u256).biguint(u256);
          writer
            .bytes16(data)
            .bytes32(data)
            .boolean(u8 > 100);
          writer.list32([u64, u256], (out, item) => out.biguint(item));
          const reader = new WireReader(writer.finish());
          expect(reader.uint8("a")).toBe(u8);
          expect(reader.uint16("b")).toBe(u16);
          expect(reader.uint32("c")).toBe(u32);
          expect(reader.uint64("d")).toBe(u64);
          expect(reader.uint256("e")).toBe(u256);
          expect(reader.biguint("f")).toBe(u256);
          expect(toHex(reader.bytes16("g"))).toBe(toHex(data));
          expect(toHex(reader.bytes32("h"))).toBe(toHex(data));
          expect(reader.boolean("i")).toBe(u8 > 100);
          expect(reader.list32("j", 1, (item) => item.biguint("k"))).toEqual([u64, u256]);
          reader.expectEnd("all");
        },
      ),
    );
  });

  test("a number that does not fit its field is refused, not wrapped", () => {
    expect(() => new WireWriter().uint8(256)).toThrow(CodecError);
    expect(() => new WireWriter().uint16(65536)).toThrow(CodecError);
    expect(() => new WireWriter().uint32(2 ** 32)).toThrow(CodecError);
    expect(() => new WireWriter().uint8(-1)).toThrow(CodecError);
    expect(() => new WireWriter().uint64(-1n)).toThrow(CodecError);
    expect(() => new WireWriter().uint64(2n ** 64n)).toThrow(CodecError);
  });

  test("zero is an empty biguint", () => {
    expect(toHex(new WireWriter().biguint(0n).finish())).toBe("00");
  });

  test("a count larger than the input can hold is refused before anything is allocated", () => {
    const hostile = fromHex("ffffffff00");
    expect(() => new WireReader(hostile).list32("list", 1, (reader) => reader.uint8("item"))).toThrow(/cannot fit/);
    expect(() => new WireReader(hostile).bytes32("data")).toThrow(/needs 4294967295 bytes/);
  });

  test("cut-off input names the field and offset", () => {
    expect(() => new WireReader(fromHex("0102")).uint32("height")).toThrow(/height.*offset 0/);
    expect(() => new WireReader(fromHex("ffffffffffffffff")).count64("time")).toThrow(/out of range/);
    expect(() => new WireReader(fromHex("00")).expectEnd("frame")).toThrow(/1 bytes too many/);
  });
});
