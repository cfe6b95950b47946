import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, UnsupportedError } from "../../codec/errors.ts";
import type { DepositList } from "../api/deposit-lists.ts";
import { BATCH_CAPABILITY, QKC_CAPABILITIES } from "../api/methods.ts";
import {
  balanceRequestSample,
  bodiesSample,
  builtPayloadSample,
  dueDepositSample,
  forkchoiceParamsSample,
  forkchoiceUpdatedSample,
  hashesSample,
  identitySample,
} from "../api/samples.testkit.ts";
import type { QkcPayload } from "../engine-api.ts";
import { ENGINE_ERROR, EngineError } from "../engine-error.ts";
import { PAYLOAD, STATUS, serve, WRONG_SECRET } from "../server/stub-engine.testkit.ts";
import { EngineAuthenticationError, EngineProtocolError, EngineUnavailableError } from "./engine-failures.ts";
import { HttpEngine } from "./http-engine.ts";
import { requireQuarkChainEngine } from "./require-engine.ts";
import { type Retry, RetryingEngine } from "./retrying-engine.ts";

function one<T>(sample: fc.Arbitrary<T>): T {
  return fc.sample(sample, { seed: 5, numRuns: 1 })[0];
}

/** Clones, because a cut list of deposits cannot be iterated to compare it. */
function expectSame(a: unknown, b: unknown): void {
  expect(structuredClone(a)).toEqual(structuredClone(b));
}

describe("every method, there and back", () => {
  const [state, attributes] = fc
    .sample(forkchoiceParamsSample, { seed: 5, numRuns: 20 })
    .find(([, some]) => some !== undefined)!;
  const updated = one(forkchoiceUpdatedSample);
  const built = one(builtPayloadSample);
  const identity = one(identitySample);
  const bodies = one(bodiesSample);
  const hashes = one(hashesSample);
  const request = one(balanceRequestSample);
  const version = { code: "QR", name: "qkc", version: "1", commit: "0x00000000" };

  test("arguments and results cross unchanged", async () => {
    const seen: unknown[] = [];
    const note =
      <A extends unknown[], R>(result: R) =>
      async (...args: A) => {
        seen.push(...args);
        return result;
      };
    const { engine, close } = await serve({
      exchangeCapabilities: note(["a"]),
      getClientVersion: note([version]),
      chainIdentity: note(identity),
      newPayload: note(STATUS),
      forkchoiceUpdated: note(updated),
      getPayload: note(built),
      getPayloadBodiesByHash: note(bodies),
      getPayloadBodiesByRange: note(bodies),
      getBalance: note(12n),
    });
    expect(await engine.exchangeCapabilities(["b"])).toEqual(["a", BATCH_CAPABILITY]);
    expect(await engine.getClientVersion(version)).toEqual([version]);
    expectSame(await engine.chainIdentity(), identity);
    expectSame(await engine.newPayload(PAYLOAD), STATUS);
    expectSame(await engine.forkchoiceUpdated(state), updated);
    expectSame(await engine.forkchoiceUpdated(state, attributes), updated);
    expectSame(await engine.getPayload("0x0102030405060708"), built);
    expectSame(await engine.getPayloadBodiesByHash(hashes), bodies);
    expectSame(await engine.getPayloadBodiesByRange(1, 2), bodies);
    expect(await engine.getBalance(request)).toBe(12n);
    const sent = [["b"], version, PAYLOAD, state, undefined, state, attributes, "0x0102030405060708", hashes];
    expectSame(seen, [...sent, 1, 2, request]);
    await close();
  });

  test("several blocks and a head in one request", async () => {
    const { engine, close } = await serve({ newPayload: async () => STATUS, forkchoiceUpdated: async () => updated });
    const { statuses, forkchoice } = await engine.newPayloads([PAYLOAD, PAYLOAD], state);
    expectSame(statuses, [STATUS, STATUS]);
    expectSame(forkchoice, updated);
    await close();
  });

  test("an error keeps its code", async () => {
    const { engine, close } = await serve({
      getPayload: async () => {
        throw new EngineError(ENGINE_ERROR.unknownPayload, "there is none");
      },
    });
    const refused = engine.getPayload("0x0000000000000000");
    await expect(refused).rejects.toThrow(EngineError);
    await expect(refused).rejects.toMatchObject({ rpcCode: -38001, message: expect.stringContaining("there is none") });
    await close();
  });
});

