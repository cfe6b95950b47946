import { describe, expect, test } from "vitest";
import { fromHex, type Hash32, hashFromHex, toHex, utf8, ZERO_HASH } from "../codec/bytes.ts";
import { WireReader, WireWriter } from "../codec/wire.ts";
import { decodeDepositList, encodeDepositList } from "./deposit.ts";
import { merkleRoot } from "./merkle-root.ts";
import {
  type MinorBlock,
  minorHeaderHash,
  minorMetaHash,
  minorMiningHash,
  readMinorBlockHeader,
  writeMinorBlockHeader,
} from "./minor-block.ts";
import { encodeReceipt, type Log, logsBloom } from "./receipt.ts";
import { readRootBlockHeader, rootHeaderHash, rootMiningHash } from "./root-block.ts";
import { readTokenBalances, writeTokenBalances } from "./token-balances.ts";
import { wrapTransaction } from "./typed-transaction.ts";

/** Bytes and hashes below are pyquarkchain's own (core.py, messages.py), of objects with a different value in each field. */
const x = (byte: string, count: number) => byte.repeat(count);

const MINOR_HEADER = `00000001000100030000000000000002${x("04", 20)}000000050000000201020940000000000000000002012c0107${x("06", 32)}${x("07", 32)}${x("00", 31)}08${x("09", 32)}000000000000000a00000000000000000b${x("00", 255)}0c00027879${x("0d", 32)}`;
const ROOT_HEADER = `0000000100000002${x("03", 32)}${x("04", 32)}${x("05", 32)}${x("06", 20)}0000000700000001010101020000000000000008010902012c000000000000000a00017a${x("0b", 32)}${x("0c", 65)}`;

describe("blocks", () => {
  const minor = readMinorBlockHeader(new WireReader(fromHex(MINOR_HEADER)));
  const root = readRootBlockHeader(new WireReader(fromHex(ROOT_HEADER)));

  test("a minor header is hashed as it is serialised, nonce and mixhash included", () => {
    const writer = new WireWriter();
    writeMinorBlockHeader(writer, minor);
    expect(toHex(writer.finish())).toBe(MINOR_HEADER);
    expect(toHex(minorHeaderHash(minor))).toBe("5bcd36f196b4a2ef2ed13c0739c3b04be57cb243ad6a168320b3b9f354157fc6");
  });

  test("what is mined of a minor block lacks nonce and mixhash", () => {
    expect(toHex(minorMiningHash(minor))).toBe("ecdb4f5343de46e1971857ba3ac5168793e5cb987c97d0dd97196846851167e0");
    expect(minorMiningHash({ ...minor, nonce: 1n, mixhash: ZERO_HASH })).toEqual(minorMiningHash(minor));
  });

  test("a root header is hashed with its signature", () => {
    expect(toHex(rootHeaderHash(root))).toBe("be8106da1b4800d64301e96024ac9f4798dec5c30a6638294a02e5c6175d3e2d");
    expect(rootHeaderHash({ ...root, signature: new Uint8Array(65) })).not.toEqual(rootHeaderHash(root));
  });

  test("what is mined of a root block lacks nonce, mixhash and signature", () => {
    expect(toHex(rootMiningHash(root))).toBe("7bf5d51d18aaf9fde4124a7025676b1ae8f1ae4c4c6f3016c0d7cdbe0a7dd3ab");
    const other = { ...root, nonce: 1n, mixhash: ZERO_HASH, signature: new Uint8Array(65) };
    expect(rootMiningHash(other)).toEqual(rootMiningHash(root));
  });

  test("the meta is roots, gas, cursor and cross-shard gas limit, and hashed apart", () => {
    const hash = (byte: string): Hash32 => hashFromHex(x(byte, 32));
    const meta: MinorBlock["meta"] = {
      merkleRoot: hash("01"),
      stateRoot: hash("02"),
      receiptRoot: hash("03"),
      gasUsed: 4n,
      xshardReceiveGasUsed: 5n,
      xshardCursor: { rootBlockHeight: 6, minorBlockIndex: 7, xshardDepositIndex: 8 },
      xshardGasLimit: 9n,
    };
    expect(toHex(minorMetaHash(meta))).toBe("eb792104c1a56c2b234439f1ed3894791aa7783d16aac49cdcc68e3f94fb7e97");
  });

  test("amounts by token are sorted, without zeros, the last of equal ids wins", () => {
    const written = new WireWriter();
    writeTokenBalances(
      written,
      new Map([
        [300n, 7n],
        [5n, 0n],
        [2n, 2n ** 70n],
      ]),
    );
    expect(toHex(written.finish())).toBe("0000000201020940000000000000000002012c0107");
    const twice = fromHex("00000003010201050102010601030100");
    expect(readTokenBalances(new WireReader(twice), "amounts")).toEqual(new Map([[2n, 6n]]));
  });
});

