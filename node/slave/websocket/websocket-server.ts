import { type WebSocket, WebSocketServer } from "ws";
import { UsageError } from "../../codec/errors.ts";
import type { Subscriber, SubscriptionHub } from "./subscription-hub.ts";

export interface WebsocketOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface WebsocketListener {
  readonly port: number;
  /** Ends all clients. */
  close(): void;
}

/** Of a message; a subscription is far shorter. */
const MOST_MESSAGE_BYTES = 1024 * 1024;
const MOST_CLIENTS = 10_000;
/** RFC 6455: a server that is going away, a client that broke a rule. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

/** Takes clients of a hub. Throws UsageError where nobody can listen there. */
export async function listenForSubscribers(
  hub: SubscriptionHub,
  { host, port }: WebsocketOptions,
): Promise<WebsocketListener> {
  const server = new WebSocketServer({ host, port, maxPayload: MOST_MESSAGE_BYTES });
  server.on("connection", (socket) => {
    if (server.clients.size > MOST_CLIENTS) socket.terminate();
    else serve(hub, socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (error) =>
      reject(new UsageError(`websockets cannot be served on ${host}:${port}: ${error.message}`)),
    );
  });
  // What a client does wrong ends the client alone.
  server.on("error", () => {});
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () => {
      for (const socket of server.clients) socket.close(GOING_AWAY);
      server.close();
    },
  };
}

function serve(hub: SubscriptionHub, socket: WebSocket): void {
  const client: Subscriber = {
    get queuedBytes() {
      return socket.bufferedAmount;
    },
    send: (text) => socket.send(text),
    close: (reason) => {
      socket.close(POLICY_VIOLATION, reason);
      // One that does not read will not answer either.
      if (socket.bufferedAmount > 0) socket.terminate();
    },
  };
  socket.on("message", (data) => hub.receive(client, String(data)));
  socket.on("close", () => hub.left(client));
  // "close" follows.
  socket.on("error", () => {});
}
