import { expect, test } from "vitest";
import type { Log, Receipt } from "../../chain/receipt.ts";
import { addressFromHex, EMPTY_BYTES, fromHex, hashFromHex } from "../../codec/bytes.ts";
import { type BlockLogs, findLogs } from "./logs.ts";
import { NEVER, readVectors } from "./read-vectors.testkit.ts";

interface LogCase {
  readonly blocks: readonly {
    readonly bloom: string;
    readonly receipts: readonly (readonly { readonly address: string; readonly topics: readonly string[] }[])[];
  }[];
  readonly queries: readonly {
    readonly addresses: readonly string[];
    readonly topics: readonly (readonly string[])[];
    /** Height, receipt, log. */
    readonly found: readonly (readonly [number, number, number])[];
  }[];
}

const cases = readVectors<LogCase[]>("logs");

function blocksOf({ blocks }: LogCase): (BlockLogs & { readonly height: number })[] {
  return blocks.map(({ bloom, receipts }, height) => ({
    height,
    bloom: fromHex(bloom),
    receipts: () => receipts.map((logs) => receiptWith(logs.map(logOf))),
  }));
}

function logOf({ address, topics }: { readonly address: string; readonly topics: readonly string[] }): Log {
  return { address: addressFromHex(address), topics: topics.map((topic) => hashFromHex(topic)), data: EMPTY_BYTES };
}

function receiptWith(logs: Log[]): Receipt {
  const bloom = new Uint8Array(256);
  return {
    success: true,
    cumulativeGasUsed: 0n,
    bloom,
    logs,
    contractAddress: EMPTY_BYTES,
    contractFullShardKey: 0,
  };
}

test.each(cases.map((one, index) => [index, one] as const))("finds what pyquarkchain finds (%i)", async (_, one) => {
  for (const { addresses, topics, found } of one.queries) {
    const query = {
      addresses: addresses.map((address) => addressFromHex(address)),
      topics: topics.map((place) => place.map((topic) => hashFromHex(topic))),
    };
    const logs = await findLogs(blocksOf(one), query, NEVER);
    expect(logs.map(({ block, receiptIndex, logIndex }) => [block.height, receiptIndex, logIndex])).toEqual(found);
  }
});

test("the vectors find something, and two addresses less than each of them", () => {
  const found = cases.flatMap(({ queries }) => queries).filter((query) => query.found.length > 0);
  expect(found.length).toBeGreaterThan(10);
});

const ALL = { addresses: [], topics: [] };

test("ends when nobody waits, and when it takes too long", async () => {
  const blocks = blocksOf(cases[0]);
  await expect(findLogs(blocks, ALL, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
  let seconds = 0;
  await expect(findLogs(blocks, ALL, NEVER, () => 4000 * seconds++)).rejects.toMatchObject({ failure: "too-much" });
});
