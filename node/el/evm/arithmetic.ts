import { WORD_LIMIT } from "./words.ts";

const WORD_MAX = WORD_LIMIT - 1n;

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

export function signedDivide(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  return BigInt.asUintN(256, BigInt.asIntN(256, a) / BigInt.asIntN(256, b));
}

/** The remainder has the sign of the dividend. */
export function signedModulo(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  return BigInt.asUintN(256, BigInt.asIntN(256, a) % abs(BigInt.asIntN(256, b)));
}

/** base to the power of exponent, modulo 2^256. */
export function power(base: bigint, exponent: bigint): bigint {
  if (base === 2n) return exponent < 256n ? 1n << exponent : 0n;
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = BigInt.asUintN(256, result * square);
    square = BigInt.asUintN(256, square * square);
  }
  return result;
}

/** Bytes that a number takes; zero takes none. */
export function byteLength(value: bigint): number {
  return value === 0n ? 0 : (value.toString(16).length + 1) >> 1;
}

/** Copies bit 8 · index + 7 to all higher bits; an index above 31 changes nothing. */
export function signExtend(index: bigint, value: bigint): bigint {
  if (index > 31n) return value;
  const bits = Number(index) * 8 + 8;
  return BigInt.asUintN(256, BigInt.asIntN(bits, value));
}

/** Byte of a word, 0 = the most significant. */
export function byteAt(index: bigint, value: bigint): bigint {
  return index >= 32n ? 0n : BigInt.asUintN(8, value >> (8n * (31n - index)));
}

export function shiftLeft(shift: bigint, value: bigint): bigint {
  return shift >= 256n ? 0n : BigInt.asUintN(256, value << shift);
}

export function shiftRight(shift: bigint, value: bigint): bigint {
  return shift >= 256n ? 0n : value >> shift;
}

export function shiftRightSigned(shift: bigint, value: bigint): bigint {
  const signed = BigInt.asIntN(256, value);
  if (shift >= 256n) return signed >= 0n ? 0n : WORD_MAX;
  return BigInt.asUintN(256, signed >> shift);
}