describe("transactions", () => {
  test("the Merkle root is padded with zero subtrees and closed with the count", () => {
    const hashes = [1, 2, 3, 4, 5].map((byte) => wrapTransaction(Uint8Array.of(byte)).hash);
    const roots = hashes.map((_, count) => toHex(merkleRoot(hashes.slice(0, count)))).concat(toHex(merkleRoot(hashes)));
    expect(roots).toEqual([
      "daa77426c30c02a43d9fba4e841a6556c524d47030762eb14dc4af897e605d9b",
      "fdea82eda9c131294497e85dfef6329435c979ad6953f8bc669717e7dbda1655",
      "1624e6b8544b2582c9d0f26ca5b3826cc96f24298c4d12355586848c8f15d05a",
      "7458e0f32e74fe0361d78c592f96176cdba26038ad91103582e9042983384d34",
      "c637b86227235a0ee78c7c5c8f40a1922442ee7419afaa74d2759cc70bf49878",
      "80f81aa82047981ceda974d3647ecc5a2273633d59095e9d188b5ecc9b8c43e7",
    ]);
  });

  test("a transaction is known by the hash of its wrapper", () => {
    expect(toHex(wrapTransaction(Uint8Array.of(1)).hash)).toBe(
      "e5e06e7205795b143913c5501b1a3bbbb1b146f9b6f90ba0148e63b04904eeca",
    );
  });
});

describe("receipts", () => {
  const log: Log = {
    address: fromHex(x("01", 20)) as Log["address"],
    topics: [`${x("00", 31)}02`, `80${x("00", 31)}`].map((hex) => fromHex(hex)),
    data: utf8("abc"),
  };

  test("a receipt has six fields, the status being 1 or empty and the key four bytes", () => {
    const common = { cumulativeGasUsed: 70000n, bloom: logsBloom([log]), logs: [log], contractFullShardKey: 16 };
    expect(toHex(encodeReceipt({ ...common, success: true, contractAddress: new Uint8Array(0) }))).toBe(
      `f9016f0183011170b9010004${x("00", 55)}02${x("00", 30)}05${x("00", 82)}01000000000000000000000020${x("00", 28)}2000000008${x("00", 29)}8000000000000000000000f85ff85d94${x("01", 20)}f842a0${x("00", 31)}02a080${x("00", 31)}83616263808400000010`,
    );
    const empty = { cumulativeGasUsed: 0n, bloom: new Uint8Array(256), logs: [], contractFullShardKey: 0 };
    expect(toHex(encodeReceipt({ ...empty, success: false, contractAddress: fromHex(x("07", 20)) }))).toBe(
      `f901208080b901${x("00", 257)}c094${x("07", 20)}8400000000`,
    );
  });
});

describe("deposit lists", () => {
  const V1 = `000000${x("01", 33)}${x("02", 20)}00000003${x("04", 20)}00000005${x("00", 31)}06${x("00", 31)}0700000000000000080000000000000009${x("00", 31)}0a000000046461746101002100000001`;
  const V0 = `000000${x("01", 33)}${x("02", 20)}00000003${x("04", 20)}00000005${x("00", 31)}06${x("00", 31)}0700000000000000080000000000000009${x("00", 31)}0a0000000464617461010000000000`;
  const UNVERSIONED = `000000${x("01", 33)}${x("02", 20)}00000003${x("04", 20)}00000005${x("00", 31)}06${x("00", 31)}070000000000000008000000000000000901`;

  test("a list is of version 1, 0 or of none, which its length tells", () => {
    const [latest, v0, oldest] = [V1, V0, UNVERSIONED].map((hex) => decodeDepositList(fromHex(hex)));
    expect([latest.version, v0.version, oldest.version]).toEqual([1, 0, -1]);
    expect(latest.deposits[0]).toMatchObject({ gasRemained: 10n, createContract: true, refundRate: 33 });
    expect(v0.deposits[0]).toMatchObject({ gasRemained: 10n, createContract: true, refundRate: 100 });
    expect(oldest.deposits[0]).toMatchObject({ gasRemained: 0n, createContract: false, isFromRootChain: true });
    expect(oldest.deposits[0]).toMatchObject({ gasPrice: 7n, transferTokenId: 9n, refundRate: 100 });
  });

  test("lists are written in version 1, the empty one too", () => {
    expect(toHex(encodeDepositList(decodeDepositList(fromHex(V1)).deposits))).toBe(V1);
    expect(toHex(encodeDepositList([]))).toBe("0000000000000001");
    expect(decodeDepositList(fromHex("0000000000000001")).deposits).toEqual([]);
  });
});
