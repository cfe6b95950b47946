import { describe, expect, test } from "vitest";
import type { Hash32 } from "./bytes.ts";
import { RecentByHash, RecentMap } from "./recent-map.ts";

const KEYS = ["a", "b", "c"];

function filled(): RecentMap<string, string> {
  const map = new RecentMap<string, string>(2);
  map.set("a", "first");
  map.set("b", "second");
  return map;
}

function kept(map: RecentMap<string, string>): string[] {
  return KEYS.filter((key) => map.has(key));
}

describe("a recent map", () => {
  test("drops what was set longest ago", () => {
    const map = filled();
    map.set("c", "third");
    expect(kept(map)).toEqual(["b", "c"]);
    expect(KEYS.map((key) => map.get(key))).toEqual([undefined, "second", "third"]);
  });

  test("drops nothing for an entry that is set again, which is the last to go from then on", () => {
    const map = filled();
    map.set("a", "again");
    expect(kept(map)).toEqual(["a", "b"]);
    map.set("c", "third");
    expect([kept(map), map.get("a")]).toEqual([["a", "c"], "again"]);
  });

  test("keeps what is used, not what is only looked at", () => {
    const used = filled();
    expect([used.use("a"), used.use("c")]).toEqual(["first", undefined]);
    used.set("c", "third");
    expect(kept(used)).toEqual(["a", "c"]);

    const seen = filled();
    expect([seen.get("a"), seen.has("a")]).toEqual(["first", true]);
    seen.set("c", "third");
    expect(kept(seen)).toEqual(["b", "c"]);
  });

  test("has room again for what is deleted", () => {
    const map = filled();
    map.delete("b");
    map.set("c", "third");
    expect(kept(map)).toEqual(["a", "c"]);
  });
});

test("by hash, equal bytes are one key", () => {
  const hashOf = (byte: number) => new Uint8Array(32).fill(byte) as Hash32;
  const map = new RecentByHash<number>(2);
  for (const value of [1, 2, 2]) map.set(hashOf(value), value);
  expect([map.use(hashOf(1)), map.get(hashOf(2)), map.has(hashOf(3))]).toEqual([1, 2, false]);
  map.set(hashOf(3), 3);
  expect([1, 2, 3].filter((value) => map.has(hashOf(value)))).toEqual([1, 3]);
  map.delete(hashOf(1));
  expect(map.has(hashOf(1))).toBe(false);
});
