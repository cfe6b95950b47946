import { expect, it } from "vitest";
import { ZERO_HASH } from "../codec/bytes.ts";
import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { decode, encode } from "../wire/codec.ts";
import { SHARD } from "./cluster-links.testkit.ts";
import { xshardBatches } from "./xshard-batches.ts";

/** An empty list takes 44 bytes: shard, block, count and version. */
const lists = Array.from({ length: 7 }, (_, n) => ({ branch: SHARD + n, minorBlockHash: ZERO_HASH, deposits: [] }));
const payloads = lists.map((list) => encode(CLUSTER_RPC.addXshardTxList.request, list));
const batches = (batchBytes?: number) =>
  xshardBatches(payloads, batchBytes).map(
    (batch) => decode(CLUSTER_RPC.batchAddXshardTxList.request, batch, "batch").lists,
  );
const sizes = (batchBytes?: number) => batches(batchBytes).map((batch) => batch.length);

it("lists are batched by their bytes, in their order, none left out", () => {
  expect(sizes()).toEqual([7]);
  expect(sizes(3 * 44)).toEqual([3, 3, 1]);
  expect(sizes(3 * 44 - 1)).toEqual([2, 2, 2, 1]);
  expect(batches(100).flat()).toEqual(lists);
});

it("a list longer than a batch is one of its own; no lists are no batch", () => {
  expect(sizes(10)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(xshardBatches([])).toEqual([]);
});
