import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ZERO_HASH } from "../../node/codec/bytes.ts";
import { withKeptDeposits } from "../../node/engine/api/deposit-lists.ts";
import { HttpEngine } from "../../node/engine/client/http-engine.ts";
import { readJwtSecret } from "../../node/engine/json-rpc/jwt.ts";
import { runConformance } from "../conformance/suite/run-conformance.ts";
import { type BuiltProject, buildProject, temporaryFolder } from "../work/built-project.testkit.ts";
import { type RunningEl, startEl } from "./running-el.testkit.ts";
import { SmallChain } from "./small-payloads.testkit.ts";

const SHARD = 131073;
let project: BuiltProject;
const folder = temporaryFolder();
const chain = new SmallChain();
const running: RunningEl[] = [];

beforeAll(() => {
  project = buildProject();
});
afterAll(async () => {
  for (const el of running) await el.end("SIGKILL");
  folder.remove();
  chain.close();
});

async function start(datadir: string, ...args: string[]): Promise<RunningEl> {
  const el = await startEl(project, join(folder.path, datadir), ["--shard", `${SHARD}`, ...args]);
  running.push(el);
  return el;
}

function connect(datadir: string, { ready }: RunningEl): HttpEngine {
  return new HttpEngine({ url: ready.engine, jwtSecret: readJwtSecret(join(folder.path, datadir, "jwt.hex")) });
}

async function askHttp({ ready }: RunningEl, method: string, ...params: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(ready.http!, { method: "POST", headers: { "content-type": "application/json" }, body });
  return await response.json();
}

test("keeps the contract of the Engine API over HTTP", async () => {
  const el = await start("contract");
  const engine = connect("contract", el);
  const { networkId, genesisStateRoot } = await engine.chainIdentity();
  const payloads = [...chain.canonicalPayloads(SHARD)].slice(0, 16).map(({ payload }) => withKeptDeposits(payload));
  const [genesis, ...blocks] = payloads;
  const wire = { url: el.ready.engine, jwtSecret: readJwtSecret(join(folder.path, "contract", "jwt.hex")) };
  const sample = { networkId, fullShardId: SHARD, genesisStateRoot, genesis, blocks };
  const results = await runConformance({ engine, wire }, sample);
  expect(results.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  expect(results.filter(({ outcome }) => outcome === "passed").length).toBeGreaterThan(40);
  expect(await el.end("SIGTERM")).toBe(0);
});

test("changes its configuration as the environment says, as the slave does that it executes for", async () => {
  const args = ["--shard", `${SHARD}`];
  const el = await startEl(project, join(folder.path, "overridden"), args, { QKC__QUARKCHAIN__NETWORK_ID: "77" });
  running.push(el);
  expect((await connect("overridden", el).chainIdentity()).networkId).toBe(77);
  expect(await el.end("SIGTERM")).toBe(0);
});

test("has what it acknowledged after SIGTERM and SIGKILL, and serves eth_* without a token", async () => {
  const payloads = [...chain.canonicalPayloads(SHARD)].map(({ payload }) => withKeptDeposits(payload));
  let next = 0;
  for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
    const el = await start("kept", "--http", "--http.port", "0", "--durability", "process");
    expect(el.ready.head?.height ?? -1).toBe(next - 1);
    const engine = connect("kept", el);
    for (const end = Math.min(payloads.length, next + 12); next < end; next++) {
      const { blockHash } = payloads[next];
      expect((await engine.newPayload(payloads[next])).status).toBe("VALID");
      const marks = { safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };
      await engine.forkchoiceUpdated({ headBlockHash: blockHash, ...marks });
    }
    expect(await askHttp(el, "eth_blockNumber")).toMatchObject({ result: `0x${(next - 1).toString(16)}` });
    expect(await askHttp(el, "engine_newPayloadQKCV1")).toMatchObject({ error: { code: -32601 } });
    const unauthenticated = await fetch(el.ready.engine, { method: "POST", body: "{}" });
    expect(unauthenticated.status).toBe(401);
    expect(await el.end(signal)).toBe(signal === "SIGKILL" ? null : 0);
  }
  expect(statSync(join(folder.path, "kept", "jwt.hex")).mode & 0o777).toBe(0o600);
});

test("serves the Engine API at once, and ends, while the open port is busy with calls", async () => {
  const el = await start("busy", "--http", "--http.port", "0", "--durability", "process");
  const engine = connect("busy", el);
  const [genesis] = [...chain.canonicalPayloads(SHARD)].map(({ payload }) => withKeptDeposits(payload));
  await engine.newPayload(genesis);
  const marks = { safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };
  await engine.forkchoiceUpdated({ headBlockHash: genesis.blockHash, ...marks });
  const call = { jsonrpc: "2.0", id: 1, method: "eth_estimateGas", params: [{ data: "0x5b61000056" }] };
  const body = JSON.stringify(Array(1000).fill(call));
  const batch = fetch(el.ready.http!, { method: "POST", headers: { "content-type": "application/json" }, body });
  const ended = batch.then((response) => response.json());
  await askHttp(el, "eth_call", {});
  for (let i = 0; i < 20; i++) await engine.chainIdentity();
  const asked = performance.now();
  expect(await el.end("SIGTERM")).toBe(0);
  expect(performance.now() - asked).toBeLessThan(10_000);
  expect((await ended) as unknown[]).toContainEqual({
    jsonrpc: "2.0",
    id: 1,
    error: { code: -32000, message: "the engine is being stopped" },
  });
});

test("starts in an empty volume, where the system has put lost+found", async () => {
  mkdirSync(join(folder.path, "volume", "lost+found"), { recursive: true });
  const el = await start("volume");
  expect(await el.end("SIGTERM")).toBe(0);
});

test("keeps its hands off what is not its own", async () => {
  const el = await start("taken");
  await expect(start("taken")).rejects.toThrow(/exit 1: .*in use by another process/);
  const { port } = new URL(el.ready.engine);
  await expect(start("other", "--authrpc.port", port)).rejects.toThrow(/cannot listen on 127.0.0.1/);
  await el.end("SIGTERM");
  await expect(start("taken", "--shard", "1")).rejects.toThrow(/exit 1: .*holds another chain/);
  const database = startEl(project, "fixtures/pyqkc-small", ["--shard", "1"]);
  await expect(database).rejects.toThrow(/exit 1: .*holds something else/);
  expect(existsSync("fixtures/pyqkc-small/execution")).toBe(false);
});
