import { expect, it } from "vitest";
import { ZERO_HASH } from "../codec/bytes.ts";
import { SHARD } from "./cluster-links.testkit.ts";
import { xshardBatches } from "./xshard-batches.ts";

/** An empty list takes 44 bytes: shard, block, count and version. */
const lists = Array.from({ length: 7 }, (_, n) => ({ branch: SHARD + n, minorBlockHash: ZERO_HASH, deposits: [] }));
const sizes = (batchBytes?: number) => xshardBatches(lists, batchBytes).map((batch) => batch.length);

it("lists are batched by their bytes, in their order, none left out", () => {
  expect(sizes()).toEqual([7]);
  expect(sizes(3 * 44)).toEqual([3, 3, 1]);
  expect(sizes(3 * 44 - 1)).toEqual([2, 2, 2, 1]);
  expect(xshardBatches(lists, 100).flat()).toEqual(lists);
});

it("a list longer than a batch is one of its own; no lists are no batch", () => {
  expect(sizes(10)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(xshardBatches([])).toEqual([]);
});
