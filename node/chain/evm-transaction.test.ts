import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asAddress, fromHex, toHex } from "../codec/bytes.ts";
import { CodecError } from "../codec/errors.ts";
import { type RlpValue, rlpEncode } from "../codec/rlp.ts";
import { TOKEN_ID_MAX } from "../codec/token-id.ts";
import {
  decodeEvmTransaction,
  type EvmTransaction,
  encodeEvmTransaction,
  intrinsicGas,
  isCrossShard,
  targetFullShardId,
} from "./evm-transaction.ts";
import { recoverSender } from "./sender.ts";
import { wrapTransaction } from "./typed-transaction.ts";

/** Fields as decimal or hex text in the order of the encoding; absent where pyquarkchain refuses to decode. */
interface SignatureRow {
  readonly rlp: string;
  readonly hash?: string;
  readonly fields?: readonly string[];
  readonly sender?: string | null;
}

const rows = JSON.parse(
  gunzipSync(readFileSync(new URL("../../fixtures/transactions/signatures.json.gz", import.meta.url))).toString("utf8"),
) as SignatureRow[];

function fieldsOf(transaction: EvmTransaction): string[] {
  const { to, data } = transaction;
  return [
    transaction.nonce,
    transaction.gasPrice,
    transaction.startGas,
    to === undefined ? "" : toHex(to),
    transaction.value,
    toHex(data),
    transaction.networkId,
    transaction.fromFullShardKey,
    transaction.toFullShardKey,
    transaction.gasTokenId,
    transaction.transferTokenId,
    transaction.version,
    transaction.v,
    transaction.r,
    transaction.s,
  ].map(String);
}

const word = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n });
const shardKey = fc.integer({ min: 0, max: 0xffffffff });
const token = fc.bigInt({ min: 0n, max: TOKEN_ID_MAX });
const anyTransaction: fc.Arbitrary<EvmTransaction> = fc.record({
  nonce: word,
  gasPrice: word,
  startGas: word,
  to: fc.option(fc.uint8Array({ minLength: 20, maxLength: 20 }).map(asAddress), { nil: undefined }),
  value: word,
  data: fc.uint8Array({ maxLength: 300 }),
  networkId: word,
  fromFullShardKey: shardKey,
  toFullShardKey: shardKey,
  gasTokenId: token,
  transferTokenId: token,
  version: word,
  v: word,
  r: word,
  s: word,
});

const PLAIN: RlpValue[] = [
  ...["01", "02", "5208", "11".repeat(20), "", "", "01", "00000001", "00000001", "8bb0", "8bb0", "", "1b", "01", "01"],
].map((hex) => fromHex(hex));

function withField(index: number, value: RlpValue): Uint8Array {
  return rlpEncode(PLAIN.map((field, i) => (i === index ? value : field)));
}

describe("against pyquarkchain", () => {
  test("fields, hash and sender are the same, and the same encodings are refused", () => {
    for (const row of rows) {
      const rlp = fromHex(row.rlp);
      if (row.fields === undefined) {
        expect(() => decodeEvmTransaction(rlp), row.rlp).toThrow(CodecError);
        continue;
      }
      const transaction = decodeEvmTransaction(rlp);
      const sender = recoverSender(transaction);
      expect(fieldsOf(transaction)).toEqual(row.fields);
      expect(toHex(wrapTransaction(rlp).hash)).toBe(row.hash);
      expect(sender === undefined ? null : toHex(sender), row.rlp).toBe(row.sender);
    }
    expect(rows.filter((row) => row.sender != null).length).toBeGreaterThan(100);
    expect(rows.filter((row) => row.sender === null).length).toBeGreaterThan(50);
  });
});

describe("encoding", () => {
  test("a round trip changes nothing", () => {
    fc.assert(
      fc.property(anyTransaction, (transaction) => {
        expect(decodeEvmTransaction(encodeEvmTransaction(transaction))).toEqual(transaction);
      }),
      { verbose: 1 },
    );
  });

  test("an empty list counts as 0 where a number stands, and nowhere else", () => {
    expect(decodeEvmTransaction(withField(0, [])).nonce).toBe(0n);
    expect(() => decodeEvmTransaction(withField(0, [[]]))).toThrow(/nonce/);
    expect(() => decodeEvmTransaction(withField(3, []))).toThrow(/recipient/);
    expect(() => decodeEvmTransaction(withField(5, []))).toThrow(/data/);
    expect(() => decodeEvmTransaction(withField(7, []))).toThrow(/from full shard key/);
  });

  test.each([
    ["a leading zero", 0, "0001", /leading zero/],
    ["257 bits", 1, `01${"00".repeat(32)}`, /256 bits/],
    ["a short recipient", 3, "11".repeat(19), /20 bytes/],
    ["a short shard key", 8, "000001", /4 bytes/],
    ["a token id beyond ZZZZZZZZZZZZ", 9, (TOKEN_ID_MAX + 1n).toString(16), /token id/],
  ])("%s is refused", (_, index, hex, message) => {
    expect(() => decodeEvmTransaction(withField(index, fromHex(hex)))).toThrow(message);
  });

  test("another number of fields and trailing bytes are refused", () => {
    expect(() => decodeEvmTransaction(rlpEncode(PLAIN.slice(1)))).toThrow(/15 fields/);
    expect(() => decodeEvmTransaction(Uint8Array.of(...rlpEncode(PLAIN), 0))).toThrow(CodecError);
  });
});

describe("shards and gas", () => {
  const sizes = new Map([
    [0, 1],
    [1, 4],
  ]);
  const between = (from: number, to: number) => ({
    ...decodeEvmTransaction(rlpEncode(PLAIN)),
    fromFullShardKey: from,
    toFullShardKey: to,
  });

  test("only chain and the low bits of the keys decide what crosses shards", () => {
    expect(isCrossShard(between(0x0000ffff, 0x00000000), sizes)).toBe(false);
    expect(isCrossShard(between(0x00010007, 0x00010003), sizes)).toBe(false);
    expect(isCrossShard(between(0x00010007, 0x00010006), sizes)).toBe(true);
    expect(isCrossShard(between(0x00000001, 0x00010001), sizes)).toBe(true);
    expect(targetFullShardId(between(0, 0x00010007), sizes)).toBe(0x00010007);
    expect(targetFullShardId(between(0, 0x00020001), sizes)).toBeUndefined();
  });

  test("intrinsic gas: bytes, creation, crossing", () => {
    const plain = between(0, 0);
    expect(intrinsicGas(plain, false)).toBe(21000n);
    const loaded = { ...plain, to: undefined, data: Uint8Array.of(0, 0, 1) };
    expect(intrinsicGas(loaded, true)).toBe(21000n + 32000n + 9000n + 8n + 68n);
  });
});
