import { describe, expect, it } from "vitest";
import { divergence } from "../report.testkit.ts";
import type { FoundDivergence } from "../schema.ts";
import { firstOfEachClass, groupByClass } from "./group.ts";

function of(name: string | null, height: number, allowed: string | null = null): FoundDivergence {
  return { ...divergence(1, 1, height), class: name, allowed };
}

describe("firstOfEachClass", () => {
  it("keeps five of each class in their order, and none without a class", () => {
    const found = [1, 2, 3, 4, 5, 6].flatMap((height) => [of("a", height), of(null, height)]);
    const chosen = firstOfEachClass([...found, of("b", 7)]);
    expect(chosen.map((one) => [one.class, one.height])).toEqual([
      ["a", 1],
      ["a", 2],
      ["a", 3],
      ["a", 4],
      ["a", 5],
      ["b", 7],
    ]);
  });
});

describe("groupByClass", () => {
  it("counts the classes in the order of their first divergences", () => {
    const groups = groupByClass([of("b", 1), of("a", 2), of(null, 3), of("b", 4)]);
    expect(groups.map(({ name, count, first }) => [name, count, first.height])).toEqual([
      ["b", 2, 1],
      ["a", 1, 2],
    ]);
  });

  it("is allowed only as a whole", () => {
    const allowed = (...reasons: (string | null)[]) =>
      groupByClass(reasons.map((reason, height) => of("a", height, reason)))[0].allowed;
    expect(allowed("x", "x")).toBe("x");
    expect(allowed("x", "y")).toBe("x; y");
    expect(allowed("x", null)).toBe(null);
  });
});