describe("deposits", () => {
  const due = one(dueDepositSample);
  const charged = {
    ...due,
    deposit: { ...due.deposit, gasPrice: 1n, gasRemained: 0n, isFromRootChain: false },
  };
  function* lazily() {
    for (let index = 0; index < 30; index++) yield charged;
  }
  const payload = (): QkcPayload => ({
    ...PAYLOAD,
    block: { ...PAYLOAD.block, meta: { ...PAYLOAD.block.meta, xshardGasLimit: 90_000n } },
    inputs: { ...PAYLOAD.inputs, deposits: lazily() },
  });
  /** An engine that walks as many deposits as it wants. */
  const walking = (most: number, counts: number[]) => ({
    newPayload: async ({ inputs }: QkcPayload) => {
      counts.push((inputs.deposits as DepositList).items.length);
      const walk = inputs.deposits[Symbol.iterator]();
      for (let index = 0; index < most && walk.next().done !== true; index++);
      return STATUS;
    },
    forkchoiceUpdated: async () => one(forkchoiceUpdatedSample),
  });

  test("no more cross than the block can consume", async () => {
    const counts: number[] = [];
    const { engine, close } = await serve(walking(10, counts));
    await engine.newPayload(payload());
    expect(counts).toEqual([10]);
    await close();
  });

  test("an engine that wants more gets all, alone and in a batch", async () => {
    const counts: number[] = [];
    const { engine, close } = await serve(walking(31, counts));
    expectSame(await engine.newPayload(payload()), STATUS);
    expect(counts).toEqual([10, 30]);
    const hash = PAYLOAD.blockHash;
    const state = { headBlockHash: hash, safeBlockHash: hash, finalizedBlockHash: hash };
    expectSame((await engine.newPayloads([payload()], state)).statuses, [STATUS]);
    expect(counts).toEqual([10, 30, 10, 10, 30]);
    await close();
  });
});

type Reply = (response: ServerResponse, body: string) => void;

