import { createHash } from "node:crypto";
import { bn254 } from "@noble/curves/bn254.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { ripemd160 } from "@noble/hashes/legacy.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressFromHex, bigIntToBytes, bytesToBigInt, concatBytes, ZERO_ADDRESS } from "../../../codec/bytes.ts";
import type { ExecutionContext } from "../context.ts";
import type { Message, MessageResult } from "../message.ts";
import { QUARKCHAIN_RULES } from "../rules.ts";
import { precompileAt } from "./precompiles.ts";
import { type ConfiguredTimes, precompileSchedule } from "./schedule.ts";

const GAS = 10_000_000;

function contextAt(timestamp: number, times: Partial<ConfiguredTimes> = {}): ExecutionContext {
  const schedule = precompileSchedule({
    enableEvmTimestamp: undefined,
    enableNonReservedNativeTokenTimestamp: undefined,
    enableGeneralNativeTokenTimestamp: undefined,
    ...times,
  });
  return { block: { timestamp }, chain: { rules: QUARKCHAIN_RULES, schedule } } as unknown as ExecutionContext;
}

function call(index: number, data: Uint8Array): MessageResult {
  const context = contextAt(1);
  const address = addressFromHex(index.toString(16).padStart(40, "0"));
  const message: Message = {
    sender: ZERO_ADDRESS,
    to: address,
    codeAddress: address,
    value: 0n,
    transferTokenId: 0n,
    gas: GAS,
    data,
    depth: 0,
    transfersValue: true,
    isStatic: false,
    toFullShardKey: 0,
  };
  return precompileAt(context, address)?.(context, message) as MessageResult;
}

function words(...values: readonly bigint[]): Uint8Array {
  return concatBytes(...values.map((value) => bigIntToBytes(value, 32)));
}

describe("start times", () => {
  const qkc = (index: number) => addressFromHex(`514b43000${index}`.padStart(40, "0"));

  test("a precompile answers after its time, not at it", () => {
    const times = { enableEvmTimestamp: 100, enableNonReservedNativeTokenTimestamp: 200 };
    for (const [index, start] of [100, 100, 100, 200, 200].entries()) {
      expect(precompileAt(contextAt(start, times), qkc(index + 1))).toBeUndefined();
      expect(precompileAt(contextAt(start + 1, times), qkc(index + 1))).toBeDefined();
    }
    expect(precompileAt(contextAt(0), addressFromHex("1".padStart(40, "0")))).toBeUndefined();
    expect(precompileAt(contextAt(1), addressFromHex("1".padStart(40, "0")))).toBeDefined();
  });

  test("not configured means from the start for the first three, never for the others", () => {
    for (const timestamp of [1, 2 ** 40]) {
      const found = [1, 2, 3, 4, 5].map((index) => precompileAt(contextAt(timestamp), qkc(index)) !== undefined);
      expect(found).toEqual([true, true, true, false, false]);
    }
  });

  test("other addresses have none", () => {
    for (const address of ["0", "9", "514b430000", "514b430006", "1514b430001", `1${"0".repeat(38)}1`]) {
      expect(precompileAt(contextAt(1), addressFromHex(address.padStart(40, "0")))).toBeUndefined();
    }
  });
});

test("ecrecover finds the signer that @noble/curves signed for", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.bigInt({ min: 1n, max: 2n ** 250n }),
      (hash, key) => {
        const secret = bigIntToBytes(key, 32);
        const signature = secp256k1.sign(hash, secret, { prehash: false, format: "recovered" });
        const data = concatBytes(hash, words(27n + BigInt(signature[0])), signature.subarray(1));
        const publicKey = secp256k1.getPublicKey(secret, false).subarray(1);
        const signer = concatBytes(new Uint8Array(12), keccak_256(publicKey).subarray(12));
        expect(call(1, data).output).toEqual(signer);
      },
    ),
    { numRuns: 20 },
  );
});

test("hashes equal those of other libraries", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
      expect(call(2, data).output).toEqual(new Uint8Array(createHash("sha256").update(data).digest()));
      expect(call(3, data).output).toEqual(concatBytes(new Uint8Array(12), ripemd160(data)));
      expect(call(4, data).output).toEqual(data);
    }),
  );
});

test("identity answers with a copy", () => {
  const data = Uint8Array.of(1, 2, 3);
  const { output } = call(4, data);
  data[0] = 9;
  expect([...output]).toEqual([1, 2, 3]);
});

test("modexp equals repeated multiplication", () => {
  const number = fc.bigInt({ min: 0n, max: 2n ** 100n });
  fc.assert(
    fc.property(number, fc.bigInt({ min: 0n, max: 300n }), number, (base, exponent, modulus) => {
      const data = concatBytes(words(32n, 32n, 32n), words(base, exponent, modulus));
      const expected = modulus === 0n ? 0n : base ** exponent % modulus;
      expect(bytesToBigInt(call(5, data).output)).toBe(expected);
    }),
  );
});

describe("bn256", () => {
  const { Fp, Fr } = bn254.fields;
  const scalar = fc.bigInt({ min: 1n, max: Fr.ORDER - 1n });
  const g1 = (factor: bigint) => {
    const { x, y } = bn254.G1.Point.BASE.multiply(factor).toAffine();
    return words(x, y);
  };
  const g2 = (factor: bigint) => {
    const { x, y } = bn254.G2.Point.BASE.multiply(factor).toAffine();
    return words(x.c1, x.c0, y.c1, y.c0);
  };

  test("addition and multiplication agree", () => {
    fc.assert(
      fc.property(scalar, scalar, (a, b) => {
        const sum = call(6, concatBytes(g1(a), g1(b))).output;
        expect(sum).toEqual(call(7, concatBytes(g1(1n), words(a + b))).output);
      }),
      { numRuns: 10 },
    );
  });

  test("the pairing is bilinear", () => {
    fc.assert(
      fc.property(scalar, scalar, (a, b) => {
        const left = concatBytes(g1(a), g2(b));
        const right = g1((a * b) % Fr.ORDER);
        const negated = concatBytes(right.subarray(0, 32), words(Fp.ORDER - bytesToBigInt(right.subarray(32))));
        expect(bytesToBigInt(call(8, concatBytes(left, negated, g2(1n))).output)).toBe(1n);
        expect(bytesToBigInt(call(8, concatBytes(left, right, g2(1n))).output)).toBe(0n);
      }),
      { numRuns: 3 },
    );
  });
});
