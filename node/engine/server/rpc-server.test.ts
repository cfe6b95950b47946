import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { ConfigError, DatabaseDamagedError } from "../../codec/errors.ts";
import { ENGINE_ERROR, EngineError } from "../engine-error.ts";
import { type RpcMethods, rpcMethod } from "./rpc-method.ts";
import { type RpcServer, startRpcServer } from "./rpc-server.ts";
import { PAYLOAD, type Served, STATUS, serve } from "./stub-engine.testkit.ts";

const METHODS: RpcMethods = {
  echo: rpcMethod(z.tuple([z.string()]), ([text]) => text),
  nothing: rpcMethod(z.tuple([]), () => null),
  refuse: rpcMethod(z.tuple([]), () => {
    throw new EngineError(ENGINE_ERROR.unknownPayload, "no such payload");
  }),
  damaged: rpcMethod(z.tuple([]), () => {
    throw new DatabaseDamagedError("a row is missing");
  }),
  broken: rpcMethod(z.tuple([]), () => {
    throw new TypeError("cannot read x of undefined");
  }),
};

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Record<string, string | string[] | undefined>;
}

function send(server: RpcServer, body: string, headers: Record<string, string> = {}, method = "POST"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = { "content-type": "application/json", ...headers };
    const call = request(server.url, { method, headers: sent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    call.on("error", reject);
    call.end(body);
  });
}

async function answerTo(server: RpcServer, request: unknown): Promise<unknown> {
  return JSON.parse((await send(server, JSON.stringify(request))).text);
}

function call(method: string, params?: unknown, id: unknown = 1) {
  return { jsonrpc: "2.0", id, method, params };
}

describe("JSON-RPC", () => {
  let server: RpcServer;
  const defects: unknown[] = [];
  beforeAll(async () => {
    server = await startRpcServer({
      methods: METHODS,
      port: 0,
      maxBodyBytes: 10_000,
      onInternalError: (error, method) => defects.push([method, error]),
    });
  });
  afterAll(() => server.close());

  test.each([
    ["a result", call("echo", ["hi"]), { jsonrpc: "2.0", id: 1, result: "hi" }],
    ["null is a result", call("nothing"), { jsonrpc: "2.0", id: 1, result: null }],
    ["an id of text", call("nothing", [], "seven"), { jsonrpc: "2.0", id: "seven", result: null }],
    ["an id of null", call("nothing", [], null), { jsonrpc: "2.0", id: null, result: null }],
  ])("%s", async (_name, request, response) => {
    expect(await answerTo(server, request)).toEqual(response);
  });

  test.each([
    ["an unknown method", call("no_such", []), -32601, "no_such"],
    ["the name of a property of every object", call("constructor", []), -32601, "constructor"],
    ["a parameter of the wrong kind", call("echo", [7]), -32602, "params[0]"],
    ["too few parameters", call("echo", []), -32602, "params"],
    ["too many parameters", call("echo", ["a", "b"]), -32602, "params"],
    ["parameters by name", call("echo", { text: "a" }), -32602, "array"],
    ["parameters of null", call("echo", null), -32602, "array"],
    ["the method's own error", call("refuse"), -38001, "no such payload"],
    ["another version", { ...call("nothing"), jsonrpc: "1.0" }, -32600, "2.0"],
    ["no method", { jsonrpc: "2.0", id: 1 }, -32600, "2.0"],
    ["a method that is no text", { jsonrpc: "2.0", id: 1, method: 7 }, -32600, "2.0"],
    ["an id that is an object", call("nothing", [], {}), -32600, "2.0"],
    ["a number", 7, -32600, "2.0"],
    ["null", null, -32600, "2.0"],
    ["an empty batch", [], -32600, "empty"],
    ["a batch that is too long", new Array(1001).fill(0), -38004, "1001"],
  ])("%s", async (_name, request, code, message) => {
    expect(await answerTo(server, request)).toMatchObject({
      jsonrpc: "2.0",
      error: { code, message: expect.stringContaining(message) },
    });
  });

  test.each(["", "{", "{'a': 1}", '{"jsonrpc":"2.0"', "\u0000", "NaN"])("%j is no JSON", async (body) => {
    const { status, text } = await send(server, body);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ id: null, error: { code: -32700 } });
  });

  test("nesting without end is no JSON or no request, and the server lives", async () => {
    const { text } = await send(server, "[".repeat(9000));
    expect(JSON.parse(text)).toMatchObject({ error: { code: -32700 } });
    expect(await answerTo(server, call("nothing"))).toMatchObject({ result: null });
  });

  test("a damaged database is named, a defect is not", async () => {
    expect(await answerTo(server, call("damaged"))).toEqual({
      jsonrpc: "2.0",
      id: 1,
      error: { code: -32000, message: "server error", data: { err: "a row is missing" } },
    });
    const { text } = await send(server, JSON.stringify(call("broken")));
    expect(JSON.parse(text)).toMatchObject({ error: { code: -32603, message: "internal error" } });
    expect(text).not.toMatch(/undefined|stack|\.ts/);
    expect(defects).toEqual([
      ["damaged", expect.any(DatabaseDamagedError)],
      ["broken", expect.any(TypeError)],
    ]);
  });

  test("a batch is answered in order, without its notifications", async () => {
    const batch = [call("echo", ["a"], 1), { jsonrpc: "2.0", method: "nothing" }, 7, call("echo", ["b"], 2)];
    expect(await answerTo(server, batch)).toMatchObject([
      { id: 1, result: "a" },
      { id: null, error: { code: -32600 } },
      { id: 2, result: "b" },
    ]);
  });

  test("notifications alone get no answer", async () => {
    const { status, text } = await send(server, JSON.stringify({ jsonrpc: "2.0", method: "nothing" }));
    expect([status, text]).toEqual([204, ""]);
  });

  test("a request that is too large", async () => {
    const { status, text } = await send(server, JSON.stringify(call("echo", ["x".repeat(10_000)])));
    expect(status).toBe(413);
    expect(JSON.parse(text)).toMatchObject({ id: null, error: { code: -38004 } });
  });

  test("another media type, another method, another path", async () => {
    expect((await send(server, "{}", { "content-type": "text/plain" })).status).toBe(415);
    expect((await send(server, "", {}, "GET")).status).toBe(405);
    expect((await send({ ...server, url: `${server.url}/x` }, "{}")).status).toBe(404);
  });

  test.each([
    ["localhost:1", 200],
    ["LOCALHOST", 200],
    ["127.0.0.1:8545", 200],
    ["[::1]:8545", 200],
    ["evil.example", 403],
    ["localhost.evil.example:8545", 403],
  ])("the host %s gets %i", async (host, status) => {
    expect((await send(server, JSON.stringify(call("nothing")), { host })).status).toBe(status);
  });

  test("a port that is taken is said at once", async () => {
    await expect(startRpcServer({ methods: METHODS, port: server.port })).rejects.toThrow(ConfigError);
  });
});

