import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { ConfigError, DatabaseDamagedError } from "../../codec/errors.ts";
import { ENGINE_ERROR, EngineError } from "../engine-error.ts";
import { type RpcMethods, rpcMethod } from "../json-rpc/rpc-method.ts";
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
  long: rpcMethod(z.tuple([z.number()]), ([length]) => "x".repeat(length)),
  longError: rpcMethod(z.tuple([z.number()]), ([length]) => {
    throw new EngineError(3, "execution reverted", { data: "x".repeat(length) });
  }),
  /** Longer than a text can be. */
  tooLong: rpcMethod(z.tuple([]), () => new Array(600).fill("x".repeat(1_000_000))),
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
    ["an id of text in other scripts", call("nothing", [], 'é"\n'), { jsonrpc: "2.0", id: 'é"\n', result: null }],
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

  test("ids are answered as they came", async () => {
    const ids = ["12345678901234567890", "1.0", "-0", "1e400", '"12345678901234567890"'];
    const requests = ids.map((id) => `{"jsonrpc":"2.0","method":"nothing","id":${id}}`);
    const answers = ids.map((id) => `{"jsonrpc":"2.0","id":${id},"result":null}`);
    expect((await send(server, requests[0])).text).toBe(answers[0]);
    expect((await send(server, `[${requests.join(", ")}]`)).text).toBe(`[${answers.join(",")}]`);
  });

  test.each(["application/json-rpc", "application/jsonrequest", "Application/JSON; charset=utf-8"])(
    "the media type %s",
    async (type) => {
      const { status, text } = await send(server, JSON.stringify(call("nothing")), { "content-type": type });
      expect([status, JSON.parse(text)]).toEqual([200, { jsonrpc: "2.0", id: 1, result: null }]);
    },
  );

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonp",
  ])("the media type %s is refused", async (type) => {
    expect((await send(server, JSON.stringify(call("nothing")), { "content-type": type })).status).toBe(415);
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

describe("limits", () => {
  /** A connection on which a request of `length` bytes was begun and `sent` of them came. */
  async function begin(server: RpcServer, length: number, sent: number): Promise<Socket> {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(
      `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`,
    );
    socket.write("x".repeat(sent));
    return socket;
  }

  test("an answer stops where it is too long, a batch's in all, and errors stand for the rest", async () => {
    const server = await startRpcServer({ methods: METHODS, port: 0, maxAnswerBytes: 1000 });
    const tooLong = { error: { code: -32003, message: expect.stringContaining("response too large") } };
    expect(await answerTo(server, call("long", [900]))).toHaveProperty("result");
    expect(await answerTo(server, call("long", [1000]))).toMatchObject(tooLong);
    expect(await answerTo(server, call("longError", [1000]))).toEqual({
      jsonrpc: "2.0",
      id: 1,
      error: { code: 3, message: "execution reverted" },
    });
    const batch = [call("long", [400], 1), call("long", [400], 2), call("long", [400], 3), call("long", [10], 4)];
    expect(await answerTo(server, batch)).toMatchObject([
      { id: 1, result: "x".repeat(400) },
      { id: 2, result: "x".repeat(400) },
      { id: 3, ...tooLong },
      { id: 4, ...tooLong },
    ]);
    await server.close();
  });

  test("an answer that no text can hold is too long, no defect", async () => {
    const server = await startRpcServer({ methods: METHODS, port: 0, maxAnswerBytes: Number.POSITIVE_INFINITY });
    expect(await answerTo(server, call("tooLong"))).toMatchObject({ error: { code: -32003 } });
    await server.close();
  });

  test("who sends slowly makes way for others", async () => {
    const server = await startRpcServer({ methods: METHODS, port: 0, maxBodyBytes: 100_000, maxHeldBytes: 1_000_000 });
    const slow = await Promise.all(Array.from({ length: 40 }, () => begin(server, 100_000, 99_000)));
    let refused = 0;
    for (const socket of slow) socket.on("data", (bytes) => (refused += /^HTTP\/1.1 503 /.test(`${bytes}`) ? 1 : 0));
    await expect.poll(() => refused).toBeGreaterThanOrEqual(30);
    expect(await answerTo(server, call("echo", ["x".repeat(20_000)]))).toHaveProperty("result");
    const open = slow.filter(({ readyState }) => readyState === "open");
    expect(open.length).toBeLessThanOrEqual(10);
    const one = open.at(-1)!;
    const answered = once(one, "data");
    one.write("x".repeat(1000));
    expect(`${await answered}`).toContain("-32700");
    for (const socket of slow) socket.destroy();
    await server.close();
  });

  /** A method that is done when nobody waits for it. */
  function patient(begun: unknown[], ended: unknown[]) {
    return rpcMethod(z.tuple([]), async (_, { signal }) => {
      begun.push(signal);
      while (!signal.aborted) await sleep(5);
      ended.push(signal.reason);
      throw signal.reason;
    });
  }

  test("work is given up when its time is over; what may not be given up is done", async () => {
    const methods = { ...METHODS, patient: patient([], []), ordered: { ...METHODS.nothing, isOrdered: true } };
    const server = await startRpcServer({ methods, port: 0, timeLimitMs: 50 });
    const batch = [call("patient", [], 1), call("nothing", [], 2), call("ordered", [], 3)];
    expect(await answerTo(server, batch)).toMatchObject([
      { id: 1, error: { code: -32002 } },
      { id: 2, error: { code: -32002 } },
      { id: 3, result: null },
    ]);
    await server.close();
  });

  test("what its caller does not wait for is not done", async () => {
    const [begun, ended]: unknown[][] = [[], []];
    const server = await startRpcServer({ methods: { patient: patient(begun, ended) }, port: 0 });
    const body = JSON.stringify(Array(10).fill(call("patient")));
    const gone = request(server.url, { method: "POST", headers: { "content-type": "application/json" } });
    gone.on("error", () => {});
    gone.end(body);
    await expect.poll(() => begun.length).toBe(1);
    gone.destroy();
    await expect.poll(() => ended).toEqual([expect.objectContaining({ message: "the caller is gone" })]);
    await sleep(50);
    expect(begun).toHaveLength(1);
    await server.close();
  });

  test("closing waits for nobody: not for senders, not for work that may be given up", async () => {
    const begun: unknown[] = [];
    const server = await startRpcServer({ methods: { patient: patient(begun, []) }, port: 0 });
    const slow = await begin(server, 1000, 10);
    const answer = answerTo(server, call("patient"));
    await expect.poll(() => begun.length).toBe(1);
    const start = performance.now();
    await server.close();
    expect(performance.now() - start).toBeLessThan(1500);
    expect(await answer).toMatchObject({ error: { code: -32000, message: "the engine is being stopped" } });
    slow.destroy();
  });

  test("a long batch lets others through", async () => {
    const busy = rpcMethod(z.tuple([]), () => {
      for (const end = performance.now() + 5; performance.now() < end; );
      return null;
    });
    const server = await startRpcServer({ methods: { ...METHODS, busy }, port: 0 });
    let isDone = false;
    const batch = answerTo(server, Array(400).fill(call("busy"))).then(() => {
      isDone = true;
    });
    await sleep(50);
    expect(await answerTo(server, call("nothing"))).toHaveProperty("result");
    expect(isDone).toBe(false);
    await batch;
    await server.close();
  });
});
