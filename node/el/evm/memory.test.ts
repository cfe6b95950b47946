import { describe, expect, test } from "vitest";
import { UnsupportedError } from "../../codec/errors.ts";
import { QUARKCHAIN_GAS } from "./gas.ts";
import { Memory } from "./memory.ts";

const RICH = 2 ** 52;

describe("price of growing", () => {
  test("is 3 a word and words² / 512, less what is paid already", () => {
    const memory = new Memory();
    expect(memory.expansionFee(1, RICH, QUARKCHAIN_GAS)).toBe(3);
    expect(memory.expansionFee(32 * 1000, RICH, QUARKCHAIN_GAS)).toBe(3000 + 1953);
    memory.grow(32 * 999);
    expect(memory.expansionFee(32 * 1000, RICH, QUARKCHAIN_GAS)).toBe(3 + 1953 - 1949);
  });

  test("is exact for the largest memory", () => {
    const words = 2n ** 26n;
    const fee = words * 3n + (words * words) / 512n;
    expect(new Memory().expansionFee(2 ** 31, RICH, QUARKCHAIN_GAS)).toBe(Number(fee));
  });

  test("is beyond any block's gas for a larger one, and refused where it could be paid", () => {
    expect(new Memory().expansionFee(1e77, 12_000_000, QUARKCHAIN_GAS)).toBe(Number.POSITIVE_INFINITY);
    expect(() => new Memory().expansionFee(2 ** 31 + 1, RICH, QUARKCHAIN_GAS)).toThrow(UnsupportedError);
  });
});

describe("contents", () => {
  test("survive growth, and growth is zero", () => {
    const memory = new Memory();
    memory.grow(64);
    memory.bytes[63] = 7;
    memory.grow(5000);
    expect(memory.size).toBe(5024);
    expect(memory.readWord(32)).toBe(7n);
    expect(memory.copy(64, 4960)).toEqual(new Uint8Array(4960));
  });

  test("a copy is padded with zeros behind its source", () => {
    const memory = new Memory();
    memory.grow(32);
    memory.bytes.fill(9, 0, 32);
    memory.write(2, Uint8Array.of(1, 2, 3), 1, 4);
    memory.write(10, Uint8Array.of(1, 2, 3), 2 ** 200, 2);
    expect([...memory.copy(0, 13)]).toEqual([9, 9, 2, 3, 0, 0, 9, 9, 9, 9, 0, 0, 9]);
  });

  test("a reset memory is a new one", () => {
    for (const size of [64, 2 ** 21]) {
      const memory = new Memory();
      memory.grow(size);
      memory.bytes.fill(255, 0, size);
      memory.reset();
      expect(memory.size).toBe(0);
      memory.grow(1024);
      expect(memory.copy(0, 1024)).toEqual(new Uint8Array(1024));
    }
  });
});
