import { type AddressInfo, isIP } from "node:net";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { ConfigError } from "../../codec/errors.ts";
import { ENGINE_ERROR } from "../engine-error.ts";
import { errorResponse, type InternalErrorListener, RpcDispatcher } from "../json-rpc/json-rpc.ts";
import { type Authenticate, UnauthorizedError } from "../json-rpc/jwt.ts";
import type { RpcMethods } from "./rpc-method.ts";

const DEFAULT_BODY_BYTES = 32 * 1024 * 1024;
const LOOPBACK = "127.0.0.1";
/** Who takes longer to send a request is cut off. */
const SLOWEST_REQUEST_MS = 60_000;

export interface RpcServerOptions {
  readonly methods: RpcMethods;
  /** Absent: everybody who reaches the port may call. */
  readonly authenticate?: Authenticate;
  /** Default: loopback. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Largest request; default 32 MiB. */
  readonly maxBodyBytes?: number;
  /** Names under which browsers and others may reach the server besides addresses; "*" is any. Default: localhost. */
  readonly vhosts?: readonly string[];
  readonly onInternalError?: InternalErrorListener;
}

export interface RpcServer {
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, finishes those under way, and resolves when the port is free. */
  close(): Promise<void>;
}

/** Serves methods as JSON-RPC 2.0 by HTTP POST on /. Throws ConfigError where the port cannot be had. */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { host = LOOPBACK, port, authenticate } = options;
  const dispatcher = new RpcDispatcher(options.methods, options.onInternalError ?? (() => {}));
  const server = fastify({
    bodyLimit: options.maxBodyBytes ?? DEFAULT_BODY_BYTES,
    forceCloseConnections: "idle",
    requestTimeout: SLOWEST_REQUEST_MS,
  });
  readBodiesAsText(server);
  const vhosts = new Set((options.vhosts ?? ["localhost"]).map((name) => name.toLowerCase()));
  server.addHook("onRequest", async (request, reply) => {
    if (!isKnownHost(request.headers.host, vhosts)) return reply.code(403).type(TEXT).send("invalid host specified");
    return authenticate === undefined ? undefined : refuseStrangers(request, reply, authenticate);
  });
  server.setErrorHandler(answerTransportError);
  server.post("/", async (request, reply) => {
    const answer = await dispatcher.answer(request.body as string);
    if (answer === undefined) return reply.code(204).send();
    return reply.type(JSON_TYPE).send(JSON.stringify(answer));
  });
  server.get("/", (_request, reply) => reply.code(405).header("allow", "POST").type(TEXT).send("POST only"));
  await listen(server, host, port);
  const { port: bound } = server.server.address() as AddressInfo;
  const shownHost = isIP(host) === 6 ? `[${host}]` : host;
  return { url: `http://${shownHost}:${bound}`, port: bound, close: () => server.close() };
}

const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json";

/** The dispatcher parses: what is no JSON has to be answered as JSON-RPC says. Other media types get 415. */
function readBodiesAsText(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(JSON_TYPE, { parseAs: "string" }, (_request, body, done) => done(null, body));
}

async function refuseStrangers(request: FastifyRequest, reply: FastifyReply, authenticate: Authenticate) {
  try {
    await authenticate(request.headers.authorization);
    return undefined;
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    return reply.code(401).type(TEXT).send(error.message);
  }
}

/**
 * Like geth's --http.vhosts: a page that made its own name point here (DNS rebinding) says that name in the Host header,
 * so only known names and plain addresses are served.
 */
function isKnownHost(host: string | undefined, vhosts: ReadonlySet<string>): boolean {
  if (host === undefined || vhosts.has("*")) return true;
  const name = host.replace(/:\d*$/, "").toLowerCase();
  return isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0 || vhosts.has(name);
}

/** What Fastify refuses before a method is known. */
function answerTransportError(error: FastifyError, _request: FastifyRequest, reply: FastifyReply) {
  const status = error.statusCode ?? 500;
  if (status === 413) {
    return reply.code(status).send(errorResponse(null, ENGINE_ERROR.tooLargeRequest, "the request is too large"));
  }
  return reply
    .code(status)
    .type(TEXT)
    .send(status < 500 ? error.message : "internal error");
}

async function listen(server: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw new ConfigError(`cannot listen on ${host}:${port}: ${(error as Error).message}`, { cause: error });
  }
}
