import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { ENGINE_ERROR } from "../engine-error.ts";
import { EngineProtocolError, EngineUnavailableError } from "./engine-failures.ts";
import { HttpTransport } from "./http-transport.ts";
import { type RpcCall, RpcClient } from "./rpc-client.ts";

interface Asked {
  readonly id: number;
  readonly params: readonly [string];
}

/** What a peer makes of a body; "reset" closes the connection. */
type Peer = (body: string, requests: readonly Asked[]) => { readonly status?: number; readonly text: string } | "reset";

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A client of a peer, and how many requests came to it. */
async function clientOf(peer: Peer): Promise<{ readonly client: RpcClient; readonly seen: Asked[][] }> {
  const seen: Asked[][] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const requests = [JSON.parse(body)].flat();
    seen.push(requests);
    const answer = peer(body, requests);
    if (answer === "reset") request.socket.resetAndDestroy();
    else response.writeHead(answer.status ?? 200).end(answer.text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const transport = new HttpTransport({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  open.push(async () => {
    transport.close();
    await new Promise((resolve) => server.close(resolve));
  });
  return { client: new RpcClient(transport), seen };
}

function callsOf(lengths: readonly number[]): RpcCall[] {
  return lengths.map((length) => ({ method: "length", params: ["x".repeat(length)], timeoutMs: 10_000 }));
}

function lengthOf({ id, params: [text] }: Asked): object {
  return { jsonrpc: "2.0", id, result: text.length };
}

function answered(body: string, requests: readonly Asked[]): { readonly text: string } {
  const answers = requests.map(lengthOf);
  return { text: JSON.stringify(body.startsWith("[") ? answers : answers[0]) };
}

function refusal(code: number): string {
  return JSON.stringify({ jsonrpc: "2.0", id: null, error: { code, message: "too much" } });
}

const longerThan =
  (most: number, status: number, text: string): Peer =>
  (body, requests) =>
    body.length > most ? { status, text } : answered(body, requests);

const moreThan =
  (most: number, code: number): Peer =>
  (body, requests) =>
    requests.length > most ? { text: refusal(code) } : answered(body, requests);

/** As go-ethereum: what comes behind a number of bytes gets an error, in whose place nothing was done. */
const cutBehind =
  (most: number): Peer =>
  (body, requests) => {
    let left = most;
    const answers = requests.map((request) => {
      left -= request.params[0].length;
      return left >= 0
        ? lengthOf(request)
        : { jsonrpc: "2.0", id: request.id, error: { code: -32003, message: "response too large" } };
    });
    return { text: JSON.stringify(body.startsWith("[") ? answers : answers[0]) };
  };

const PEERS: [string, Peer][] = [
  ["413 as JSON-RPC", longerThan(3000, 413, refusal(-38004))],
  ["413 in plain text", longerThan(3000, 413, "content length too large")],
  ["413 in HTML, on a proxy's part", longerThan(3000, 413, "<html>Request Entity Too Large</html>")],
  ["413 in JSON that is no JSON-RPC", longerThan(3000, 413, '{"error":"too large"}')],
  ["the Engine API's own code alone", longerThan(3000, 200, refusal(-38004))],
  ["go-ethereum's word for a batch of too many", moreThan(7, -32600)],
  ["a limit", moreThan(3, -32005)],
  ["a batch of one", moreThan(1, -32600)],
  ["an answer that stops", cutBehind(2000)],
];

test.each(PEERS)("a batch is halved until it is taken: %s", async (_name, peer) => {
  const { client, seen } = await clientOf(peer);
  const lengths = Array.from({ length: 60 }, (_, i) => 100 + i);
  expect(await client.batch(callsOf(lengths))).toEqual(lengths.map((result) => ({ result })));
  const asked = seen.length;
  expect(await client.batch(callsOf(lengths))).toEqual(lengths.map((result) => ({ result })));
  // What was found out once is not tried again.
  expect(seen.length - asked).toBeLessThanOrEqual(Math.min(asked, 60));
});

test.each(PEERS.filter(([name]) => !/many|limit|one/.test(name)))(
  "what is too long alone is said: %s",
  async (_, peer) => {
    const { client } = await clientOf(peer);
    const answers = await client.batch(callsOf([100, 100, 5000, 100]));
    const tooLong = { rpcCode: expect.toBeOneOf([ENGINE_ERROR.tooLargeRequest, ENGINE_ERROR.responseTooLarge]) };
    expect(answers).toMatchObject([{ result: 100 }, { result: 100 }, { error: tooLong }, { result: 100 }]);
  },
);

test("whatever a peer takes, each call gets its own answer", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1000, max: 9000 }),
      fc.integer({ min: 1, max: 20 }),
      async (lengths, bytes, count) => {
        const [short, few] = [longerThan(bytes, 413, ""), moreThan(count, -32600)];
        const { client } = await clientOf((body, requests) => {
          const first = short(body, requests);
          return first !== "reset" && first.status === 413 ? first : few(body, requests);
        });
        expect(await client.batch(callsOf(lengths))).toEqual(lengths.map((result) => ({ result })));
        for (const close of open.splice(0)) await close();
      },
    ),
    { numRuns: 50 },
  );
});

test("a connection that breaks under a long batch gets a shorter one the next time, one under a short batch the same", async () => {
  const { client, seen } = await clientOf((body, requests) =>
    body.length > 2_000_000 ? "reset" : answered(body, requests),
  );
  const calls = callsOf(Array(8).fill(600_000));
  await expect(client.batch(calls)).rejects.toThrow(EngineUnavailableError);
  expect(await client.batch(calls)).toHaveLength(8);
  expect(seen.map((requests) => requests.length)).toEqual([8, 3, 3, 2]);

  const away = await clientOf(() => "reset");
  await expect(away.client.batch(callsOf([100, 100, 100]))).rejects.toThrow(EngineUnavailableError);
  await expect(away.client.batch(callsOf([100, 100, 100]))).rejects.toThrow(EngineUnavailableError);
  expect(away.seen.at(-1)).toHaveLength(3);
});

test("other refusals of a batch are errors", async () => {
  const { client, seen } = await clientOf(() => ({ text: refusal(-32601) }));
  await expect(client.batch(callsOf([1, 1]))).rejects.toMatchObject({ rpcCode: -32601 });
  expect(seen).toHaveLength(1);
  const single = await clientOf((_, [request]) => ({ text: JSON.stringify(lengthOf(request)) }));
  await expect(single.client.batch(callsOf([1, 1]))).rejects.toThrow(EngineProtocolError);
});
