import { afterAll, expect, test } from "vitest";
import { type Hash32, ZERO_HASH } from "../../node/codec/bytes.ts";
import { LevelRows } from "../../node/el/store/level-rows.ts";
import type { RowStore } from "../../node/el/store/row-store.ts";
import { ROW } from "../../node/el/store/store-keys.ts";
import { ENGINE_ERROR } from "../../node/engine/engine-error.ts";
import { ethMethods } from "../../node/execution-node/eth-api/eth-methods.ts";
import type { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { missingRow } from "./kill-runs.testkit.ts";
import { insertAsHead, makeHead, OpenNodes } from "./open-nodes.testkit.ts";

const nodes = new OpenNodes();
const { chain } = nodes;
afterAll(() => nodes.close());

const SHARD = 65538;
const KEPT = 8;
const PRUNE = { retention: { states: KEPT, collectAfterRows: 40 } } as const;

async function rowCount(node: ExecutionNode): Promise<number> {
  return (await node.store.nodeHashes(undefined, -1)).length;
}

function isWhole(node: ExecutionNode, stateRoot: Hash32): boolean {
  return missingRow(node, stateRoot) === undefined;
}

test.each([
  ["at once", 2000],
  ["a little with each block", 1],
])("takes states away %s and leaves those of the newest blocks whole", async (_, rowsPerStep) => {
  const archive = await nodes.empty(SHARD);
  const pruning = await nodes.empty(SHARD, { retention: { ...PRUNE.retention, rowsPerStep } });
  const all = [...chain.payloads(SHARD)];
  for (const node of [archive, pruning]) {
    for (const item of chain.payloads(SHARD)) {
      if (item.exported.canonical) await insertAsHead(node, item);
      else await node.newPayload(item.payload);
    }
  }
  const { collections, deletedRows } = pruning.pruned;
  expect(collections).toBeGreaterThan(1);
  const fewer = (await rowCount(archive)) - (await rowCount(pruning));
  expect(fewer).toBeGreaterThan((await rowCount(archive)) / 4);
  // A later block may produce a row again that was taken away.
  expect(deletedRows).toBeGreaterThanOrEqual(fewer);
  expect(deletedRows).toBeLessThan(fewer * 1.1);

  const { prunedBelow } = pruning.store;
  expect(prunedBelow).toBeGreaterThan(20);
  for (const { payload, exported } of all) {
    const { stateRoot } = payload.block.meta;
    expect(isWhole(archive, stateRoot)).toBe(true);
    if (exported.height >= prunedBelow)
      expect([exported.height, isWhole(pruning, stateRoot)]).toEqual([exported.height, true]);
  }
  expect(isWhole(pruning, all[1].payload.block.meta.stateRoot)).toBe(false);
});

test("says so where a pruned state is asked for, and serves the rest", async () => {
  const node = await nodes.fed(SHARD, chain.tipHeight(SHARD), PRUNE);
  const [, first, second] = [...chain.canonicalPayloads(SHARD)];
  const address = first.payload.block.header.coinbaseAddress.recipient;
  const pruned = {
    rpcCode: ENGINE_ERROR.tooDeepReorg,
    message: expect.stringMatching(/block 1 is pruned: .* from block \d+ on/),
  };
  const request = { address, tokenId: 35760n };
  await expect(node.getBalance({ ...request, blockHash: first.payload.blockHash })).rejects.toMatchObject(pruned);
  await expect(makeHead(node, first.payload.blockHash)).rejects.toMatchObject({ rpcCode: ENGINE_ERROR.tooDeepReorg });
  expect(await node.getBalance({ ...request, blockHash: node.headBlock()!.hash })).toBeGreaterThan(0n);
  const { eth_getBalance, eth_getBlockByNumber } = ethMethods(node);
  const text = `0x${Buffer.from(address).toString("hex")}`;
  await expect(eth_getBalance.call([text, "0x1"])).rejects.toThrow(/block 1 is pruned/);
  expect(await eth_getBalance.call([text, "latest"])).toMatch(/^0x[1-9a-f]/);
  expect(await eth_getBlockByNumber.call(["0x1", true])).toMatchObject({ number: "0x1" });
  // Known blocks stay known; a new one on a pruned state cannot be executed.
  expect((await node.newPayload(second.payload)).status).toBe("VALID");
});

test("keeps what is not finalized, however old", async () => {
  const node = await nodes.empty(SHARD, PRUNE);
  const finalized = [...chain.canonicalPayloads(SHARD)][5].payload;
  for (const { payload, exported } of chain.canonicalPayloads(SHARD)) {
    await node.newPayload(payload);
    const mark = exported.height < 5 ? ZERO_HASH : finalized.blockHash;
    await node.forkchoiceUpdated({ headBlockHash: payload.blockHash, safeBlockHash: mark, finalizedBlockHash: mark });
  }
  expect(node.store.prunedBelow).toBeLessThanOrEqual(5);
  expect(isWhole(node, finalized.block.meta.stateRoot)).toBe(true);
});

test("goes on after the directory was opened again, in either mode", async () => {
  const folder = nodes.newFolder();
  const half = Math.floor(chain.tipHeight(SHARD) / 2);
  const first = await nodes.at(folder, SHARD, PRUNE);
  for (const item of chain.canonicalPayloads(SHARD)) if (item.exported.height <= half) await insertAsHead(first, item);
  const { prunedBelow } = first.store;
  expect(prunedBelow).toBeGreaterThan(0);
  await first.close();
  const archive = await nodes.at(folder, SHARD);
  expect(archive.store.prunedBelow).toBe(prunedBelow);
  await archive.close();
  const second = await nodes.at(folder, SHARD, PRUNE);
  for (const item of chain.canonicalPayloads(SHARD)) if (item.exported.height > half) await insertAsHead(second, item);
  expect(second.pruned.deletedRows).toBeGreaterThan(0);
  expect(second.store.prunedBelow).toBeGreaterThan(prunedBelow);
  const tip = second.headBlock()!;
  expect(tip.block.header.height).toBe(chain.tipHeight(SHARD));
  expect(isWhole(second, tip.block.meta.stateRoot)).toBe(true);
});

/** Fails once in the first collection: where it lists the blocks to keep, or at the so-manyth row that it marks. */
function failingInCollection(rows: RowStore, place: "list" | number): RowStore {
  let collecting = false;
  let marked = 0;
  let failed = false;
  const fail = (): never => {
    failed = true;
    throw new Error("IO error: read");
  };
  return {
    get: (key) => {
      if (collecting && !failed && key[0] === ROW.node && ++marked === place) fail();
      return rows.get(key);
    },
    keys: async (range, limit) => {
      if (range.from[0] === ROW.height) collecting = true;
      if (collecting && !failed && place === "list") fail();
      return await rows.keys(range, limit);
    },
    write: (changes, sync) => rows.write(changes, sync),
    close: () => rows.close(),
  };
}

test.each(["list", 1, 20] as const)("a collection that fails (%s) takes nothing away that is needed", async (place) => {
  const openRows = async (folder: string) => failingInCollection(await LevelRows.open(folder), place);
  const node = await nodes.empty(SHARD, { ...PRUNE, cacheBytes: 0, openRows });
  let failures = 0;
  for (const { payload } of chain.canonicalPayloads(SHARD)) {
    expect((await node.newPayload(payload)).status).toBe("VALID");
    await makeHead(node, payload.blockHash).catch(() => failures++);
  }
  expect(failures).toBe(1);
  expect(node.pruned.deletedRows).toBeGreaterThan(0);
  expect(node.headBlock()?.block.header.height).toBe(chain.tipHeight(SHARD));
  for (const { payload, exported } of chain.canonicalPayloads(SHARD)) {
    if (exported.height < node.store.prunedBelow) continue;
    expect([exported.height, isWhole(node, payload.block.meta.stateRoot)]).toEqual([exported.height, true]);
  }
});