/** Something on a port that answers as it is told to. */
async function withPeer(reply: Reply, use: (engine: HttpEngine, server: Server) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => reply(response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const engine = new HttpEngine({ url, timeoutFactor: 0.3 });
  try {
    await use(engine, server);
  } finally {
    engine.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function withResult(result: unknown): Reply {
  return (response, body) => response.end(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(body).id, result }));
}

describe("peers that are no good engines", () => {
  test.each<[string, Reply]>([
    ["an empty answer", (response) => response.end("")],
    ["HTML", (response) => response.end("<html>")],
    ["a result without JSON-RPC", (response) => response.end("{}")],
    ["neither result nor error", withResult(undefined)],
    ["another request's answer", (response) => response.end('{"jsonrpc":"2.0","id":99,"result":"0x1"}')],
    ["a batch", (response) => response.end("[]")],
    ["a result of another kind", withResult({ balance: "0x1" })],
    ["a number with leading zeros", withResult("0x01")],
    ["an error status without JSON", (response) => response.writeHead(500).end("oops")],
    ["another service", (response) => response.writeHead(404).end("not found")],
  ])("%s", async (_name, reply) => {
    await withPeer(reply, async (engine) => {
      await expect(engine.getBalance(one(balanceRequestSample))).rejects.toThrow(EngineProtocolError);
    });
  });

  test("a status with a field that the contract does not have is named", async () => {
    const status = { status: "VALID", latestValidHash: null, validationError: null, computed: { stateRoot: "0x" } };
    await withPeer(withResult(status), async (engine) => {
      await expect(engine.newPayload(PAYLOAD)).rejects.toThrow(/result\.computed\.stateRoot: DATA of 32 bytes/);
    });
  });

  test("a batch with an answer missing, or refused as a whole", async () => {
    const hash = PAYLOAD.blockHash;
    const state = { headBlockHash: hash, safeBlockHash: hash, finalizedBlockHash: hash };
    await withPeer(
      (response) => response.end("[]"),
      async (engine) => {
        await expect(engine.newPayloads([PAYLOAD], state)).rejects.toThrow(EngineProtocolError);
      },
    );
    const refusal = '{"jsonrpc":"2.0","id":null,"error":{"code":-38004,"message":"too large"}}';
    await withPeer(
      (response) => response.writeHead(413).end(refusal),
      async (engine) => {
        const named = { rpcCode: -38004, message: expect.stringMatching(`^block ${PAYLOAD.block.header.height}: `) };
        await expect(engine.newPayloads([PAYLOAD], state)).rejects.toMatchObject(named);
        await expect(engine.newPayload(PAYLOAD)).rejects.toMatchObject(named);
      },
    );
  });

  test.each<[string, Reply]>([
    ["drops the connection", (response) => response.destroy()],
    [
      "drops it in the middle",
      (response) => response.writeHead(200, { "content-length": 50 }).write("{", () => response.destroy()),
    ],
    ["says that it is away", (response) => response.writeHead(503).end("restarting")],
    ["never answers", () => {}],
    ["never ends its answer", (response) => response.writeHead(200).write("{")],
  ])("who %s may be asked again", async (_name, reply) => {
    await withPeer(reply, async (engine) => {
      await expect(engine.getBalance(one(balanceRequestSample))).rejects.toThrow(EngineUnavailableError);
    });
  });

  test("nobody is there", async () => {
    let url = "";
    await withPeer(withResult("0x1"), async (_engine, server) => {
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    await expect(new HttpEngine({ url }).chainIdentity()).rejects.toThrow(EngineUnavailableError);
  });

  test("an idle connection that the engine closed is no failure", async () => {
    await withPeer(withResult("0x1"), async (engine, server) => {
      for (let round = 0; round < 20; round++) {
        expect(await engine.getBalance(one(balanceRequestSample))).toBe(1n);
        server.closeAllConnections();
      }
    });
  });

  test("a token that is refused", async () => {
    const { engine, close } = await serve({}, {}, { jwtSecret: WRONG_SECRET });
    await expect(engine.chainIdentity()).rejects.toThrow(EngineAuthenticationError);
    await expect(engine.chainIdentity()).rejects.toThrow(/401.*--jwt-secret/);
    await close();
  });

  test.each(["", "localhost:8551", "ftp://localhost", "8551"])("%j is no URL", (url) => {
    expect(() => new HttpEngine({ url })).toThrow(ConfigError);
  });
});

describe("RetryingEngine", () => {
  const policy = { attempts: 5, budgetMs: 10_000, firstDelayMs: 1, longestDelayMs: 3 };
  /** Answers from its n-th request on. */
  const tired = (failures: number, seen: string[] = []): Reply => {
    const answer = withResult("0x1");
    return (response, body) => {
      seen.push(body);
      return seen.length > failures ? answer(response, body) : response.destroy();
    };
  };

  test("asks again until it is answered and says so", async () => {
    await withPeer(tired(4), async (engine) => {
      const retries: Retry[] = [];
      const retrying = new RetryingEngine(engine, { policy, onRetry: (retry) => retries.push(retry) });
      expect(await retrying.getBalance(one(balanceRequestSample))).toBe(1n);
      expect(retries.map(({ method, attempt, delayMs }) => [method, attempt, delayMs])).toEqual([
        ["getBalance", 1, 1],
        ["getBalance", 2, 2],
        ["getBalance", 3, 3],
        ["getBalance", 4, 3],
      ]);
    });
  });

  test("gives up after its attempts", async () => {
    await withPeer(tired(5), async (engine) => {
      const answer = new RetryingEngine(engine, { policy }).getBalance(one(balanceRequestSample));
      await expect(answer).rejects.toThrow(/given up after 5 attempts/);
    });
  });

  test("gives up when its time is over", async () => {
    await withPeer(tired(99), async (engine) => {
      const answer = new RetryingEngine(engine, { policy: { ...policy, budgetMs: 0 } }).chainIdentity();
      await expect(answer).rejects.toThrow(/given up after 1 attempts/);
    });
  });

  test("stops waiting when it is told to", async () => {
    await withPeer(tired(99), async (engine) => {
      const stop = new AbortController();
      const retrying = new RetryingEngine(engine, {
        policy: { firstDelayMs: 60_000, longestDelayMs: 60_000 },
        signal: stop.signal,
        onRetry: () => stop.abort(new Error("enough")),
      });
      await expect(retrying.chainIdentity()).rejects.toThrow("enough");
    });
  });

  test("does not repeat what was answered", async () => {
    const seen: string[] = [];
    const refuse: Reply = (response, body) => {
      seen.push(body);
      response.end('{"jsonrpc":"2.0","id":null,"error":{"code":-38002,"message":"no"}}');
    };
    await withPeer(refuse, async (engine) => {
      await expect(new RetryingEngine(engine, { policy }).chainIdentity()).rejects.toMatchObject({ rpcCode: -38002 });
      expect(seen).toHaveLength(1);
    });
  });

  test("a block is sent again with the deposits it had", async () => {
    const seen: string[] = [];
    const status = { status: "VALID", latestValidHash: null, validationError: null, computed: null };
    const reply: Reply = (response, body) => {
      seen.push(body);
      if (seen.length === 1) response.destroy();
      else withResult(status)(response, body);
    };
    const deposits = (function* () {
      yield one(dueDepositSample);
    })();
    await withPeer(reply, async (engine) => {
      await new RetryingEngine(engine, { policy }).newPayload({ ...PAYLOAD, inputs: { ...PAYLOAD.inputs, deposits } });
    });
    expect(JSON.parse(seen[1]).params).toEqual(JSON.parse(seen[0]).params);
    expect(JSON.parse(seen[1]).params[1].xshardDeposits).toHaveLength(1);
  });
});

describe("requireQuarkChainEngine", () => {
  const identity = one(identitySample);

  test("answers with the capabilities and the chain", async () => {
    const { engine, close } = await serve({
      exchangeCapabilities: async () => QKC_CAPABILITIES,
      chainIdentity: async () => identity,
    });
    const found = await requireQuarkChainEngine(engine);
    expectSame(found.identity, identity);
    expect(found.capabilities).toContain(BATCH_CAPABILITY);
    await close();
  });

  test("an engine of Ethereum is told from one that is away", async () => {
    await withPeer(withResult(["engine_newPayloadV4", "engine_forkchoiceUpdatedV3"]), async (engine) => {
      const refused = requireQuarkChainEngine(engine);
      await expect(refused).rejects.toThrow(UnsupportedError);
      await expect(refused).rejects.toThrow(/no QuarkChain engine.*engine_newPayloadQKCV1/);
    });
    const unknownMethod: Reply = (response) =>
      response.end('{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"no"}}');
    await withPeer(unknownMethod, async (engine) => {
      await expect(requireQuarkChainEngine(engine)).rejects.toThrow(UnsupportedError);
    });
    await withPeer(
      (response) => response.destroy(),
      async (engine) => {
        await expect(requireQuarkChainEngine(engine)).rejects.toThrow(EngineUnavailableError);
      },
    );
  });
});
