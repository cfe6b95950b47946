import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EMPTY_BYTES, toHex } from "../../node/codec/bytes.ts";
import { executionConfig } from "../../node/el/execution-config.ts";
import { ExecutionLayer } from "../../node/el/execution-layer.ts";
import { payloadOf } from "../../node/el/payload.ts";
import { MemoryNodes } from "../../node/el/store/memory-nodes.ts";
import { eip3155Line } from "../../node/el/tracing/eip3155-writer.ts";
import { DEBUG_CAPABILITIES } from "../../node/engine/api/methods.ts";
import { HttpEngine } from "../../node/engine/client/http-engine.ts";
import type { QkcPayload } from "../../node/engine/engine-api.ts";
import { ENGINE_ERROR, EngineError } from "../../node/engine/engine-error.ts";
import { engineMethods } from "../../node/engine/server/engine-methods.ts";
import { type RpcServer, startRpcServer } from "../../node/engine/server/rpc-server.ts";
import type { PreState } from "../../node/engine/tracing-engine.ts";
import type { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { writePreState } from "../triage/reproducer/case-state.ts";
import { OpenNodes } from "./open-nodes.testkit.ts";

const SHARD = 1;
const PARENT_HEIGHT = 20;

const nodes = new OpenNodes();
let node: ExecutionNode;
let server: RpcServer;
let engine: HttpEngine;
/** Blocks of which the node holds the parent; the last one's it lacks. */
let known: QkcPayload[];
let orphan: QkcPayload;

beforeAll(async () => {
  node = await nodes.fed(SHARD, PARENT_HEIGHT);
  server = await startRpcServer({ port: 0, methods: engineMethods(node) });
  engine = new HttpEngine({ url: server.url });
  const payloads = [...nodes.chain.canonicalPayloads(SHARD)].map(({ payload }) => payload).slice(0, PARENT_HEIGHT + 3);
  const listed = payloads.map((one) => ({ ...one, inputs: { ...one.inputs, deposits: [...one.inputs.deposits] } }));
  known = listed.slice(1, PARENT_HEIGHT + 2);
  orphan = listed[PARENT_HEIGHT + 2];
});
afterAll(async () => {
  engine.close();
  await server.close();
  await nodes.close();
});

describe("qkc_debugTraceBlockV1", () => {
  test("is offered", async () => {
    expect(await engine.exchangeCapabilities([])).toEqual(expect.arrayContaining([...DEBUG_CAPABILITIES]));
  });

  test("tells of all units, the same over HTTP as in process, and adds up to the block", async () => {
    for (const payload of known) {
      const [ours, theirs] = [await node.traceBlock(payload), await engine.traceBlock(payload)];
      const asLines = ({ units }: typeof ours) =>
        units.map((unit) => ({ ...unit, steps: unit.steps.map(eip3155Line) }));
      expect(asLines(theirs)).toEqual(asLines(ours));
      expect(ours.rejection).toBeNull();
      const gas = ours.units.reduce((sum, { outcome }) => sum + (outcome?.gasUsed ?? 0n), 0n);
      expect(gas).toBe(payload.block.meta.gasUsed);
      const hashes = ours.units.filter(({ kind }) => kind === "transaction").map(({ hash }) => toHex(hash!));
      expect(hashes).toEqual(payload.block.transactions.map(({ hash }) => toHex(hash)));
    }
    expect((await node.traceBlock(known[PARENT_HEIGHT])).units.length).toBeGreaterThan(1);
  });

  test("one unit, and one that is not there", async () => {
    const payload = known.find(({ block }) => block.transactions.length > 0) as QkcPayload;
    const { units } = await engine.traceBlock(payload, { unit: { kind: "transaction", index: 0 } });
    expect(units).toEqual(
      (await engine.traceBlock(payload)).units.filter(({ kind, index }) => kind === "transaction" && index === 0),
    );
    await expect(engine.traceBlock(payload, { unit: { kind: "deposit", index: 999 } })).rejects.toThrow(
      /does not come to/,
    );
  });

  test("all or nothing", async () => {
    const traces = await Promise.all(known.map((payload) => node.traceBlock(payload)));
    const at = traces.findIndex(({ units }) => units.some(({ steps }) => steps.length > 10));
    const cut = engine.traceBlock(known[at], { limitBytes: 1000 });
    await expect(cut).rejects.toMatchObject({ rpcCode: ENGINE_ERROR.answerTooLarge });
    await expect(cut).rejects.toThrow(/longer than 1000 bytes/);
  });

  test("a block that cannot be executed is told of up to there", async () => {
    const at = known.findLastIndex(({ block }) => block.transactions.length > 0);
    const { block, ...rest } = known[at];
    const [transaction] = block.transactions;
    const twice = { ...rest, block: { ...block, transactions: [transaction, transaction] } };
    const { units, rejection } = await engine.traceBlock(twice);
    expect(rejection).toMatchObject({ transactionIndex: 1 });
    expect(units.at(-1)).toMatchObject({ kind: "transaction", index: 1, outcome: null });
  });

  test("stores nothing", async () => {
    const { blockHash } = known[PARENT_HEIGHT];
    await engine.traceBlock(known[PARENT_HEIGHT]);
    await engine.preState(known[PARENT_HEIGHT]);
    expect(node.store.hasExecuted(blockHash)).toBe(false);
  });

  test("no parent, another shard's block, the genesis block", async () => {
    await expect(engine.traceBlock(orphan)).rejects.toThrow(/the parent .* is not known/);
    const { block } = known[0];
    const foreign = { ...known[0], block: { ...block, header: { ...block.header, branch: 2 } } };
    await expect(engine.traceBlock(foreign)).rejects.toThrow(/branch/);
    const genesis = { ...known[0], block: { ...block, header: { ...block.header, height: 0 } } };
    await expect(engine.preState(genesis)).rejects.toThrow(EngineError);
  });
});

describe("qkc_debugPreStateV1", () => {
  /** The block on a state that has nothing but what was told. */
  function executedOn({ accounts }: PreState, { block, inputs }: QkcPayload) {
    const store = new MemoryNodes();
    const entries = accounts.filter(({ exists }) => exists);
    const pre = entries.map(({ address, nonce, balances, code, storage, fullShardKey }) => [
      `0x${toHex(address)}`,
      {
        nonce,
        balances: Object.fromEntries([...balances].map(([token, value]) => [String(token), value])),
        code: code ?? EMPTY_BYTES,
        storage: Object.fromEntries([...storage].map(([slot, value]) => [`0x${slot.toString(16)}`, value])),
        fullShardKey,
      },
    ]);
    const parentStateRoot = writePreState(store, Object.fromEntries(pre));
    const ancestorHash = (distance: number) => node.store.canonicalHash(block.header.height - distance);
    return new ExecutionLayer(node.execution, store).execute(
      payloadOf(block, inputs, { parentStateRoot, ancestorHash }),
    );
  }

  test("is enough to execute the block, and over HTTP the same", async () => {
    expect(node.execution).toEqual(executionConfig(nodes.chain.config, SHARD, node.execution.chain.rules));
    for (const payload of known) {
      const told = await engine.preState(payload);
      expect(told).toEqual(await node.preState(payload));
      const { receiptRoot, gasUsed, bloom } = executedOn(told, payload);
      const { meta, header } = payload.block;
      expect([toHex(receiptRoot), gasUsed, toHex(bloom)]).toEqual([
        toHex(meta.receiptRoot),
        meta.gasUsed,
        toHex(header.bloom),
      ]);
    }
  });

  test("has the parent's balances, and those alone that the block uses", async () => {
    const payload = known.find(({ block }) => block.transactions.length > 0) as QkcPayload;
    const { accounts } = await engine.preState(payload);
    const blockHash = payload.block.header.prevMinorBlockHash;
    for (const { address, balances } of accounts) {
      for (const [tokenId, balance] of balances) {
        expect(await node.getBalance({ blockHash, address, tokenId })).toBe(balance);
      }
    }
    expect(new Set(accounts.map(({ address }) => toHex(address))).size).toBe(accounts.length);
  });

  test("all or nothing", async () => {
    await expect(engine.preState(known[PARENT_HEIGHT], { limitBytes: 10 })).rejects.toMatchObject({
      rpcCode: ENGINE_ERROR.answerTooLarge,
    });
  });
});
