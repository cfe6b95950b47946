import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { type Hash32, toHex, ZERO_HASH } from "../../node/codec/bytes.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { DepositList } from "../../node/engine/api/deposit-lists.ts";
import { HttpEngine } from "../../node/engine/client/http-engine.ts";
import type { EngineApi, PayloadStatus } from "../../node/engine/engine-api.ts";
import { jwtAuthenticator } from "../../node/engine/json-rpc/jwt.ts";
import { type RpcMethods, rpcMethod } from "../../node/engine/json-rpc/rpc-method.ts";
import { engineMethods } from "../../node/engine/server/engine-methods.ts";
import { type RpcServer, startRpcServer } from "../../node/engine/server/rpc-server.ts";
import { ethMethods } from "../../node/execution-node/eth-api/eth-methods.ts";
import { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { runCli } from "../cli/run-cli.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { chainSampleOf } from "./database-sample.ts";
import type { ChainSample } from "./suite/chain-sample.ts";
import type { ConformanceTarget } from "./suite/check.ts";
import { headed } from "./suite/check.ts";
import { type CheckResult, runConformance } from "./suite/run-conformance.ts";

const SHARD = 65538;
const SECRET = new Uint8Array(32).fill(9);
let folder: string;
let database: OpenDatabase;
let sample: ChainSample;
let opened = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qkc-conformance-"));
  database = openDatabase({
    db: "fixtures/pyqkc-small",
    configPath: undefined,
    rootTip: undefined,
    verifyChecksums: "default",
  });
  sample = chainSampleOf(database, SHARD, 40);
});

afterAll(() => {
  database.source.close();
  rmSync(folder, { recursive: true });
});

function openNode(): Promise<ExecutionNode> {
  return ExecutionNode.open({
    folder: join(folder, `${opened++}`),
    config: database.config.quarkchain,
    fullShardId: SHARD,
    rules: QUARKCHAIN_RULES,
    durability: "process",
    retention: "archive",
    cacheBytes: 8 * 1024 * 1024,
    version: "0",
  });
}

function methodsOf(node: ExecutionNode): RpcMethods {
  return { ...ethMethods(node), ...engineMethods(node) };
}

async function withServed(use: (target: ConformanceTarget, server: RpcServer) => Promise<void>): Promise<void> {
  const node = await openNode();
  const server = await startRpcServer({
    methods: methodsOf(node),
    authenticate: jwtAuthenticator(SECRET),
    port: 0,
  });
  const engine = new HttpEngine({ url: server.url, jwtSecret: SECRET });
  try {
    await use({ engine, wire: { url: server.url, jwtSecret: SECRET } }, server);
  } finally {
    engine.close();
    await server.close();
    await node.close();
  }
}

function notPassed(results: readonly CheckResult[]): readonly CheckResult[] {
  return results.filter(({ outcome }) => outcome !== "passed");
}

