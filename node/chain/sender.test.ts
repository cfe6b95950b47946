import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asAddress, toHex } from "../codec/bytes.ts";
import { secp256k1Backend } from "../codec/secp256k1.ts";
import type { EvmTransaction } from "./evm-transaction.ts";
import { plainTransaction } from "./plain-messages.testkit.ts";
import { recoverSender } from "./sender.ts";
import { addressOfKey, sign } from "./signing.testkit.ts";

const ORDER = secp256k1.Point.CURVE().n;
const PLAIN = plainTransaction({
  gasPrice: 1n,
  startGas: 21000n,
  to: asAddress(new Uint8Array(20).fill(7)),
  value: 5n,
  data: Uint8Array.of(1, 2, 3),
  networkId: 3n,
  fromFullShardKey: 0x00010000,
  toFullShardKey: 0x00010000,
});
const KEY = new Uint8Array(32).fill(9);

function recovered(transaction: EvmTransaction): string | undefined {
  const sender = recoverSender(transaction);
  return sender === undefined ? undefined : toHex(sender);
}

describe("recoverSender", () => {
  test("finds the signer of every version", () => {
    const secretKey = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .filter((key) => secp256k1.utils.isValidSecretKey(key));
    fc.assert(
      fc.property(secretKey, fc.constantFrom(0n, 1n, 2n), fc.nat(), fc.nat(), (key, version, nonce, networkId) => {
        const transaction = { ...PLAIN, version, nonce: BigInt(nonce), networkId: BigInt(networkId) };
        expect(recovered(sign(transaction, key))).toBe(toHex(addressOfKey(key)));
      }),
      { verbose: 1, numRuns: 60 },
    );
  });

  test("n − s with the other parity is as good", () => {
    const signed = sign(PLAIN, KEY);
    const twin = { ...signed, v: 55n - signed.v, s: ORDER - signed.s };
    expect(recovered(twin)).toBe(toHex(addressOfKey(KEY)));
  });

  test("r and s lie between 1 and n − 1", () => {
    const signed = sign(PLAIN, KEY);
    for (const bad of [0n, ORDER, ORDER + 1n, 1n << 256n]) {
      expect(recovered({ ...signed, r: bad })).toBeUndefined();
      expect(recovered({ ...signed, s: bad })).toBeUndefined();
    }
  });

  test("v is 27 to 30, where version 2 has moved it", () => {
    const signed = sign(PLAIN, KEY);
    for (const v of [0n, 1n, 26n, 31n, 1n << 70n]) expect(recovered({ ...signed, v })).toBeUndefined();
    const eip155 = sign({ ...PLAIN, version: 2n }, KEY);
    expect(recovered({ ...eip155, v: eip155.v - 41n + 27n })).toBeUndefined();
  });

  test("recovery ids 2 and 3 stand for r + n", () => {
    // No r below p − n is known to be anybody's; pyquarkchain accepts whatever the curve answers.
    const signed = { ...sign(PLAIN, KEY), v: 29n };
    const candidates = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].map((r) => recovered({ ...signed, r }));
    expect(candidates.some((sender) => sender !== undefined)).toBe(true);
    expect(recovered({ ...signed, r: ORDER - 1n })).toBeUndefined();
  });

  test("a version that does not exist has no sender", () => {
    expect(recovered({ ...sign(PLAIN, KEY), version: 3n })).toBeUndefined();
  });
});

const HAS_PREBUILD = ["linux-x64", "darwin-arm64", "win32-x64"].includes(`${process.platform}-${process.arch}`);

test.runIf(HAS_PREBUILD)("the native build is loaded where the package ships one", () => {
  expect(secp256k1Backend()).toBe("native");
});
