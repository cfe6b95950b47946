import { expect, test } from "vitest";
import { asHash32, bigIntToBytes, type Hash32 } from "../../codec/bytes.ts";
import { meetsDoubleSha256Target, meetsTarget } from "./hash-target.ts";

const hashOf = (number: bigint): Hash32 => asHash32(bigIntToBytes(number, 32));
const LARGEST = 2n ** 256n - 1n;

test.each([2n, 3n, 1000n, 2n ** 64n + 13n, 2n ** 255n, 2n ** 256n])(
  "difficulty %s: both targets to the bit",
  (difficulty) => {
    const quotient = 2n ** 256n / difficulty;
    expect([quotient, quotient + 1n].map((result) => meetsTarget(hashOf(result), difficulty))).toEqual([true, false]);
    const hashes = [quotient - 2n, quotient - 1n, quotient].filter((hash) => hash >= 0n);
    expect(hashes.map((hash) => meetsDoubleSha256Target(hashOf(hash), difficulty))).toEqual(
      hashes.map((hash) => hash === quotient - 2n),
    );
  },
);

test.each([0n, 1n])("difficulty %s: every result is accepted, every double SHA-256 but the largest", (difficulty) => {
  expect(meetsTarget(hashOf(LARGEST), difficulty)).toBe(true);
  expect(meetsDoubleSha256Target(hashOf(LARGEST), difficulty)).toBe(false);
  expect(meetsDoubleSha256Target(hashOf(LARGEST - 1n), difficulty)).toBe(true);
});

test("difficulties above 2^256 leave only the result 0, and no double SHA-256", () => {
  expect([0n, 1n].map((result) => meetsTarget(hashOf(result), 2n ** 256n + 1n))).toEqual([true, false]);
  expect(meetsDoubleSha256Target(hashOf(0n), 2n ** 256n + 1n)).toBe(false);
});
