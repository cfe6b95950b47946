import { secp256k1 } from "@noble/curves/secp256k1.js";
import { describe, expect, it } from "vitest";
import { readFixtureConfig } from "../chain/expected-configs.testkit.ts";
import { rootGenesisBlock } from "../chain/genesis.ts";
import { type RootBlockHeader, rootMiningHash } from "../chain/root-block.ts";
import { bigIntToBytes, bytesToBigInt, concatBytes, toHex } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import { isSignedWith, isWellFormedSignature, recoverRootSigner } from "./root-signature.ts";

const ORDER = secp256k1.Point.Fn.ORDER;
const KEY = bigIntToBytes(77n, 32);
const PUBLIC_KEY = secp256k1.getPublicKey(KEY, false).slice(1);
const OTHER_PUBLIC_KEY = secp256k1.getPublicKey(bigIntToBytes(78n, 32), false).slice(1);
const UNSIGNED = rootGenesisBlock(readFixtureConfig("defaults.json").quarkchain).header;

const withSignature = (signature: Uint8Array): RootBlockHeader => ({ ...UNSIGNED, signature });

function sign(header: RootBlockHeader): Uint8Array {
  const signed = secp256k1.sign(rootMiningHash(header), KEY, { prehash: false, format: "recovered" });
  return concatBytes(signed.slice(1), signed.slice(0, 1));
}

const SIGNATURE = sign(UNSIGNED);
const R = bytesToBigInt(SIGNATURE.subarray(0, 32));
const S = bytesToBigInt(SIGNATURE.subarray(32, 64));
const signatureOf = (r: bigint, s: bigint, v: number) =>
  concatBytes(bigIntToBytes(r, 32), bigIntToBytes(s, 32), Uint8Array.of(v));

describe("isSignedWith (core.py RootBlockHeader.verify_signature)", () => {
  it("is true for the key that signed and for no other", () => {
    expect(isSignedWith(withSignature(SIGNATURE), PUBLIC_KEY)).toBe(true);
    expect(isSignedWith(withSignature(SIGNATURE), OTHER_PUBLIC_KEY)).toBe(false);
  });

  it("covers the header but not nonce and mixhash", () => {
    const header = withSignature(SIGNATURE);
    expect(isSignedWith({ ...header, nonce: 5n }, PUBLIC_KEY)).toBe(true);
    expect(isSignedWith({ ...header, createTime: header.createTime + 1 }, PUBLIC_KEY)).toBe(false);
  });

  it("takes the high s and the wrong recovery id too", () => {
    expect(isSignedWith(withSignature(signatureOf(R, ORDER - S, SIGNATURE[64])), PUBLIC_KEY)).toBe(true);
    expect(isSignedWith(withSignature(signatureOf(R, S, 1 - SIGNATURE[64])), PUBLIC_KEY)).toBe(true);
  });

  it.each([
    ["no signature", new Uint8Array(65)],
    ["v of 27", signatureOf(R, S, 27)],
    ["r of the group order", signatureOf(ORDER, S, 0)],
    ["s of the group order", signatureOf(R, ORDER, 0)],
    ["s of 0", signatureOf(R, 0n, 0)],
    ["another s", signatureOf(R, S === 1n ? 2n : S - 1n, 0)],
  ])("is false for %s", (_, signature) => {
    expect(isSignedWith(withSignature(signature), PUBLIC_KEY)).toBe(false);
  });

  it("is false for a key that is no point of the curve", () => {
    expect(isSignedWith(withSignature(SIGNATURE), new Uint8Array(64).fill(1))).toBe(false);
  });
});

describe("isWellFormedSignature (eth_keys Signature)", () => {
  it.each<[Uint8Array, boolean]>([
    [SIGNATURE, true],
    [new Uint8Array(65), true],
    [signatureOf(R, S, 2), false],
    [signatureOf(R, S, 28), false],
    [signatureOf(ORDER - 1n, ORDER - 1n, 1), true],
    [signatureOf(ORDER, S, 1), false],
    [signatureOf(R, ORDER, 1), false],
  ])("case %#", (signature, expected) => {
    expect(isWellFormedSignature(signature)).toBe(expected);
  });
});

describe("recoverRootSigner (posw.py get_posw_info)", () => {
  const address = toHex(keccak256(PUBLIC_KEY).subarray(12));

  it("finds the address of the key, for either s with its recovery id", () => {
    expect(toHex(recoverRootSigner(withSignature(SIGNATURE))!)).toBe(address);
    const mirrored = signatureOf(R, ORDER - S, 1 - SIGNATURE[64]);
    expect(toHex(recoverRootSigner(withSignature(mirrored))!)).toBe(address);
  });

  it("finds somebody else for the other recovery id and nobody where there is no point", () => {
    expect(toHex(recoverRootSigner(withSignature(signatureOf(R, S, 1 - SIGNATURE[64])))!)).not.toBe(address);
    expect(recoverRootSigner(withSignature(new Uint8Array(65)))).toBeUndefined();
    expect(recoverRootSigner(withSignature(signatureOf(R, 0n, 0)))).toBeUndefined();
    expect(recoverRootSigner(withSignature(signatureOf(5n, S, 0)))).toBeUndefined();
  });
});
