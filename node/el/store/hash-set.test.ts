import { expect, test } from "vitest";
import { asHash32, type Hash32, uint32ToBytes } from "../../codec/bytes.ts";
import { keccak256 } from "../../codec/keccak.ts";
import { HashSet } from "./hash-set.ts";

function hashOf(number: number): Hash32 {
  return keccak256(uint32ToBytes(number));
}

test("holds what was added and nothing else, however many", () => {
  const set = new HashSet();
  const count = 20_000;
  for (let i = 0; i < count; i++) expect(set.add(hashOf(i))).toBe(true);
  for (let i = 0; i < count; i += 7) expect(set.add(hashOf(i))).toBe(false);
  expect(set.size).toBe(count);
  for (let i = 0; i < count; i++) if (!set.has(hashOf(i))) throw new Error(`${i} is lost`);
  for (let i = count; i < 2 * count; i++) if (set.has(hashOf(i))) throw new Error(`${i} was never added`);
});

test("tells hashes apart that differ in one of their first 16 bytes", () => {
  const set = new HashSet();
  set.add(asHash32(new Uint8Array(32)));
  for (let i = 0; i < 15; i++) {
    const other = new Uint8Array(32);
    other[i] = 2;
    expect(set.has(asHash32(other))).toBe(false);
  }
});
