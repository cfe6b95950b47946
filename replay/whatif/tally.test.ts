import { expect, test } from "vitest";
import { firstChanges } from "./first-changes.ts";
import type { Change, WhatifRange } from "./schema.ts";
import { Tally } from "./tally.ts";

const RANGE = { index: 3, firstRootHeight: 10, lastRootHeight: 20, unconfirmed: false, weight: 1 };

test("a range in which nothing can be read has a result that fits memory, and its findings' number", () => {
  const tally = new Tally();
  for (let height = 0; height < 5000; height++) {
    tally.addDamage({ fullShardId: 1, height, message: "gone" });
    tally.addUnsupported({ fullShardId: 1, height, message: "pruned" });
    tally.warn(`block ${height}`);
  }
  const { damage, unsupported, warnings } = tally.result(RANGE);
  expect([damage.length, unsupported.length]).toEqual([1000, 1000]);
  expect(warnings.length).toBeLessThan(1010);
  expect(warnings).toContain("there are more warnings than are listed");
  expect(warnings).toContain("root blocks 10..20: 4000 more damaged blocks than are listed");
  expect(warnings).toContain("root blocks 10..20: 4000 more unsupported blocks than are listed");
});

function rangeWith(index: number, heights: readonly number[]): WhatifRange {
  const { counts, ...rest } = new Tally().result({ ...RANGE, index });
  return { ...rest, counts, changes: heights.map((height) => ({ height }) as Change) };
}

test("the first changes of the chain are kept, in whatever order ranges come", () => {
  const ranges = [rangeWith(0, [1, 2]), rangeWith(1, [3, 4]), rangeWith(2, [5])];
  const inOrder = firstChanges(ranges, 3);
  let oneByOne: WhatifRange[] = [];
  for (const range of ranges.toReversed()) oneByOne = firstChanges([range, ...oneByOne], 3);
  for (const results of [inOrder, oneByOne]) {
    expect(results.map(({ changes }) => changes.map(({ height }) => height))).toEqual([[1, 2], [3], []]);
    expect(results.map(({ omitted }) => omitted)).toEqual([0, 1, 1]);
  }
});
