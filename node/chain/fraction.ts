/** An exact rational number in lowest terms, denominator positive. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Python's Fraction.limit_denominator() default. */
const MAX_DENOMINATOR = 1_000_000n;

/**
 * Python's `Fraction(value).limit_denominator()` for a float or int: the closest fraction whose denominator is at most
 * a million, so that 0.88, which no binary float equals, becomes 22/25. Throws RangeError for NaN and infinities.
 */
export function fractionFromFloat(value: number): Fraction {
  return limitDenominator(exactFraction(value));
}

/** `value · fraction`, rounded down. */
export function multiplyFloor(value: bigint, { numerator, denominator }: Fraction): bigint {
  return floorDivide(value * numerator, denominator);
}

/** 1 − fraction. */
export function oneMinus({ numerator, denominator }: Fraction): Fraction {
  return { numerator: denominator - numerator, denominator };
}

/** Python's `//`: rounds towards minus infinity. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor !== 0n && dividend < 0n !== divisor < 0n ? quotient - 1n : quotient;
}

/** The rational number that a float is: its mantissa over a power of two. */
function exactFraction(value: number): Fraction {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is not a fraction`);
  let numerator = value;
  let denominator = 1n;
  while (!Number.isInteger(numerator)) {
    numerator *= 2;
    denominator *= 2n;
  }
  return { numerator: BigInt(numerator), denominator };
}

/** Walks the continued fraction and picks the nearer of the last two bounds (CPython Lib/fractions.py). */
function limitDenominator(exact: Fraction): Fraction {
  if (exact.denominator <= MAX_DENOMINATOR) return exact;
  let [p0, q0, p1, q1] = [0n, 1n, 1n, 0n];
  let { numerator: n, denominator: d } = exact;
  for (;;) {
    const a = floorDivide(n, d);
    const q2 = q0 + a * q1;
    if (q2 > MAX_DENOMINATOR) break;
    [p0, q0, p1, q1] = [p1, q1, p0 + a * p1, q2];
    [n, d] = [d, n - a * d];
  }
  const k = (MAX_DENOMINATOR - q0) / q1;
  const other = { numerator: p0 + k * p1, denominator: q0 + k * q1 };
  const nearest = { numerator: p1, denominator: q1 };
  return isCloser(other, nearest, exact) ? other : nearest;
}

/** Whether |a − target| < |b − target|. */
function isCloser(a: Fraction, b: Fraction, target: Fraction): boolean {
  return distance(a, target) * b.denominator < distance(b, target) * a.denominator;
}

/** |a − target| · a.denominator · target.denominator. */
function distance(a: Fraction, target: Fraction): bigint {
  const difference = a.numerator * target.denominator - target.numerator * a.denominator;
  return difference < 0n ? -difference : difference;
}
