import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError } from "../../codec/errors.ts";
import { ENGINE_ERROR, EngineError } from "../engine-error.ts";
import { type InternalErrorListener, RpcDispatcher } from "../json-rpc/json-rpc.ts";
import type { Authenticate } from "../json-rpc/jwt.ts";
import type { RpcMethods } from "../json-rpc/rpc-method.ts";
import { HeldBytes } from "./held-bytes.ts";
import { type ExchangeOptions, RpcExchange } from "./rpc-exchange.ts";

/** What callers of a port may ask of it. */
export interface RpcLimits {
  /** Largest request. */
  readonly maxBodyBytes: number;
  /** Longest answer, a batch's in all: the rest is answered with errors. */
  readonly maxAnswerBytes: number;
  /** Over all requests at a time: their bodies, then their answers until they are sent. */
  readonly maxHeldBytes: number;
  /** What a request may take of the methods that may be given up: others in the same batch are answered with errors. */
  readonly timeLimitMs: number;
}

const MIB = 1024 * 1024;

/** Of a port that everybody may use: a body and an answer as in go-ethereum (node/defaults.go, rpc/http.go). */
export const OPEN_PORT_LIMITS: RpcLimits = {
  maxBodyBytes: 5 * MIB,
  maxAnswerBytes: 25 * MIB,
  maxHeldBytes: 128 * MIB,
  timeLimitMs: 30_000,
};

/** Of a port for those who have the secret: batches of blocks, traces of blocks (http-transport.ts reads 128 MiB). */
const ENGINE_PORT_LIMITS: RpcLimits = {
  maxBodyBytes: 32 * MIB,
  maxAnswerBytes: 100 * MIB,
  maxHeldBytes: 512 * MIB,
  timeLimitMs: 30_000,
};

const LOOPBACK = "127.0.0.1";
const MOST_CONNECTIONS = 1000;
/** Who takes longer to send a request is cut off. */
const SLOWEST_REQUEST_MS = 60_000;
const IDLE_CONNECTION_MS = 72_000;
/** What may be left to send when the port is closed has so long. */
const LAST_ANSWERS_MS = 2000;

export interface RpcServerOptions extends Partial<RpcLimits> {
  readonly methods: RpcMethods;
  /** Absent: everybody who reaches the port may call. */
  readonly authenticate?: Authenticate;
  /** Default: loopback. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Names under which browsers and others may reach the server besides addresses; "*" is any. Default: localhost. */
  readonly vhosts?: readonly string[];
  /** Of its callers, see Caller. Default: "engine". */
  readonly lane?: string;
  readonly onInternalError?: InternalErrorListener;
}

export interface RpcServer {
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, finishes ordered calls, gives up others, and resolves when the port is free. */
  close(): Promise<void>;
}

/** Serves methods as JSON-RPC 2.0 by HTTP POST on /. Throws ConfigError where the port cannot be had. */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { host = LOOPBACK, port, onInternalError = () => {} } = options;
  const exchanges = new Exchanges(exchangeOptions(options, onInternalError), onInternalError);
  const server = createServer(
    { requestTimeout: SLOWEST_REQUEST_MS, keepAliveTimeout: IDLE_CONNECTION_MS, connectionsCheckingInterval: 5000 },
    (request, response) => exchanges.begin(request, response),
  );
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  const shownHost = isIP(host) === 6 ? `[${host}]` : host;
  return { url: `http://${shownHost}:${bound}`, port: bound, close: () => close(server, exchanges) };
}

function exchangeOptions(options: RpcServerOptions, onInternalError: InternalErrorListener): ExchangeOptions {
  const { methods, authenticate, vhosts = ["localhost"], lane = "engine", ...limits } = options;
  const { maxBodyBytes, maxAnswerBytes, maxHeldBytes, timeLimitMs } = { ...ENGINE_PORT_LIMITS, ...limits };
  return {
    dispatcher: new RpcDispatcher(methods, { onInternalError, maxAnswerLength: maxAnswerBytes }),
    authenticate,
    vhosts: new Set(vhosts.map((name) => name.toLowerCase())),
    maxBodyBytes,
    timeLimitMs,
    held: new HeldBytes(maxHeldBytes),
    lane,
  };
}

/** Requests that are not answered yet. */
class Exchanges {
  readonly #options: ExchangeOptions;
  readonly #onInternalError: InternalErrorListener;
  readonly #open = new Map<RpcExchange, Promise<void>>();
  #isClosing = false;

  constructor(options: ExchangeOptions, onInternalError: InternalErrorListener) {
    this.#options = options;
    this.#onInternalError = onInternalError;
  }

  begin(request: IncomingMessage, response: ServerResponse): void {
    // A connection that was kept can bring another request when the port is closed already.
    if (this.#isClosing) {
      request.socket.destroy();
      return;
    }
    const exchange = new RpcExchange(this.#options, request, response);
    const served = exchange.serve().catch((error) => {
      this.#onInternalError(error, "a request");
      request.socket.destroy();
    });
    this.#open.set(exchange, served);
    void served.then(() => this.#open.delete(exchange));
  }

  /** Fulfilled when every answer is on its way. */
  async end(): Promise<void> {
    this.#isClosing = true;
    const reason = new EngineError(ENGINE_ERROR.server, "the engine is being stopped");
    for (const exchange of this.#open.keys()) exchange.stop(reason);
    await Promise.all(this.#open.values());
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, resolve);
    });
  } catch (error) {
    throw new ConfigError(`cannot listen on ${host}:${port}: ${(error as Error).message}`, { cause: error });
  }
}

async function close(server: Server, exchanges: Exchanges): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  await exchanges.end();
  server.closeIdleConnections();
  await Promise.race([closed, sleep(LAST_ANSWERS_MS, undefined, { ref: false })]);
  server.closeAllConnections();
  await closed;
}
