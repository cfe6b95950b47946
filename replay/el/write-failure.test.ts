import { afterAll, expect, test } from "vitest";
import { LevelRows } from "../../node/el/store/level-rows.ts";
import type { RowChange, RowStore } from "../../node/el/store/row-store.ts";
import { contentDigest } from "./kill-runs.testkit.ts";
import { insertAsHead, OpenNodes } from "./open-nodes.testkit.ts";

const SHARD = 65539;
const nodes = new OpenNodes();
afterAll(() => nodes.close());

/** Lets so many batches pass. */
function failingAfter(rows: RowStore, batches: number): RowStore {
  let left = batches;
  return {
    get: (key) => rows.get(key),
    keys: (range, limit) => rows.keys(range, limit),
    close: () => rows.close(),
    write: async (changes: readonly RowChange[], sync: boolean) => {
      if (left-- <= 0) throw new Error("IO error: 000005.log: No space left on device");
      await rows.write(changes, sync);
    },
  };
}

test("a block whose batch is not written is not acknowledged, and the store is as before it", async () => {
  const whole = nodes.newFolder();
  const path = nodes.newFolder();
  const items = () => [...nodes.chain.canonicalPayloads(SHARD)];
  const first = await nodes.at(whole, SHARD);
  for (const item of items()) await insertAsHead(first, item);
  await first.close();

  const failing = await nodes.at(path, SHARD, {
    openRows: async (folder) => failingAfter(await LevelRows.open(folder), 40),
  });
  let acknowledged = -1;
  const error = await (async () => {
    for (const item of items()) {
      expect((await failing.newPayload(item.payload)).status).toBe("VALID");
      await insertAsHead(failing, item);
      acknowledged = item.exported.height;
    }
    return undefined;
  })().catch((reason: Error) => reason);
  expect(error?.message).toMatch(/cannot be written \(IO error: .*No space left on device\)/);
  expect(acknowledged).toBeGreaterThan(10);
  // Nothing more is taken, known blocks among it: what is in memory need not be on the disk.
  await expect(failing.newPayload(items()[acknowledged + 2].payload)).rejects.toThrow(/cannot be written/);
  await expect(failing.newPayload(items()[0].payload)).rejects.toThrow(/cannot be written/);
  await failing.close();

  const again = await nodes.at(path, SHARD);
  expect(again.headBlock()?.block.header.height).toBeGreaterThanOrEqual(acknowledged);
  for (const item of items().slice(acknowledged + 1)) await insertAsHead(again, item);
  await again.close();
  expect(await contentDigest(path)).toBe(await contentDigest(whole));
});
