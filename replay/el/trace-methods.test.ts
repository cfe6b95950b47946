import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENGINE_ERROR } from "../../node/engine/engine-error.ts";
import type { RpcMethods } from "../../node/engine/json-rpc/rpc-method.ts";
import { CallThreads } from "../../node/execution-node/calls/call-threads.ts";
import { ethMethods } from "../../node/execution-node/eth-api/eth-methods.ts";
import type { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { buildProject } from "../work/built-project.testkit.ts";
import { OpenNodes } from "./open-nodes.testkit.ts";

const SHARD = 1;

// biome-ignore lint/suspicious/noExplicitAny: an answer as a caller gets it
type Answer = any;

const nodes = new OpenNodes();
let folder: string;
let node: ExecutionNode;
let methods: RpcMethods;
let blocks: Answer[];

beforeAll(async () => {
  folder = nodes.newFolder();
  node = await nodes.fed(SHARD, nodes.chain.tipHeight(SHARD), { folder, isShared: true });
  methods = ethMethods(node);
  const heights = Array.from({ length: nodes.chain.tipHeight(SHARD) }, (_, i) => `0x${(i + 1).toString(16)}`);
  blocks = await Promise.all(heights.map((height) => ask("eth_getBlockByNumber", height, true)));
});
afterAll(() => nodes.close());

async function ask(method: string, ...params: unknown[]): Promise<Answer> {
  return await methods[method].call(params);
}

/** Of every block: its receipts beside what is traced of it. */
async function* traced(
  config: object,
): AsyncGenerator<{ block: Answer; units: { receipt: Answer; answer: Answer }[] }> {
  for (const block of blocks) {
    const answers: Answer[] = await ask("debug_traceBlockByHash", block.hash, config);
    const receipts: Answer[] = await ask("eth_getBlockReceipts", block.hash);
    expect(answers.map(({ txHash }) => txHash).slice(0, receipts.length)).toEqual(
      receipts.map(({ transactionHash }) => transactionHash),
    );
    yield { block, units: receipts.map((receipt, i) => ({ receipt, answer: answers[i] })) };
  }
}

test("every block of the chain is traced, by hash and by height, and units of it alone", async () => {
  let deposits = 0;
  const config = { tracer: "callTracer" };
  for await (const { block, units } of traced(config)) {
    const byNumber = await ask("debug_traceBlockByNumber", block.number, config);
    expect(byNumber.slice(0, units.length)).toEqual(units.map(({ answer }) => answer));
    for (const [index, { receipt, answer }] of units.entries()) {
      // Each executes its block.
      if (index < 3) expect(await ask("debug_traceTransaction", answer.txHash, config)).toEqual(answer.result);
      expect(answer.isXshardDeposit ?? false).toBe(receipt.isXshardDeposit);
      if (receipt.isXshardDeposit) deposits++;
    }
  }
  expect(deposits).toBeGreaterThan(10);
});

describe("struct logs", () => {
  test("come to what the receipts say, in go-ethereum's form", async () => {
    let steps = 0;
    for await (const { units } of traced({ enableMemory: true, enableReturnData: true })) {
      for (const { receipt, answer } of units) {
        const { gas, failed, returnValue, structLogs } = answer.result;
        expect([gas, failed]).toEqual([Number(receipt.gasUsed), receipt.status === "0x0"]);
        expect(returnValue).toMatch(/^0x([0-9a-f]{2})*$/);
        expect(structLogs.find((log: Answer) => !isStructLog(log))).toBeUndefined();
        steps += structLogs.length;
      }
    }
    expect(steps).toBeGreaterThan(1000);
  });

  function isStructLog({ op, depth, stack, memory = [], storage = {} }: Answer): boolean {
    const slots = Object.entries<string>(storage).flat();
    return (
      /^[A-Z0-9]+$/.test(op) &&
      depth > 0 &&
      stack.every((word: string) => /^0x(0|[1-9a-f][0-9a-f]{0,63})$/.test(word)) &&
      [...memory, ...slots].every((word: string) => /^[0-9a-f]{64}$/.test(word)) &&
      slots.length > 0 === ["SLOAD", "SSTORE"].includes(op)
    );
  }

  test("leave out what is not wanted, and stop at a limit", async () => {
    const transaction = await withSteps();
    const all = await ask("debug_traceTransaction", transaction);
    const bare = await ask("debug_traceTransaction", transaction, { disableStack: true, disableStorage: true });
    const without = all.structLogs.map(({ stack, storage, ...rest }: Answer) => rest);
    expect(bare).toEqual({ ...all, structLogs: without });
    const limited = await ask("debug_traceTransaction", transaction, { limit: 200 });
    expect(limited.structLogs.length).toBeLessThan(all.structLogs.length);
    expect(limited).toEqual({ ...all, structLogs: all.structLogs.slice(0, limited.structLogs.length) });
  });

  async function withSteps(): Promise<string> {
    for await (const { units } of traced({})) {
      const found = units.find(({ answer }) => answer.result.structLogs.some(({ storage }: Answer) => storage));
      if (found !== undefined) return found.answer.txHash;
    }
    throw new Error("no transaction of the fixture uses storage");
  }
});

describe("callTracer", () => {
  test("tells the whole tree, its outermost frame being the transaction", async () => {
    let nested = 0;
    for await (const { block, units } of traced({ tracer: "callTracer" })) {
      for (const [index, { receipt, answer }] of units.entries()) {
        const { from, gasUsed, error, calls = [], gas, value } = answer.result;
        expect([from, gasUsed]).toEqual([receipt.from, receipt.gasUsed]);
        expect(error === undefined).toBe(receipt.status === "0x1");
        const transaction = block.transactions[index];
        if (transaction !== undefined) expect([gas, value]).toEqual([transaction.gas, transaction.value]);
        if (receipt.contractAddress !== null) expect(answer.result.to).toBe(receipt.contractAddress);
        nested += calls.length;
      }
    }
    expect(nested).toBeGreaterThan(0);
  });

  test("has the logs of the receipts, or the outermost call alone", async () => {
    const logsOf = ({ logs = [], calls = [] }: Answer): Answer[] => [...logs, ...calls.flatMap(logsOf)];
    let logs = 0;
    for await (const { units } of traced({ tracer: "callTracer", tracerConfig: { withLog: true } })) {
      for (const { receipt, answer } of units) {
        const texts = logsOf(answer.result).map(({ address, topics, data }) => JSON.stringify([address, topics, data]));
        const wanted = receipt.logs.map(({ address, topics, data }: Answer) => JSON.stringify([address, topics, data]));
        expect(texts.sort()).toEqual(wanted.sort());
        logs += wanted.length;
      }
    }
    expect(logs).toBeGreaterThan(0);
    for await (const { units } of traced({ tracer: "callTracer", tracerConfig: { onlyTopCall: true } })) {
      for (const { answer } of units) expect(answer.result.calls).toBeUndefined();
    }
  });
});

describe("prestateTracer", () => {
  test("the first transaction of a block finds what the block before left", async () => {
    let checked = 0;
    for await (const { block, units } of traced({ tracer: "prestateTracer" })) {
      const hasDeposits = units.some(({ receipt }) => receipt.isXshardDeposit);
      if (hasDeposits || units.length === 0 || block.crossShardReceiveGasUsed !== "0x0") continue;
      for (const [address, account] of Object.entries<Answer>(units[0].answer.result)) {
        expect(account.balance).toBe(await ask("eth_getBalance", address, block.parentHash));
        expect(account.nonce ?? 0).toBe(Number(await ask("eth_getTransactionCount", address, block.parentHash)));
        expect(account.code ?? "0x").toBe(await ask("eth_getCode", address, block.parentHash));
        for (const [slot, value] of Object.entries(account.storage ?? {})) {
          expect(value).toBe(await ask("eth_getStorageAt", address, slot, block.parentHash));
        }
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(20);
  });

  test("differences, one unit after the other, lead to the state that the block ends with", async () => {
    let checked = 0;
    for await (const { block, units } of traced({ tracer: "prestateTracer", tracerConfig: { diffMode: true } })) {
      // In the order in which they run.
      const inOrder = [...units].sort((a, b) => Number(b.receipt.isXshardDeposit) - Number(a.receipt.isXshardDeposit));
      const balances = new Map<string, string>();
      const nonces = new Map<string, number>();
      const slots = new Map<string, string>();
      for (const { answer } of inOrder) {
        const { pre, post } = answer.result;
        for (const [address, { balance, nonce, storage = {} }] of Object.entries<Answer>(pre)) {
          // A slot that is zero afterwards is not told of then.
          for (const slot of Object.keys(storage)) slots.set(`${address} ${slot}`, `0x${"0".repeat(64)}`);
          if (balances.has(address)) expect(balance).toBe(balances.get(address));
          if (nonces.has(address)) expect(nonce ?? 0).toBe(nonces.get(address));
        }
        for (const [address, { balance, nonce, storage = {} }] of Object.entries<Answer>(post)) {
          if (balance !== undefined) balances.set(address, balance);
          if (nonce !== undefined) nonces.set(address, nonce);
          for (const [slot, value] of Object.entries<Answer>(storage)) slots.set(`${address} ${slot}`, value);
        }
      }
      // The reward comes last and is no unit of the answer.
      balances.delete(block.miner);
      for (const [address, balance] of balances) {
        expect(await ask("eth_getBalance", address, block.hash)).toBe(balance);
        checked++;
      }
      for (const [address, nonce] of nonces) {
        expect(Number(await ask("eth_getTransactionCount", address, block.hash))).toBe(nonce);
      }
      for (const [key, value] of slots) {
        const [address, slot] = key.split(" ");
        expect(await ask("eth_getStorageAt", address, slot, block.hash)).toBe(value);
      }
    }
    expect(checked).toBeGreaterThan(20);
  });
});

describe("what cannot be traced says so", () => {
  const HASH = `0x${"ab".repeat(32)}`;

  test.each([
    ["debug_traceTransaction", [HASH], ENGINE_ERROR.server, /transaction not found/],
    ["debug_traceBlockByHash", [HASH], ENGINE_ERROR.server, /no such block/],
    ["debug_traceBlockByNumber", ["0x0"], ENGINE_ERROR.server, /genesis is not traceable/],
    ["debug_traceBlockByNumber", ["latest", { tracer: "4byteTracer" }], ENGINE_ERROR.invalidParams, /no such tracer/],
    ["debug_traceBlockByNumber", ["latest", { timeout: "soon" }], ENGINE_ERROR.invalidParams, /a duration/],
    ["debug_traceBlockByNumber", ["latest", { overrides: {} }], ENGINE_ERROR.invalidParams, /overrides/],
  ])("%s %j", async (method, params, rpcCode, message) => {
    const asked = ask(method, ...params);
    await expect(asked).rejects.toMatchObject({ rpcCode });
    await expect(asked).rejects.toThrow(message);
  });
});

test("threads answer the same, within the time that is given", async () => {
  const { config, rules } = nodes.chain.options(folder, SHARD);
  const calls = new CallThreads({
    workerFile: buildProject().file("node/execution-node/calls/call-thread.ts"),
    data: { folder, config, fullShardId: SHARD, ruleSet: rules.name, cacheBytes: 1 << 20 },
    threadsPerLane: 1,
    timeoutMs: 600_000,
  });
  try {
    const inThread = ethMethods(node, calls);
    for (const config of [{}, { tracer: "callTracer" }, { tracer: "prestateTracer", timeout: "5m" }]) {
      for (const { hash } of blocks.slice(-5)) {
        const asked = [hash, config];
        expect(await inThread.debug_traceBlockByHash.call(asked)).toEqual(
          await ask("debug_traceBlockByHash", ...asked),
        );
      }
    }
    const late = inThread.debug_traceBlockByNumber.call(["latest", { timeout: "0s" }]);
    await expect(late).rejects.toMatchObject({ rpcCode: ENGINE_ERROR.timeout });
  } finally {
    await calls.close();
  }
});
