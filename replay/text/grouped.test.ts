import { expect, it } from "vitest";
import { counted, grouped, signedGrouped } from "./grouped.ts";

it("counts have commas, and one thing is one", () => {
  expect([0, 1, 2, 2000].map((count) => counted(count, "block"))).toEqual([
    "0 blocks",
    "1 block",
    "2 blocks",
    "2,000 blocks",
  ]);
});

it("differences have their sign", () => {
  expect([1234n, 0n, -1234n].map(signedGrouped)).toEqual(["+1,234", "0", "-1,234"]);
  expect(grouped(1234567n)).toBe("1,234,567");
});
