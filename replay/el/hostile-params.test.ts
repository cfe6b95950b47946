import fc from "fast-check";
import { afterAll, expect, test, vi } from "vitest";
import type { Log } from "../../node/chain/receipt.ts";
import { type Address, fromHex, toHex, ZERO_HASH } from "../../node/codec/bytes.ts";
import { ENGINE_ERROR } from "../../node/engine/engine-error.ts";
import { PATIENT_CALLER } from "../../node/engine/json-rpc/caller.ts";
import { RpcDispatcher } from "../../node/engine/json-rpc/json-rpc.ts";
import { engineMethods } from "../../node/engine/server/engine-methods.ts";
import type { ChainView } from "../../node/execution-node/chain-view.ts";
import { ethMethods } from "../../node/execution-node/eth-api/eth-methods.ts";
import { findLogs } from "../../node/execution-node/eth-api/logs.ts";
import { OpenNodes } from "./open-nodes.testkit.ts";

const SHARD = 1;
const nodes = new OpenNodes();
afterAll(() => nodes.close());

const hex = (bytes: Uint8Array) => `0x${toHex(bytes)}`;
const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength }).map(hex);
const quantity = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
  fc.constantFrom(0n, 1n, 30n, 4873763662273663091n, 4873763662273663092n, (1n << 53n) - 1n),
);
const number = quantity.map((value) => `0x${value.toString(16)}`);

test("whatever a caller asks for, the mistake is his: no method fails but with an error of its own", async () => {
  const node = await nodes.fed(SHARD, 20);
  const { header, transactions } = node.headBlock()!.block;
  const known = [
    hex(node.headBlock()!.hash),
    hex(header.prevMinorBlockHash),
    ...transactions.map(({ hash }) => hex(hash)),
  ];
  const address = fc.oneof(
    fc.constantFrom(
      hex(header.coinbaseAddress.recipient),
      `0x${"00".repeat(19)}01`,
      `0x514b430000${"00".repeat(14)}01`,
    ),
    bytes(20, 20),
    bytes(24, 24),
  );
  const call = fc.record(
    {
      ...{ from: address, to: address, gas: number, gasPrice: number, value: number, nonce: number },
      ...{ data: bytes(0, 80), input: bytes(0, 80), gasTokenId: number, transferTokenId: number },
      ...{ fromFullShardKey: number, toFullShardKey: number },
    },
    { requiredKeys: [] },
  );
  const tag = fc.constantFrom("latest", "earliest", "pending", "safe", "finalized");
  const filter = fc.record(
    {
      fromBlock: fc.oneof(tag, number),
      toBlock: fc.oneof(tag, number),
      address,
      topics: fc.array(fc.option(bytes(32, 32))),
    },
    { requiredKeys: [] },
  );
  const param = fc.oneof(
    ...[tag, number, address, call, filter, fc.constantFrom(...known, true, false, null), bytes(0, 100), bytes(32, 32)],
    fc.jsonValue(),
  );
  const blamed: string[] = [];
  const methods = { ...ethMethods(node), ...engineMethods(node) };
  const dispatcher = new RpcDispatcher(methods, {
    onInternalError: (error, method) => blamed.push(`${method}: ${String(error)}`),
    maxAnswerLength: Number.POSITIVE_INFINITY,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(methods)),
      fc.array(param, { maxLength: 3 }),
      async (method, params) => {
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
        await dispatcher.answer(body);
        expect(blamed.map((line) => `${line} ${body}`)).toEqual([]);
      },
    ),
    { numRuns: 3000 },
  );
});

test("an amount of gas in a token that no transaction can name is a parameter that does not fit", async () => {
  const node = await nodes.fed(SHARD, 3);
  const methods = ethMethods(node);
  for (const field of ["gasTokenId", "transferTokenId"]) {
    await expect(methods.eth_call.call([{ [field]: "0xffffffffffffffff" }])).rejects.toMatchObject({
      rpcCode: ENGINE_ERROR.invalidParams,
      message: `params[0].${field}: there is no such token`,
    });
  }
});

test("logs are searched for as long as somebody waits, and no longer than an answer may be", async () => {
  const node = await nodes.fed(SHARD, 20);
  const gone = { lane: "http", signal: AbortSignal.abort(new Error("gone")) };
  const all = { fromBlock: { number: 0 } };
  await expect(ethMethods(node).eth_getLogs.call([{ fromBlock: "earliest" }], gone)).rejects.toThrow("gone");

  const placed = node.headBlock()!;
  const log: Log = { address: fromHex("01".repeat(20)) as Address, topics: [], data: new Uint8Array(1 << 20) };
  const receipt = { ...{ success: true, cumulativeGasUsed: 0n, bloom: new Uint8Array(256) }, logs: [log] };
  const created = { contractAddress: new Uint8Array(0), contractFullShardKey: 0 };
  const [deposit] = [...nodes.chain.canonicalPayloads(SHARD)].flatMap(({ payload }) => [...payload.inputs.deposits]);
  const record = { senders: [], receipts: [{ ...receipt, ...created }], deposits: [deposit.deposit], xshardSends: [] };
  const block = { ...placed.block, transactions: [] };
  const chain = { get: () => ({ hash: ZERO_HASH, block }), node: { store: { record: () => record } } };
  await expect(findLogs(chain as unknown as ChainView, all, PATIENT_CALLER)).rejects.toThrow(
    /more than 8388608 bytes of data .*ask for fewer blocks/,
  );
});

test("bodies of blocks are no longer than an answer may be", async () => {
  const node = await nodes.fed(SHARD, 3);
  const { hash, block } = node.headBlock()!;
  const [typed] = [...nodes.chain.canonicalPayloads(SHARD)].flatMap(({ payload }) => payload.block.transactions);
  const long = { ...block, transactions: [{ ...typed, rlp: new Uint8Array(10 << 20) }] };
  const findBlock = vi.spyOn(node.store, "findBlock").mockReturnValue(long);
  expect(await node.getPayloadBodiesByHash([hash, hash, hash])).toHaveLength(3);
  await expect(node.getPayloadBodiesByHash([hash, hash, hash, hash])).rejects.toMatchObject({
    rpcCode: ENGINE_ERROR.tooLargeRequest,
  });
  findBlock.mockRestore();
});
