/*
 * Transport, tokens and the standard part of the Engine API against an engine that somebody else wrote:
 * npx vitest run --config vitest.oracle.config.ts scripts/oracle/geth
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addressOfKey } from "../../../node/chain/signing.testkit.ts";
import { toHex, ZERO_HASH } from "../../../node/codec/bytes.ts";
import { UnsupportedError } from "../../../node/codec/errors.ts";
import { EngineAuthenticationError, EngineUnavailableError } from "../../../node/engine/client/engine-failures.ts";
import { HttpEngine } from "../../../node/engine/client/http-engine.ts";
import { requireQuarkChainEngine } from "../../../node/engine/client/require-engine.ts";
import { ENGINE_ERROR } from "../../../node/engine/engine-error.ts";
import { TOKEN_CHECKS } from "../../../replay/conformance/suite/token-checks.ts";
import { GethProcess } from "./geth-process.testkit.ts";
import { findGoEthereum } from "./go-ethereum.testkit.ts";
import {
  emptyBlockHash,
  StandardEngine,
  type StandardPayload,
  signedTransfer,
  ZERO,
} from "./standard-engine.testkit.ts";

const geth = await findGoEthereum("geth");
if (geth === undefined) {
  console.info("scripts/oracle/geth: skipped, set GETH_BIN to a geth or ORACLE_GO to the go command");
}

const CHAIN_ID = 424242;
const BLOCKS = 20;
const secret = new Uint8Array(randomBytes(32));
const account = new Uint8Array(32).fill(0x11);

describe.skipIf(geth === undefined)("an unpatched geth", () => {
  let folder: string;
  let process: GethProcess;
  let engine: StandardEngine;
  let head: { hash: string; timestamp: number };
  const chain: StandardPayload[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "qkc-geth-"));
    const allocation = { address: toHex(addressOfKey(account)), wei: 10n ** 18n };
    process = await GethProcess.start({ geth: geth ?? "", folder, chainId: CHAIN_ID, jwtSecret: secret, allocation });
    engine = new StandardEngine(process.url, secret);
    const genesis = (await engine.call("eth_getBlockByNumber", "0x0", false)) as { hash: string; timestamp: string };
    head = { hash: genesis.hash, timestamp: Number(genesis.timestamp) };
  });

  afterAll(async () => {
    engine.close();
    await process.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function build(timestamp = head.timestamp + 12): Promise<StandardPayload> {
    const { payloadStatus, payloadId } = await engine.forkchoiceUpdated({ head: head.hash }, timestamp);
    expect(payloadStatus).toMatchObject({ status: "VALID", latestValidHash: head.hash });
    return await engine.getPayload(payloadId ?? "");
  }

  /** One block through all four methods. */
  async function extend(): Promise<StandardPayload> {
    const payload = await build();
    expect(await engine.newPayload(payload)).toMatchObject({ status: "VALID", latestValidHash: payload.blockHash });
    const parent = head.hash;
    const update = { head: payload.blockHash, safe: parent, finalized: parent };
    expect((await engine.forkchoiceUpdated(update)).payloadStatus.status).toBe("VALID");
    head = { hash: payload.blockHash, timestamp: Number(payload.timestamp) };
    chain.push(payload);
    return payload;
  }

  test("offers the methods of its forks", async () => {
    const offered = await engine.call("engine_exchangeCapabilities", ["engine_newPayloadV3"]);
    expect(offered).toEqual(
      expect.arrayContaining(["engine_forkchoiceUpdatedV3", "engine_getPayloadV3", "engine_newPayloadV3"]),
    );
  });

  test(`makes and takes ${BLOCKS} blocks, transactions among them, and a restart between`, async () => {
    const sent = await engine.call("eth_sendRawTransaction", signedTransfer(account, CHAIN_ID, 0n));
    expect(sent).toMatch(/^0x[0-9a-f]{64}$/);
    for (let height = 1; height <= BLOCKS / 2; height++) await extend();
    await process.stop();
    await expect(engine.call("eth_blockNumber")).rejects.toThrow(EngineUnavailableError);
    await process.resume();
    expect(await engine.call("eth_blockNumber")).toBe(`0x${(BLOCKS / 2).toString(16)}`);
    for (let height = chain.length + 1; height <= BLOCKS; height++) await extend();
    expect(await engine.call("eth_blockNumber")).toBe(`0x${BLOCKS.toString(16)}`);
    expect(chain.flatMap(({ transactions }) => transactions)).toHaveLength(1);
    expect(await engine.call("eth_getBalance", `0x${"aa".repeat(20)}`, "latest")).toBe("0x1");
  });

  test("a block again, and the head again", async () => {
    const [payload] = chain;
    expect(await engine.newPayload(payload)).toMatchObject({ status: "VALID", latestValidHash: payload.blockHash });
    const again = await engine.forkchoiceUpdated({ head: head.hash });
    expect(again.payloadStatus).toMatchObject({ status: "VALID", latestValidHash: head.hash });
  });

  test("a wrong state root with the right hash is INVALID", async () => {
    const payload = await build();
    expect(emptyBlockHash(payload)).toBe(payload.blockHash);
    const altered = { ...payload, stateRoot: ZERO };
    const status = await engine.newPayload({ ...altered, blockHash: emptyBlockHash(altered) });
    expect(status).toMatchObject({ status: "INVALID", latestValidHash: head.hash });
    expect(status.validationError).toMatch(/merkle root/);
    expect(await engine.newPayload(altered)).toMatchObject({ status: "INVALID", latestValidHash: null });
  });

  test("errors have the codes that ours have", async () => {
    const { unknownPayload, invalidForkchoiceState, invalidPayloadAttributes, invalidParams, methodNotFound } =
      ENGINE_ERROR;
    const code = (rpcCode: number) => expect.objectContaining({ rpcCode });
    // The first byte of geth's ids is the version of the payload.
    await expect(engine.getPayload("0x0302030405060708")).rejects.toEqual(code(unknownPayload));
    const foreignSafe = engine.forkchoiceUpdated({ head: head.hash, safe: `0x${"77".repeat(32)}` });
    await expect(foreignSafe).rejects.toEqual(code(invalidForkchoiceState));
    const past = engine.forkchoiceUpdated({ head: head.hash }, head.timestamp);
    await expect(past).rejects.toEqual(code(invalidPayloadAttributes));
    await expect(engine.call("engine_newPayloadV3", 7)).rejects.toEqual(code(invalidParams));
    await expect(engine.call("engine_noSuchMethodV1")).rejects.toEqual(code(methodNotFound));
  });

  test("a batch is answered in order", async () => {
    const calls = ["eth_chainId", "no_such", "eth_blockNumber"].map((method) => ({
      method,
      params: [],
      timeoutMs: 1000,
    }));
    expect(await engine.client.batch(calls)).toEqual([
      { result: `0x${CHAIN_ID.toString(16)}` },
      { error: expect.objectContaining({ rpcCode: ENGINE_ERROR.methodNotFound }) },
      { result: `0x${BLOCKS.toString(16)}` },
    ]);
  });

  test.each(TOKEN_CHECKS.map((check) => [check.name, check] as const))("%s", async (_name, check) => {
    const wire = { url: process.url, jwtSecret: secret };
    const quarkChain = new HttpEngine(wire);
    await check.run({ engine: quarkChain, wire }, NO_SAMPLE);
    quarkChain.close();
  });

  test("a client with another secret is told so", async () => {
    const stranger = new StandardEngine(process.url, new Uint8Array(32));
    await expect(stranger.call("eth_chainId")).rejects.toThrow(EngineAuthenticationError);
    stranger.close();
  });

  test("is no QuarkChain engine, which is said before it gets a block", async () => {
    const quarkChain = new HttpEngine({ url: process.url, jwtSecret: secret });
    const refused = requireQuarkChainEngine(quarkChain);
    await expect(refused).rejects.toThrow(UnsupportedError);
    await expect(refused).rejects.toThrow(/no QuarkChain engine: it does not offer engine_newPayloadQKCV1/);
    await expect(quarkChain.chainIdentity()).rejects.toMatchObject({ rpcCode: ENGINE_ERROR.methodNotFound });
    quarkChain.close();
  });

  test("an unknown head is SYNCING", async () => {
    const { payloadStatus, payloadId } = await engine.forkchoiceUpdated({ head: `0x${"66".repeat(32)}` });
    expect(payloadStatus).toMatchObject({ status: "SYNCING", latestValidHash: null });
    expect(payloadId).toBeNull();
  });
});

/** Token checks look at no block. */
const NO_SAMPLE = {
  networkId: 0,
  fullShardId: 0,
  genesisStateRoot: ZERO_HASH,
  blocks: [],
  get genesis(): never {
    throw new Error("there is no genesis block");
  },
};
