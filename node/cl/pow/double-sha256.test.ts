import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { asHash32, bigIntToBytes, concatBytes, hashFromHex, toHex } from "../../codec/bytes.ts";
import { doubleSha256 } from "./double-sha256.ts";
import { powVectors } from "./pow.testkit.ts";

test("equals pyquarkchain's hashes", () => {
  for (const { miningHash, nonce, result } of powVectors("double-sha256").cases) {
    expect(toHex(doubleSha256(hashFromHex(miningHash), BigInt(nonce)))).toBe(result);
  }
});

test("equals @noble/hashes for any nonce of 64 bits", () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(hash, fc.bigInt(0n, 2n ** 64n - 1n), (miningHash, nonce) => {
      const expected = sha256(sha256(concatBytes(miningHash, bigIntToBytes(nonce, 8))));
      expect(toHex(doubleSha256(asHash32(miningHash), nonce))).toBe(toHex(expected));
    }),
  );
});
