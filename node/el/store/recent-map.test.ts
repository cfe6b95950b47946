import { expect, test } from "vitest";
import type { Hash32 } from "../../codec/bytes.ts";
import { RecentMap } from "./recent-map.ts";

const [a, b, c] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte) as Hash32);

test("drops what was put longest ago, and nothing for an entry that is put again", () => {
  const map = new RecentMap<string>(2);
  map.set(a, "a");
  map.set(b, "b");
  map.set(b, "again");
  expect([map.get(a), map.get(b)]).toEqual(["a", "again"]);
  map.set(a, "again");
  map.set(c, "c");
  expect([map.get(a), map.get(b), map.get(c)]).toEqual(["again", undefined, "c"]);
});
