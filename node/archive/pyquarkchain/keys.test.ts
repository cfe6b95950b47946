import { expect, test } from "vitest";
import { asHash32, utf8 } from "../../codec/bytes.ts";
import { BLOCK_KEYS, blockCountKey, describeKey, PREFIX, prefixedKey, ROOT_TIP_KEY } from "./keys.ts";

test("keys in messages: a known prefix and hex, whatever letters the hash begins with", () => {
  const hash = asHash32(Uint8Array.from({ length: 32 }, (_, i) => 0x6d + i));
  const hex = Buffer.from(hash).toString("hex");
  expect(describeKey(BLOCK_KEYS.minorBlock(hash))).toBe(`mblock_${hex}`);
  expect(describeKey(prefixedKey(PREFIX.lastConfirmedMinor, hash))).toBe(`r_last_m${hex}`);
  expect(describeKey(hash)).toBe(hex);
});

test("keys that are text stay text", () => {
  expect(describeKey(ROOT_TIP_KEY)).toBe("tipHash");
  expect(describeKey(BLOCK_KEYS.minorHashAt(120))).toBe("mi_120");
  expect(describeKey(blockCountKey(65537, 9))).toBe("count_65537_9");
  expect(describeKey(utf8("unknown_key"))).toBe("unknown_key");
});
