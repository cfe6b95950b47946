import { describe, expect, test } from "vitest";
import { asAddress } from "../codec/bytes.ts";
import { decodeEvmTransaction } from "./evm-transaction.ts";
import { recoverSender } from "./sender.ts";
import { signTransaction, type UnsignedTransaction } from "./sign-transaction.ts";
import { addressOfKey, sign, wrap } from "./signing.testkit.ts";

const KEY = new Uint8Array(32).fill(7);
const UNSIGNED: UnsignedTransaction = {
  nonce: 3n,
  gasPrice: 10n,
  startGas: 21000n,
  to: asAddress(new Uint8Array(20).fill(9)),
  value: 5n,
  data: Uint8Array.of(1, 2),
  networkId: 255n,
  fromFullShardKey: 1,
  toFullShardKey: 0x10002,
  gasTokenId: 35760n,
  transferTokenId: 35760n,
  version: 0n,
};

describe("signTransaction", () => {
  test.each([0n, 1n, 2n])("signs version %i as another library does", (version) => {
    const signed = signTransaction({ ...UNSIGNED, version }, KEY);
    expect(signed).toEqual(wrap(sign({ ...UNSIGNED, version, v: 0n, r: 0n, s: 0n }, KEY)));
    expect(recoverSender(decodeEvmTransaction(signed.rlp))).toEqual(addressOfKey(KEY));
  });

  test("refuses a version that does not exist and a key that is none", () => {
    expect(() => signTransaction({ ...UNSIGNED, version: 3n }, KEY)).toThrow(/version 3 cannot be signed/);
    expect(() => signTransaction(UNSIGNED, new Uint8Array(32))).toThrow(/private key/);
  });
});
