import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { smallestSet } from "./smallest-set.ts";

const NAMES = ["a", "b", "c", "d", "e", "f", "g"];

/** Restored by any of these sets, and by those that hold one. */
function restoredBy(...sets: readonly string[]): (toggled: ReadonlySet<string>) => boolean {
  return (toggled) => sets.some((set) => [...set].every((name) => toggled.has(name)));
}

function found(restores: (toggled: ReadonlySet<string>) => boolean, maxRuns = 1000): string {
  return smallestSet(NAMES, restores, maxRuns).names.join("");
}

describe("smallest set", () => {
  test.each([
    ["one", ["c"], "c"],
    ["a pair", ["be"], "be"],
    ["one of many, however long", ["abdfg"], "abdfg"],
    ["the smaller of two", ["abc", "g"], "g"],
    ["the first of equal ones", ["e", "c"], "c"],
    ["the first of equal pairs", ["dg", "bf"], "bf"],
    ["what all share, and the less of what they do not", ["adef", "ac"], "ac"],
    ["none", [], ""],
  ])("%s", (_, sets, expected) => {
    expect(found(restoredBy(...sets))).toBe(expected);
  });

  test("one that helps only while others are left alone", () => {
    expect(found((toggled) => toggled.has("d") && toggled.size === 1)).toBe("d");
  });

  test("a pair that helps only alone", () => {
    expect(found((toggled) => toggled.has("d") && toggled.has("f") && toggled.size === 2)).toBe("df");
  });

  test("nothing without switches", () => {
    expect(smallestSet([], () => true, 10)).toEqual({ names: [], runs: 0 });
  });

  test("pairs end at the bound, and a set that cannot be made smaller remains", () => {
    const restores = restoredBy("abc", "efg");
    const { names, runs } = smallestSet(NAMES, restores, 10);
    expect(names.join("")).toBe("efg");
    expect(runs).toBeLessThanOrEqual(10 + NAMES.length);
  });

  test("no set is asked for twice", () => {
    const asked: string[] = [];
    smallestSet(
      NAMES,
      (toggled) => {
        asked.push([...toggled].join(""));
        return false;
      },
      1000,
    );
    expect(new Set(asked).size).toBe(asked.length);
    // All, each alone, each pair.
    expect(asked).toHaveLength(1 + 7 + 21);
  });

  test("is as small as any, where toggling more never hurts", () => {
    const set = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(fc.array(set, { minLength: 1, maxLength: 4 }), (sets) => {
        const restores = restoredBy(...sets.map((names) => names.join("")));
        const answer = found(restores);
        expect(restores(new Set(answer))).toBe(true);
        expect(answer.length).toBe(Math.min(...sets.map(({ length }) => length)));
      }),
    );
  });
});
