import { afterAll, expect, test, vi } from "vitest";
import { decodeEvmTransaction } from "../../node/chain/evm-transaction.ts";
import { wrap } from "../../node/chain/signing.testkit.ts";
import { toHex } from "../../node/codec/bytes.ts";
import { ChainView } from "../../node/execution-node/chain-view.ts";
import { ethMethods } from "../../node/execution-node/eth-api/eth-methods.ts";
import { insertAsHead, OpenNodes } from "./open-nodes.testkit.ts";

const SHARD = 131073;
const nodes = new OpenNodes();
afterAll(() => nodes.close());

const canonical = () => [...nodes.chain.canonicalPayloads(SHARD)];
const height = canonical().findIndex(({ exported }) => exported.height > 40 && exported.txCount > 3);

async function begin() {
  const node = await nodes.fed(SHARD, height - 1);
  const methods = ethMethods(node);
  const ask = (method: string, ...params: unknown[]) => methods[method].call(params);
  const next = canonical()[height];
  const raw = next.payload.block.transactions.map(({ rlp }) => `0x${toHex(rlp)}`);
  const hashes = next.payload.block.transactions.map(({ hash }) => `0x${toHex(hash)}`);
  return { node, ask, next, raw, hashes };
}

test("takes what the next block holds, tells of it once, and lets it go when it is in the chain", async () => {
  const { node, ask, next, raw, hashes } = await begin();
  const filter = await ask("eth_newPendingTransactionFilter");
  const accepted: string[] = [];
  for (const [i, text] of raw.entries()) {
    try {
      expect(await ask("eth_sendRawTransaction", text)).toBe(hashes[i]);
      accepted.push(hashes[i]);
    } catch (error) {
      // The fixture has transactions below the least price, and some that spend what another one brings.
      expect((error as Error).message).toMatch(/underpriced|has \d+ \w+ of the/);
    }
  }
  expect(accepted.length).toBeGreaterThan(1);
  expect(await ask("eth_getFilterChanges", filter)).toEqual(accepted);
  expect(await ask("eth_getFilterChanges", filter)).toEqual([]);
  expect(await ask("eth_getTransactionByHash", accepted[0])).toMatchObject({ hash: accepted[0], blockHash: null });
  expect(await ask("eth_getTransactionReceipt", accepted[0])).toBeNull();
  const known = raw[hashes.indexOf(accepted[0])];
  await expect(ask("eth_sendRawTransaction", known)).rejects.toThrow(/already known/);

  const late = await ask("eth_newPendingTransactionFilter");
  await insertAsHead(node, next);
  expect(await ask("eth_getFilterChanges", late)).toEqual([]);
  expect(await ask("eth_getTransactionByHash", accepted[0])).toMatchObject({ blockNumber: `0x${height.toString(16)}` });
  await expect(ask("eth_sendRawTransaction", known)).rejects.toThrow(/already known/);
  expect(await ask("eth_uninstallFilter", filter)).toBe(true);
  await expect(ask("eth_getFilterChanges", filter)).rejects.toThrow(/filter not found/);
});

test("asking again on the same head looks no sender up", async () => {
  const { ask, raw } = await begin();
  const filter = await ask("eth_newPendingTransactionFilter");
  for (const text of raw) await Promise.resolve(ask("eth_sendRawTransaction", text)).catch(() => {});
  expect(await ask("eth_getFilterChanges", filter)).not.toEqual([]);
  const stateAfter = vi.spyOn(ChainView.prototype, "stateAfter");
  await ask("eth_getFilterChanges", filter);
  expect(stateAfter).not.toHaveBeenCalled();
  stateAfter.mockRestore();
});

test.each(["r", "s", "v", "networkId", "nonce", "value", "gasPrice", "startGas", "version", "gasTokenId"] as const)(
  "a number of 400,000 bytes as %s is refused at once, and not printed back",
  async (field) => {
    const { ask, next } = await begin();
    const transaction = decodeEvmTransaction(next.payload.block.transactions[0].rlp);
    const long = wrap({ ...transaction, [field]: (1n << 3_200_000n) - 1n });
    const start = performance.now();
    const error = await Promise.resolve(ask("eth_sendRawTransaction", `0x${toHex(long.rlp)}`)).catch(
      (reason) => reason,
    );
    expect(performance.now() - start).toBeLessThan(2000);
    expect(error).toMatchObject({ rpcCode: -32000 });
    expect((error as Error).message.length).toBeLessThan(200);
  },
);

test("refuses what no block could hold", async () => {
  const { ask, raw } = await begin();
  const refused = { rpcCode: -32000 };
  await expect(ask("eth_sendRawTransaction", "0x")).rejects.toMatchObject(refused);
  await expect(ask("eth_sendRawTransaction", "0x00000000")).rejects.toMatchObject(refused);
  // A transfer as Ethereum signs it: 9 fields.
  const ethereum = `0x${["e9", "80", "85", "04a817c800", "82", "5208", "94", "35".repeat(20), "80", "80", "1b", "01", "01"].join("")}`;
  await expect(ask("eth_sendRawTransaction", ethereum)).rejects.toMatchObject(refused);
  const cut = raw[0].slice(0, -2);
  await expect(ask("eth_sendRawTransaction", cut)).rejects.toMatchObject(refused);
  const earlier = canonical()[height - 20].payload.block.transactions;
  for (const { rlp } of earlier) {
    await expect(ask("eth_sendRawTransaction", `0x${toHex(rlp)}`)).rejects.toThrow(/already known/);
  }
  const foreign = [...nodes.chain.canonicalPayloads(1)].flatMap(({ payload }) => payload.block.transactions);
  await expect(ask("eth_sendRawTransaction", `0x${toHex(foreign[0].rlp)}`)).rejects.toMatchObject(refused);
});
