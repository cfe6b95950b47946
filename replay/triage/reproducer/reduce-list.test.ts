import fc from "fast-check";
import { expect, test } from "vitest";
import { reduceList } from "./reduce-list.ts";

test("what is needed stays, in its order, and nothing else", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 40 }), fc.func(fc.boolean()), (numbers, isNeeded) => {
      const needed = numbers.filter((number) => isNeeded(number));
      const holds = (rest: readonly number[]) =>
        JSON.stringify(rest.filter((one) => isNeeded(one))) === JSON.stringify(needed);
      expect(reduceList(numbers, holds)).toEqual(needed);
    }),
  );
});

test("a list that cannot be shortened costs at most twice its length in trials", () => {
  let trials = 0;
  const items = Array.from({ length: 64 }, (_, i) => i);
  reduceList(items, () => ++trials < 0);
  expect(trials).toBeLessThanOrEqual(2 * items.length);
});
