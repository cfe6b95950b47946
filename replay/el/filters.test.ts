import { afterAll, beforeAll, expect, test } from "vitest";
import { ethMethods } from "../../node/execution-node/eth-api/eth-methods.ts";
import type { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { makeHead, OpenNodes } from "./open-nodes.testkit.ts";

const SHARD = 131073;
const nodes = new OpenNodes();
afterAll(() => nodes.close());

// biome-ignore lint/suspicious/noExplicitAny: an answer as a caller gets it
type Answer = any;

const TIP = nodes.chain.tipHeight(SHARD);
const BACK = 20;
let node: ExecutionNode;
let ask: (method: string, ...params: unknown[]) => Promise<Answer>;
const hex = (height: number) => `0x${height.toString(16)}`;
const headAt = async (height: number) => {
  const item = [...nodes.chain.canonicalPayloads(SHARD)].find(({ exported }) => exported.height === height);
  await makeHead(node, item!.payload.blockHash);
};

beforeAll(async () => {
  node = await nodes.fed(SHARD, TIP);
  const methods = ethMethods(node);
  ask = async (method, ...params) => await methods[method].call(params);
});

test("blocks and logs that come, go and come back are told once each", async () => {
  const logs = await ask("eth_getLogs", { fromBlock: hex(TIP - BACK + 1), toBlock: hex(TIP) });
  expect(logs.length).toBeGreaterThan(0);
  const ofBlocks = await ask("eth_newBlockFilter");
  const ofLogs = await ask("eth_newFilter", {});
  expect(await ask("eth_getFilterChanges", ofBlocks)).toEqual([]);
  expect(await ask("eth_getFilterChanges", ofLogs)).toEqual([]);

  await headAt(TIP - BACK);
  const removed = await ask("eth_getFilterChanges", ofLogs);
  expect(removed.every((log: Answer) => log.removed === true)).toBe(true);
  expect(sorted(removed.map((log: Answer) => ({ ...log, removed: false })))).toEqual(sorted(logs));
  expect(await ask("eth_getFilterChanges", ofBlocks)).toEqual([]);

  await headAt(TIP);
  expect(await ask("eth_getFilterChanges", ofLogs)).toEqual(logs);
  const come = await ask("eth_getFilterChanges", ofBlocks);
  expect(come).toHaveLength(BACK);
  expect(come.at(-1)).toBe((await ask("eth_getBlockByNumber", "latest")).hash);
  expect(await ask("eth_getFilterChanges", ofLogs)).toEqual([]);
});

test("a filter of logs holds to its addresses and heights", async () => {
  const [{ address, blockNumber }] = await ask("eth_getLogs", { fromBlock: hex(TIP - BACK + 1), toBlock: hex(TIP) });
  const filter = { address, fromBlock: blockNumber, toBlock: blockNumber };
  const expected = await ask("eth_getLogs", filter);
  await headAt(TIP - BACK);
  const id = await ask("eth_newFilter", filter);
  const elsewhere = await ask("eth_newFilter", { ...filter, address: hex(1).padEnd(42, "0") });
  await headAt(TIP);
  expect(await ask("eth_getFilterChanges", id)).toEqual(expected);
  expect(await ask("eth_getFilterLogs", id)).toEqual(expected);
  expect(await ask("eth_getFilterChanges", elsewhere)).toEqual([]);
});

test("what is no filter of logs has none, and what is gone is not found", async () => {
  const id = await ask("eth_newBlockFilter");
  await expect(ask("eth_getFilterLogs", id)).rejects.toThrow(/filter not found/);
  expect(await ask("eth_uninstallFilter", id)).toBe(true);
  await expect(ask("eth_getFilterChanges", id)).rejects.toThrow(/filter not found/);
  const { hash } = await ask("eth_getBlockByNumber", "latest");
  await expect(ask("eth_newFilter", { blockHash: hash })).rejects.toThrow(/no changes/);
});

function sorted(logs: readonly Answer[]): string[] {
  return logs.map((log) => JSON.stringify(log)).sort();
}
