import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { SubscriptionHub } from "./subscription-hub.ts";
import { listenForSubscribers, type WebsocketListener } from "./websocket-server.ts";

const SHARD = 1;
let listener: WebsocketListener | undefined;
afterEach(() => listener?.close());

async function start(hub: SubscriptionHub): Promise<string> {
  listener = await listenForSubscribers(hub, { host: "127.0.0.1", port: 0 });
  return `ws://127.0.0.1:${listener.port}`;
}

async function connect(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return socket;
}

function nextText(socket: WebSocket): Promise<string> {
  return new Promise((resolve) => socket.once("message", (data) => resolve(String(data))));
}

function closeOf(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once("close", resolve));
}

const SUBSCRIBE = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscribe", params: ["syncing", "0x1"] });

test("a client subscribes, hears, and is forgotten when it leaves", async () => {
  const hub = new SubscriptionHub((fullShardId) => fullShardId === SHARD);
  const socket = await connect(await start(hub));
  socket.send(SUBSCRIBE);
  const { result: id } = JSON.parse(await nextText(socket)) as { readonly result: string };
  const pushed = nextText(socket);
  hub.publish(SHARD, { kind: "syncing", status: undefined });
  expect(await pushed).toBe(
    `{"jsonrpc": "2.0", "method": "subscription", "params": {"subscription": "${id}", "result": {"syncing": false}}}`,
  );
  socket.close();
  await closeOf(socket);
  await expect.poll(() => hub.size).toBe(0);
});

test("a text that is no JSON closes, others go on", async () => {
  const hub = new SubscriptionHub(() => true);
  const url = await start(hub);
  const [bad, good] = [await connect(url), await connect(url)];
  bad.send("{");
  expect(await closeOf(bad)).toBe(1008);
  good.send(SUBSCRIBE);
  expect(await nextText(good)).toContain('"result": "0x');
  good.terminate();
});

test("a message that is too long closes", async () => {
  const socket = await connect(await start(new SubscriptionHub(() => true)));
  socket.on("error", () => {});
  socket.send("x".repeat(2 * 1024 * 1024));
  expect(await closeOf(socket)).toBe(1009);
});

test("a port that is taken is said", async () => {
  await start(new SubscriptionHub(() => true));
  const port = listener?.port ?? 0;
  const second = listenForSubscribers(new SubscriptionHub(() => true), { host: "127.0.0.1", port });
  await expect(second).rejects.toThrow("cannot be served");
});