describe("the execution layer keeps the contract", () => {
  test("in process", async () => {
    const node = await openNode();
    const others = notPassed(await runConformance({ engine: node }, sample));
    expect(others.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    const reasons = new Set(others.map(({ reason }) => reason));
    expect(reasons).toEqual(new Set(["the engine is in this process", "the engine is reached without a token"]));
    await node.close();
  });

  test("over HTTP, and a second time on what the first one left", async () => {
    await withServed(async (target) => {
      expect(notPassed(await runConformance(target, sample))).toEqual([]);
      expect(notPassed(await runConformance(target, sample))).toEqual([]);
    });
  });
});

type Fault = (honest: ExecutionNode) => Partial<EngineApi>;

/** Engines that break one rule each, and the checks that have to notice. */
const FAULTS: ReadonlyArray<readonly [fault: string, noticedBy: RegExp, Fault]> = [
  [
    "leaves out a method",
    /^exchangeCapabilities/,
    (honest) => ({ exchangeCapabilities: async (names) => (await honest.exchangeCapabilities(names)).slice(1) }),
  ],
  [
    "holds another shard",
    /^chainIdentity/,
    (honest) => ({ chainIdentity: async () => ({ ...(await honest.chainIdentity()), fullShardId: 1 }) }),
  ],
  [
    "believes what blocks declare",
    /wrong stateRoot with/,
    (honest) => ({
      newPayload: async (payload) => ({
        ...(await honest.newPayload(payload)),
        status: "VALID",
        latestValidHash: payload.blockHash,
        validationError: null,
      }),
    }),
  ],
  [
    "names no more than one wrong field",
    /wrong gasUsed with/,
    (honest) => ({
      newPayload: async (payload) => {
        const status = await honest.newPayload(payload);
        if (status.validationError?.kind !== "mismatch") return status;
        const fields = [{ ...status.validationError.fields[0], field: "stateRoot" }];
        return { ...status, validationError: { kind: "mismatch", fields } };
      },
    }),
  ],
  [
    "says nothing of what it computed",
    /blocks in order are VALID/,
    (honest) => ({ newPayload: async (payload) => ({ ...(await honest.newPayload(payload)), computed: null }) }),
  ],
  [
    "does not say which ancestor is valid",
    /wrong bloom with/,
    (honest) => ({
      newPayload: async (payload) => {
        const status = await honest.newPayload(payload);
        return status.status === "INVALID" ? { ...status, latestValidHash: null } : status;
      },
    }),
  ],
  [
    "takes a cut list of deposits for all there are",
    /deposits that was cut too short/,
    (honest) => ({
      newPayload: (payload) => {
        const { items } = DepositList.of(payload.inputs.deposits);
        return honest.newPayload({ ...payload, inputs: { ...payload.inputs, deposits: items } });
      },
    }),
  ],
  [
    "makes each block its head",
    /makes no block the head/,
    (honest) => ({
      newPayload: async (payload) => {
        const status = await honest.newPayload(payload);
        if (status.status === "VALID") await honest.forkchoiceUpdated(headed(payload.blockHash));
        return status;
      },
    }),
  ],
  [
    "forgets a parent that is missing",
    /without a known parent/,
    (honest) => ({
      newPayload: async (payload) => {
        const status = await honest.newPayload(payload);
        return status.status === "SYNCING" ? { ...status, status: "INVALID" } : status;
      },
    }),
  ],
  [
    "never looks at the finalized block",
    /a finalized block of another branch/,
    (honest) => ({
      forkchoiceUpdated: (state, attributes) =>
        honest.forkchoiceUpdated({ ...state, finalizedBlockHash: ZERO_HASH }, attributes),
    }),
  ],
  [
    "never goes back",
    /goes back to an ancestor/,
    (honest) => ({
      forkchoiceUpdated: async (state, attributes) => {
        const { head } = await honest.chainIdentity();
        const [height] = await heightsOf(honest, [state.headBlockHash]);
        if (head === null || height >= head.height) return honest.forkchoiceUpdated(state, attributes);
        return { payloadStatus: valid(state.headBlockHash), payloadId: null };
      },
    }),
  ],
  [
    "says that an unknown head is valid",
    /an unknown head is SYNCING/,
    (honest) => ({
      forkchoiceUpdated: async (state, attributes) => {
        const updated = await honest.forkchoiceUpdated(state, attributes);
        const { status } = updated.payloadStatus;
        return status === "SYNCING" ? { ...updated, payloadStatus: valid(state.headBlockHash) } : updated;
      },
    }),
  ],
  [
    "builds blocks without their transactions",
    /is that block, unsealed/,
    (honest) => ({
      forkchoiceUpdated: (state, attributes) =>
        honest.forkchoiceUpdated(state, attributes && { ...attributes, transactions: [] }),
    }),
  ],
  [
    "gives bodies in the order it likes",
    /in the order of the request/,
    (honest) => ({
      getPayloadBodiesByHash: async (hashes) => [...(await honest.getPayloadBodiesByHash(hashes))].reverse(),
    }),
  ],
  [
    "gives null behind the end of the chain",
    /shorter where the chain ends/,
    (honest) => ({
      getPayloadBodiesByRange: async (start, count) => {
        const bodies = await honest.getPayloadBodiesByRange(start, count);
        return [...bodies, ...new Array<null>(count - bodies.length).fill(null)];
      },
    }),
  ],
  ["knows no balances", /the coinbase has its reward/, () => ({ getBalance: async () => 0n })],
];

function valid(latestValidHash: Hash32): PayloadStatus {
  return { status: "VALID", latestValidHash, validationError: null, computed: null };
}

async function heightsOf(node: ExecutionNode, hashes: readonly Hash32[]): Promise<number[]> {
  return hashes.map((hash) => node.store.findBlock(hash)?.header.height ?? Number.POSITIVE_INFINITY);
}

describe("an engine is caught that", () => {
  test.each(FAULTS)("%s", async (_fault, noticedBy, fault) => {
    const node = await openNode();
    const changes = fault(node);
    const engine = new Proxy<EngineApi>(node, {
      get: (honest, name: keyof EngineApi) => changes[name] ?? honest[name].bind(honest),
    });
    const failed = (await runConformance({ engine }, sample)).filter(({ outcome }) => outcome === "failed");
    expect(failed.map(({ name }) => name)).toContainEqual(expect.stringMatching(noticedBy));
    await node.close();
  });

  test("asks nobody for a token", async () => {
    const node = await openNode();
    const server = await startRpcServer({ methods: methodsOf(node), port: 0 });
    const engine = new HttpEngine({ url: server.url, jwtSecret: SECRET });
    const results = await runConformance({ engine, wire: { url: server.url, jwtSecret: SECRET } }, sample);
    const failed = results.filter(({ outcome }) => outcome === "failed").map(({ name }) => name);
    expect(failed).toHaveLength(8);
    for (const name of failed) expect(name).toMatch(/^authentication: .* is refused$/);
    engine.close();
    await server.close();
    await node.close();
  });
});

describe("qkc el-conformance", () => {
  let output = "";
  async function run(...args: string[]): Promise<number> {
    output = "";
    const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      output += text;
      return true;
    });
    const complain = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      output += text;
      return true;
    });
    try {
      return await runCli(["el-conformance", ...args], () => Promise.reject(new Error("not needed")));
    } finally {
      write.mockRestore();
      complain.mockRestore();
    }
  }

  let secretFile: string;
  beforeAll(() => {
    secretFile = join(folder, "jwt.hex");
    writeFileSync(secretFile, toHex(SECRET));
  });

  test("all rules kept, on the database that comes with the program", async () => {
    await withServed(async (_target, server) => {
      const args = ["--engine", server.url, "--jwt-secret", secretFile];
      expect(await run(...args, "--blocks", "8")).toBe(0);
      expect(output).toMatch(/^ok {4}authentication: a new token is taken\n/);
      expect(output).toMatch(/ checks passed, 0 failed, \d+ skipped\n$/);
      expect(await run(...args, "--blocks", "8", "--json")).toBe(0);
      expect(JSON.parse(output)).toMatchObject({ schema: "qkc-el-conformance/1", engine: server.url, failed: 0 });
      expect(await run(...args, "--shard", "7")).toBe(1);
      expect(output).toMatch(/has no shard 7/);
      expect(await run(...args, "--shard", "1")).toBe(1);
      expect(output).toMatch(/head 8 .* empty data directory/);
    });
  });

  test("a rule broken", async () => {
    const node = await openNode();
    const methods = methodsOf(node);
    const { qkc_getBalanceV1: _, ...others } = methods;
    const server = await startRpcServer({ methods: others, authenticate: jwtAuthenticator(SECRET), port: 0 });
    expect(await run("--engine", server.url, "--jwt-secret", secretFile, "--blocks", "8")).toBe(2);
    expect(output).toMatch(/FAIL {2}getBalance: .*\n {6}qkc_getBalanceV1: the method/);
    await server.close();
    await node.close();
  });

  test("nobody there, a wrong secret, an engine of Ethereum", async () => {
    const methods = {
      engine_exchangeCapabilities: rpcMethod(z.tuple([z.array(z.string())]), () => ["engine_newPayloadV4"]),
    };
    const server = await startRpcServer({ methods, authenticate: jwtAuthenticator(SECRET), port: 0 });
    expect(await run("--engine", server.url, "--jwt-secret", secretFile)).toBe(3);
    expect(output).toMatch(/no QuarkChain engine.*engine_newPayloadQKCV1/);
    expect(await run("--engine", server.url)).toBe(1);
    expect(output).toMatch(/401.*--jwt-secret/);
    await server.close();
    expect(await run("--engine", server.url, "--jwt-secret", secretFile)).toBe(1);
    expect(output).toMatch(/cannot be reached/);
  });
});
