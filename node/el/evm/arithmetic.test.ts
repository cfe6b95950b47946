import fc from "fast-check";
import { expect, test } from "vitest";
import {
  byteAt,
  byteLength,
  power,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  signExtend,
  signedDivide,
  signedModulo,
} from "./arithmetic.ts";

const LIMIT = 2n ** 256n;
const word = fc.oneof(
  fc.bigInt({ min: 0n, max: LIMIT - 1n }),
  fc.bigInt({ min: 0n, max: 300n }),
  fc.constantFrom(LIMIT - 1n, LIMIT / 2n, LIMIT / 2n - 1n),
);

function signed(value: bigint): bigint {
  return value < LIMIT / 2n ? value : value - LIMIT;
}

function modulo(value: bigint): bigint {
  return ((value % LIMIT) + LIMIT) % LIMIT;
}

test("signed division and remainder undo each other", () => {
  fc.assert(
    fc.property(word, word, (a, b) => {
      fc.pre(b !== 0n);
      const quotient = signed(signedDivide(a, b));
      const remainder = signed(signedModulo(a, b));
      expect(modulo(quotient * signed(b) + remainder)).toBe(a);
      expect(remainder === 0n || remainder > 0n === signed(a) > 0n).toBe(true);
    }),
  );
  expect(signedDivide(5n, 0n)).toBe(0n);
  expect(signedModulo(5n, 0n)).toBe(0n);
});

test("the least number divided by minus one overflows to itself", () => {
  expect(signedDivide(LIMIT / 2n, LIMIT - 1n)).toBe(LIMIT / 2n);
});

test("powers are those of repeated multiplication", () => {
  fc.assert(
    fc.property(word, fc.integer({ min: 0, max: 300 }), (base, exponent) => {
      expect(power(base, BigInt(exponent))).toBe(base ** BigInt(exponent) % LIMIT);
    }),
  );
});

test("powers of large exponents split into factors", () => {
  fc.assert(
    fc.property(word, word, (base, exponent) => {
      const half = exponent / 2n;
      expect(power(base, exponent)).toBe((power(base, half) * power(base, exponent - half)) % LIMIT);
    }),
  );
});

test("byteLength counts the bytes of the minimal encoding", () => {
  expect([0n, 1n, 255n, 256n, LIMIT - 1n].map(byteLength)).toEqual([0, 1, 1, 2, 32]);
});

test("signExtend keeps the value of the bytes it extends", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 31 }), word, (index, value) => {
      const bits = BigInt(8 * index + 8);
      const low = value % 2n ** bits;
      expect(signExtend(BigInt(index), value)).toBe(modulo(low < 2n ** (bits - 1n) ? low : low - 2n ** bits));
    }),
  );
  expect(signExtend(32n, 0x80n)).toBe(0x80n);
});

test("bytes are counted from the most significant one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 31 }), word, (index, value) => {
      expect(byteAt(BigInt(index), value)).toBe(
        BigInt(
          `0x${value
            .toString(16)
            .padStart(64, "0")
            .slice(2 * index, 2 * index + 2)}`,
        ),
      );
    }),
  );
  expect(byteAt(32n, LIMIT - 1n)).toBe(0n);
});

test("shifts multiply and divide by powers of two", () => {
  fc.assert(
    fc.property(word, word, (shift, value) => {
      const factor = shift < 256n ? 2n ** shift : LIMIT;
      expect(shiftLeft(shift, value)).toBe((value * factor) % LIMIT);
      expect(shiftRight(shift, value)).toBe(value / factor);
      const negative = signed(value) < 0n;
      const rounded = negative ? -((-signed(value) + factor - 1n) / factor) : value / factor;
      expect(shiftRightSigned(shift, value)).toBe(modulo(rounded));
    }),
  );
});
