import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { ENGINE_ERROR, EngineError } from "../engine-error.ts";
import { type Caller, CallerGone } from "../json-rpc/caller.ts";
import { errorText, type RpcDispatcher } from "../json-rpc/json-rpc.ts";
import { type Authenticate, UnauthorizedError } from "../json-rpc/jwt.ts";
import type { HeldBytes, Hold } from "./held-bytes.ts";
import { readBody } from "./request-body.ts";

export interface ExchangeOptions {
  readonly dispatcher: RpcDispatcher;
  readonly authenticate: Authenticate | undefined;
  /** Lower case; "*" is any. */
  readonly vhosts: ReadonlySet<string>;
  readonly maxBodyBytes: number;
  /** See RpcServerOptions. */
  readonly timeLimitMs: number;
  readonly held: HeldBytes;
  readonly lane: string;
}

/** Who takes longer to read an answer is cut off. */
const SLOWEST_READER_MS = 60_000;
const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json";
/** Those that go-ethereum takes (rpc/http.go). Browsers send none of them to another origin without asking first. */
const JSON_TYPES: ReadonlySet<string> = new Set([JSON_TYPE, "application/json-rpc", "application/jsonrequest"]);

/** One request over HTTP, from its headers to the last byte of its answer. */
export class RpcExchange {
  readonly #options: ExchangeOptions;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #work = new AbortController();
  readonly #hold: Hold;
  #isReading = false;

  constructor(options: ExchangeOptions, request: IncomingMessage, response: ServerResponse) {
    this.#options = options;
    this.#request = request;
    this.#response = response;
    this.#hold = options.held.hold(() => this.#giveWay());
    response.once("close", () => {
      this.#hold.release();
      this.#work.abort(new CallerGone());
    });
  }

  /** Fulfilled when the answer is on its way; never rejects but for a defect. */
  async serve(): Promise<void> {
    const refusal = (await this.#refusedBy()) ?? this.#refusalOfForm();
    if (refusal !== undefined) return this.#send(refusal);
    this.#isReading = true;
    const { signal } = this.#work;
    const body = await readBody(this.#request, { most: this.#options.maxBodyBytes, hold: this.#hold, signal });
    this.#isReading = false;
    if (this.#isOver) return;
    if (body === undefined) return this.#send(TOO_LARGE);
    const answer = await this.#answer(body);
    if (this.#isOver) return;
    this.#send(answer === undefined ? { status: 204 } : { status: 200, type: JSON_TYPE, text: answer });
  }

  /** Ends what is not begun yet, and work that may be given up: it is answered with `reason`. */
  stop(reason: Error): void {
    this.#work.abort(reason);
    if (this.#isReading) this.#request.socket.destroy();
  }

  get #isOver(): boolean {
    return this.#response.headersSent || this.#response.destroyed;
  }

  async #answer(body: string): Promise<string | undefined> {
    const { dispatcher, lane, timeLimitMs } = this.#options;
    const caller: Caller = { lane, signal: this.#work.signal };
    const timer = setTimeout(() => {
      this.#work.abort(new EngineError(ENGINE_ERROR.timeout, `request timed out: it took ${timeLimitMs} ms`));
    }, timeLimitMs);
    try {
      return await dispatcher.answer(body, caller);
    } finally {
      clearTimeout(timer);
    }
  }

  async #refusedBy(): Promise<Refusal | undefined> {
    const { vhosts, authenticate } = this.#options;
    const { host, authorization } = this.#request.headers;
    if (!isKnownHost(host, vhosts)) return plain(403, "invalid host specified");
    if (authenticate === undefined) return undefined;
    try {
      await authenticate(authorization);
      return undefined;
    } catch (error) {
      if (error instanceof UnauthorizedError) return plain(401, error.message);
      throw error;
    }
  }

  #refusalOfForm(): Refusal | undefined {
    const { method, url = "", headers } = this.#request;
    if (url !== "/" && !url.startsWith("/?")) return plain(404, "POST to / only");
    if (method !== "POST") return { ...plain(405, "POST only"), headers: { allow: "POST" } };
    const type = headers["content-type"]?.split(";", 1)[0].trim().toLowerCase();
    if (type === undefined || !JSON_TYPES.has(type)) return plain(415, `${JSON_TYPE} only`);
    return undefined;
  }

  #send({ status, type, text = "", headers = {} }: Refusal): void {
    const bytes = Buffer.from(text, "utf8");
    this.#hold.set(bytes.length);
    if (this.#isOver) return;
    const timer = setTimeout(() => this.#response.destroy(), SLOWEST_READER_MS).unref();
    this.#response.once("close", () => clearTimeout(timer));
    const described = type === undefined ? {} : { "content-type": type, "content-length": bytes.length };
    this.#response.writeHead(status, { ...described, ...headers });
    this.#response.end(bytes);
    // Node reads the rest of a body that nobody wants and keeps none of it.
    if (!this.#request.complete) this.#request.resume();
  }

  /** Others need the room. */
  #giveWay(): void {
    if (this.#isReading && !this.#isOver) {
      this.#isReading = false;
      this.#send({ ...plain(503, "too many requests at a time"), headers: { connection: "close" } });
    } else this.#request.socket.destroy();
  }
}

interface Refusal {
  readonly status: number;
  readonly type?: string;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const TOO_LARGE: Refusal = {
  status: 413,
  type: JSON_TYPE,
  text: errorText("null", ENGINE_ERROR.tooLargeRequest, "the request is too large"),
};

function plain(status: number, text: string): Refusal {
  return { status, type: TEXT, text };
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