describe("the authenticated port", () => {
  let served: Served;
  afterAll(() => served.close());

  test("asks for a token before it reads the request", async () => {
    served = await serve({});
    const { status, text } = await send(served.server, "x".repeat(100));
    expect([status, text]).toEqual([401, "missing token"]);
  });
});

describe("order", () => {
  test("calls run one after the other, in the order in which they came", async () => {
    const begun: number[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { engine, close } = await serve({
      newPayload: async ({ block }) => {
        begun.push(block.header.height);
        if (begun.length === 1) await gate;
        return STATUS;
      },
      getBalance: async () => BigInt(begun.length),
    });
    const at = (height: number) => ({
      ...PAYLOAD,
      block: { ...PAYLOAD.block, header: { ...PAYLOAD.block.header, height } },
    });
    const first = engine.newPayloads([at(1), at(2)], {
      headBlockHash: PAYLOAD.blockHash,
      safeBlockHash: PAYLOAD.blockHash,
      finalizedBlockHash: PAYLOAD.blockHash,
    });
    await expect.poll(() => begun).toEqual([1]);
    const second = engine.getBalance({
      blockHash: PAYLOAD.blockHash,
      address: PAYLOAD.block.header.coinbaseAddress.recipient,
      tokenId: 0n,
    });
    release();
    await expect(first).rejects.toThrow();
    expect(await second).toBeGreaterThanOrEqual(1n);
    expect(begun).toEqual([1, 2]);
    await close();
  });

  test("closing finishes what is under way", async () => {
    let release = () => {};
    let begun = false;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { engine, server } = await serve({
      newPayload: async () => {
        begun = true;
        await gate;
        return STATUS;
      },
    });
    const answer = engine.newPayload(PAYLOAD);
    await expect.poll(() => begun).toBe(true);
    const closed = server.close();
    release();
    expect((await answer).status).toBe(STATUS.status);
    await closed;
    engine.close();
  });
});
