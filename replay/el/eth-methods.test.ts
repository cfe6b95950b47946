import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isInShard } from "../../node/chain/shard-id.ts";
import { fromHex, toHex } from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { type Account, decodeAccount } from "../../node/el/state/account.ts";
import { readTokenField } from "../../node/el/state/token-field.ts";
import { ENGINE_ERROR } from "../../node/engine/engine-error.ts";
import type { RpcMethods } from "../../node/engine/json-rpc/rpc-method.ts";
import { ethMethods } from "../../node/execution-node/eth-api/eth-methods.ts";
import type { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { type AccountExport, type BlockExport, exportedRows } from "../checkdb/twin-exports.testkit.ts";
import { OpenNodes } from "./open-nodes.testkit.ts";

interface TransactionExport {
  readonly hash: string;
  readonly branch: number;
  readonly height: number;
  readonly block: string;
  readonly index: number;
  readonly ok: number;
  readonly gas: number;
  readonly logs: number;
}

// biome-ignore lint/suspicious/noExplicitAny: an answer as a caller gets it
type Answer = any;

const nodes = new OpenNodes();
const { chain } = nodes;
const apis = new Map<number, { readonly node: ExecutionNode; readonly methods: RpcMethods }>();
const blocks = exportedRows<BlockExport>("blocks").filter(({ canonical }) => canonical);

beforeAll(async () => {
  for (const id of chain.fullShardIds) {
    const node = await nodes.fed(id, chain.tipHeight(id));
    apis.set(id, { node, methods: ethMethods(node) });
  }
});
afterAll(() => nodes.close());

async function ask(fullShardId: number, method: string, ...params: unknown[]): Promise<Answer> {
  return await apis.get(fullShardId)!.methods[method].call(params);
}

const hex = (value: number | bigint | string) => `0x${typeof value === "string" ? value : value.toString(16)}`;

describe("blocks", () => {
  test("have the fields that pyquarkchain exported, by hash and by height", async () => {
    for (const exported of blocks) {
      const block = await ask(exported.branch, "eth_getBlockByHash", hex(exported.hash), true);
      expect(block).toMatchObject({
        number: hex(exported.height),
        hash: hex(exported.hash),
        stateRoot: hex(exported.stateRoot),
        receiptsRoot: hex(exported.receiptRoot),
        gasUsed: hex(exported.gasUsed),
        crossShardReceiveGasUsed: hex(exported.xshardGasUsed),
        xshardTxCursorInfo: {
          rootBlockHeight: hex(exported.cursor[0]),
          minorBlockIndex: hex(exported.cursor[1]),
          xshardDepositIndex: hex(exported.cursor[2]),
        },
        coinbase: Object.entries(exported.coinbaseAmounts).map(([tokenId, amount]) => ({
          tokenId: hex(BigInt(tokenId)),
          balance: hex(BigInt(amount)),
        })),
      });
      expect(toHex(keccak256(fromHex(block.logsBloom)))).toBe(exported.bloomKeccak);
      expect(block.transactions).toHaveLength(exported.txCount);
      const byNumber = await ask(exported.branch, "eth_getBlockByNumber", hex(exported.height));
      expect(byNumber).toEqual({ ...block, transactions: block.transactions.map(({ hash }: Answer) => hash) });
      expect(await ask(exported.branch, "eth_getBlockReceipts", hex(exported.hash))).toEqual(
        (exported.receipts ?? []).map(([success, gas, logs, contract], index) =>
          expect.objectContaining({
            status: hex(success),
            cumulativeGasUsed: hex(gas),
            contractAddress: contract === "" ? null : hex(contract),
            transactionIndex: hex(index),
            isXshardDeposit: index >= exported.txCount,
            logs: Array.from({ length: logs }, () => expect.anything()),
          }),
        ),
      );
    }
  });

  test("are found by tags; what is not there is null", async () => {
    for (const id of chain.fullShardIds) {
      const tip = hex(chain.tipHeight(id));
      expect(await ask(id, "eth_blockNumber")).toBe(tip);
      expect(await ask(id, "eth_getBlockByNumber", "latest", false)).toMatchObject({ number: tip });
      expect(await ask(id, "eth_getBlockByNumber", "earliest", false)).toMatchObject({ number: "0x0" });
      expect(await ask(id, "eth_getBlockByNumber", "finalized", false)).toBeNull();
      expect(await ask(id, "eth_getBlockByNumber", "0xfffff", false)).toBeNull();
    }
  });
});

describe("transactions", () => {
  const rows = gunzipSync(readFileSync("fixtures/pyqkc-small-exports/txs.jsonl.gz"))
    .toString("utf8")
    .trim()
    .split("\n");
  const exports = rows.map((row) => JSON.parse(row) as TransactionExport);

  test("have the outcome that pyquarkchain exported", async () => {
    const canonical = new Set(blocks.map(({ hash }) => hash));
    let found = 0;
    for (const { hash, branch, height, block, index, ok, gas, logs } of exports) {
      if (!canonical.has(block)) continue;
      found++;
      const place = { blockHash: hex(block), blockNumber: hex(height), transactionIndex: hex(index) };
      const transaction = await ask(branch, "eth_getTransactionByHash", hex(hash));
      expect(transaction).toMatchObject({ hash: hex(hash), ...place });
      expect(transaction).toEqual(await ask(branch, "eth_getTransactionByBlockHashAndIndex", hex(block), hex(index)));
      expect(keccak256(fromHex(transaction.rawTypedTransaction))).toEqual(fromHex(hash));
      const receipt = await ask(branch, "eth_getTransactionReceipt", hex(hash));
      expect(receipt).toMatchObject({ transactionHash: hex(hash), ...place, status: hex(ok), gasUsed: hex(gas) });
      expect(receipt.logs).toHaveLength(logs);
      expect(receipt.from).toBe(transaction.from);
    }
    expect(found).toBeGreaterThan(500);
  });

  test("that cross shards have a receipt on the other side, of the deposit", async () => {
    let found = 0;
    for (const { hash, branch } of exports) {
      for (const id of chain.fullShardIds) {
        const receipt = id === branch ? null : await ask(id, "eth_getTransactionReceipt", hex(hash));
        if (receipt === null) continue;
        found++;
        expect(receipt).toMatchObject({ transactionHash: hex(hash), isXshardDeposit: true });
        expect(await ask(id, "eth_getTransactionByHash", hex(hash))).toBeNull();
      }
    }
    expect(found).toBeGreaterThan(50);
  });
});

describe("accounts", () => {
  const accounts = exportedRows<AccountExport>("accounts").map(({ branch, address, rlp }) => ({
    branch,
    address,
    account: decodeAccount(fromHex(rlp)),
  }));

  test("hold at the tip what pyquarkchain exported", async () => {
    let contracts = 0;
    for (const { branch, address, account } of accounts) {
      expect(await ask(branch, "eth_getTransactionCount", hex(address), "latest")).toBe(hex(account.nonce));
      await expectBalances(branch, address, account);
      const code = fromHex(await ask(branch, "eth_getCode", hex(address), "latest"));
      expect(keccak256(code)).toEqual(account.codeHash);
      if (code.length > 0) contracts++;
    }
    expect(contracts).toBeGreaterThan(10);
  });

  async function expectBalances(branch: number, address: string, { tokenBalances }: Account): Promise<void> {
    const tokens = readTokenField(tokenBalances);
    if (tokens.form === "trie") {
      await expect(ask(branch, "qkc_getBalances", hex(address))).rejects.toThrow(/not supported/);
      return;
    }
    const listed = [...tokens.balances].map(([tokenId, balance]) => ({ tokenId: hex(tokenId), balance: hex(balance) }));
    expect(await ask(branch, "qkc_getBalances", hex(address), "latest")).toEqual(listed);
    expect(await ask(branch, "eth_getBalance", hex(address), "latest")).toBe(hex(tokens.balances.get(35760n) ?? 0n));
    for (const { tokenId, balance } of listed) {
      expect(await ask(branch, "qkc_getBalance", `0x${address}00000000`, tokenId, "latest")).toBe(balance);
    }
  }

  test("hold nothing where there are none, in any form of address and block", async () => {
    const nobody = `0x${"12".repeat(20)}`;
    for (const block of ["earliest", "0x1", { blockNumber: "latest" }, { blockHash: hex(blocks[0].hash) }]) {
      expect(await ask(1, "eth_getBalance", nobody, block)).toBe("0x0");
      expect(await ask(1, "eth_getBalance", `${nobody}00000001`, block)).toBe("0x0");
    }
    expect(await ask(1, "eth_getCode", nobody)).toBe("0x");
    expect(await ask(1, "eth_getStorageAt", nobody, "0x0", "latest")).toBe(`0x${"00".repeat(32)}`);
    await expect(ask(1, "eth_getBalance", "0x12")).rejects.toMatchObject({ rpcCode: -32602 });
    await expect(ask(1, "eth_getBalance", nobody, "0xfffff")).rejects.toThrow(/no such block/);
  });
});

describe("eth_getLogs", () => {
  test("finds every log once, by place, address and topic", async () => {
    for (const id of chain.fullShardIds) {
      const all = await ask(id, "eth_getLogs", { fromBlock: "earliest", toBlock: "latest" });
      const ofReceipts: Answer[] = [];
      for (const { branch, hash } of blocks) {
        if (branch === id)
          for (const receipt of await ask(id, "eth_getBlockReceipts", hex(hash))) ofReceipts.push(...receipt.logs);
      }
      expect(all).toEqual(ofReceipts);
      if (id === 131073) expect(all.length).toBeGreaterThan(5);
      for (const log of all) {
        const filter = {
          fromBlock: log.blockNumber,
          toBlock: log.blockNumber,
          address: log.address,
          topics: log.topics,
        };
        expect(await ask(id, "eth_getLogs", filter)).toContainEqual(log);
        expect(await ask(id, "eth_getLogs", { blockHash: log.blockHash, address: [log.address] })).toContainEqual(log);
        const none = { ...filter, topics: [...log.topics.slice(0, -1), [`0x${"77".repeat(32)}`]] };
        if (log.topics.length > 0) expect(await ask(id, "eth_getLogs", none)).toEqual([]);
      }
    }
  });

  test("refuses what goes too far", async () => {
    const many = new Array(1001).fill(`0x${"00".repeat(20)}`);
    const invalid = { rpcCode: ENGINE_ERROR.invalidParams };
    await expect(ask(1, "eth_getLogs", { address: many })).rejects.toMatchObject(invalid);
    // A list of a few megabytes must not become gigabytes of complaints.
    await expect(ask(1, "eth_getLogs", { address: new Array(2_000_000).fill(0) })).rejects.toMatchObject(invalid);
    await expect(ask(1, "eth_getLogs", { topics: new Array(2_000_000).fill(0) })).rejects.toMatchObject(invalid);
    await expect(ask(1, "eth_getLogs", { fromBlock: "0x9", toBlock: "0x1" })).rejects.toThrow(/below/);
    await expect(ask(1, "eth_getLogs", { fromBlock: "0x0", blockHash: hex(blocks[0].hash) })).rejects.toThrow(
      /without/,
    );
  });
});

describe("calls", () => {
  test("come to what the transactions came to that the chain holds", async () => {
    let calls = 0;
    let failures = 0;
    for (const { branch, height, hash, txCount } of blocks) {
      if (txCount === 0 || height < 30) continue;
      const { transactions } = await ask(branch, "eth_getBlockByHash", hex(hash), true);
      const first = transactions[0];
      if (
        first.to === null ||
        first.input === "0x" ||
        first.toFullShardKey.slice(0, 6) !== first.fromFullShardKey.slice(0, 6)
      )
        continue;
      const receipt = await ask(branch, "eth_getTransactionReceipt", first.hash);
      const { from, to, input, value, gas, transferTokenId, gasTokenId } = first;
      const request = { from, to, data: input, value, gas, transferTokenId, gasTokenId };
      const before = hex(height - 1);
      if (receipt.status === "0x1") {
        expect(await ask(branch, "eth_call", request, before)).toMatch(/^0x/);
        const estimate = BigInt(await ask(branch, "eth_estimateGas", request, before));
        expect(estimate).toBeLessThanOrEqual(BigInt(first.gas));
        await expect(ask(branch, "eth_call", { ...request, gas: hex(estimate - 1n) }, before)).rejects.toThrow();
        calls++;
      } else {
        await expect(ask(branch, "eth_call", request, before)).rejects.toMatchObject({ code: "ENGINE" });
        failures++;
      }
    }
    expect(calls).toBeGreaterThan(3);
    expect(failures).toBeGreaterThan(0);
  });

  test("run code that is nowhere, and tell why it reverts", async () => {
    // Returns the height of the block it runs in.
    const init = "0x4360005260206000f3";
    const height = await ask(1, "eth_call", { data: init }, "0x14");
    expect(height).toMatch(/^0x[0-9a-f]{40}$/);
    // revert(0, 4) of 0xdeadbeef
    const revert = "0x63deadbeef60e01b60005260046000fd";
    await expect(ask(1, "eth_call", { data: revert })).rejects.toMatchObject({
      rpcCode: 3,
      message: "execution reverted",
      data: "0xdeadbeef",
    });
    await expect(ask(1, "eth_estimateGas", { data: revert })).rejects.toMatchObject({ rpcCode: 3 });
    const poor = { from: `0x${"34".repeat(20)}`, to: `0x${"35".repeat(20)}`, value: "0x1" };
    await expect(ask(1, "eth_call", poor)).rejects.toThrow(/has 0 QKC of the 1/);
    expect(await ask(1, "eth_estimateGas", { to: `0x${"35".repeat(20)}` })).toBe(hex(21000));
  });
});

describe("the chain", () => {
  test("says what it is", async () => {
    for (const id of chain.fullShardIds) {
      const chainId = BigInt(await ask(id, "eth_chainId"));
      expect(chainId).toBe(BigInt(chain.config.baseEthChainId + (id >>> 16) + 1));
      expect(isInShard(id, id)).toBe(true);
      expect(await ask(id, "net_version")).toBe(`${chain.config.networkId}`);
      expect(await ask(id, "eth_syncing")).toBe(false);
      expect(await ask(id, "debug_chainConfig")).toMatchObject({ fullShardId: hex(id), ruleSet: "quarkchain" });
      expect(await ask(id, "eth_gasPrice")).toMatch(/^0x[1-9a-f]/);
    }
  });
});
