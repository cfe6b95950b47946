import { z } from "zod";
import { ENGINE_ERROR, EngineError, isTooLarge } from "../engine-error.ts";
import { EngineProtocolError, EngineUnavailableError } from "./engine-failures.ts";
import type { HttpTransport } from "./http-transport.ts";

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly timeoutMs: number;
}

/** What one call of a batch came to. */
export type RpcAnswer = { readonly result: unknown } | { readonly error: EngineError };

interface Request {
  readonly id: number;
  readonly method: string;
  readonly timeoutMs: number;
  /** JSON. */
  readonly text: string;
}

/** go-ethereum's code for a batch with too many requests, and what others call a limit. */
const BATCH_REFUSALS: ReadonlySet<number> = new Set([ENGINE_ERROR.invalidRequest, ENGINE_ERROR.limitExceeded]);

const responseSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.number(), z.string(), z.null()]),
  result: z.unknown().optional(),
  error: z.object({ code: z.number().int(), message: z.string(), data: z.unknown().optional() }).optional(),
});
type RpcResponse = z.output<typeof responseSchema>;

/** A connection that broke with a batch of up to this length on it is no sign that the batch was too long. */
const NEVER_TOO_LONG = 1024 * 1024;

/** JSON-RPC 2.0 over HTTP. Besides what the transport throws: EngineError, EngineProtocolError. */
export class RpcClient {
  readonly #transport: HttpTransport;
  #lastId = 0;
  /** Characters of a batch that the other side has not refused yet. */
  #mostInBatch = Number.POSITIVE_INFINITY;

  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  async call(call: RpcCall): Promise<unknown> {
    const answer = await this.#ask(this.#requestOf(call));
    if ("error" in answer) throw answer.error;
    return answer.result;
  }

  /**
   * All calls, answered in the same order. They go in one request, or in as few as the other side takes: one that is
   * refused as a whole, or whose answer stops before its end, is halved. A call that is refused alone gets that answer.
   */
  async batch(calls: readonly RpcCall[]): Promise<readonly RpcAnswer[]> {
    const requests = calls.map((call) => this.#requestOf(call));
    const answers: RpcAnswer[] = [];
    while (answers.length < requests.length) {
      const piece = this.#pieceOf(requests, answers.length);
      answers.push(...(piece.length === 1 ? [await this.#askAlone(piece[0])] : await this.#askTogether(piece)));
    }
    return answers;
  }

  #requestOf({ method, params, timeoutMs }: RpcCall): Request {
    const id = ++this.#lastId;
    return { id, method, timeoutMs, text: JSON.stringify({ jsonrpc: "2.0", id, method, params }) };
  }

  /** As many requests as go into a batch, at least one. */
  #pieceOf(requests: readonly Request[], from: number): readonly Request[] {
    let length = requests[from].text.length;
    let end = from + 1;
    for (; end < requests.length; end++) {
      length += requests[end].text.length;
      if (length > this.#mostInBatch) break;
    }
    return requests.slice(from, end);
  }

  async #ask({ id, method, text, timeoutMs }: Request): Promise<RpcAnswer> {
    return answerOf(this.#responseOf(this.#parse(await this.#transport.post(text, timeoutMs)), method), id, method);
  }

  async #askAlone(request: Request): Promise<RpcAnswer> {
    try {
      return await this.#ask(request);
    } catch (error) {
      if (error instanceof EngineError) return { error };
      throw error;
    }
  }

  /** Answers to the first of several requests; none where there have to be fewer at a time. */
  async #askTogether(requests: readonly Request[]): Promise<readonly RpcAnswer[]> {
    const length = requests.reduce((sum, { text }) => sum + text.length, 0);
    try {
      const answers = await this.#postTogether(requests);
      const cut = answers.findIndex((answer) => "error" in answer && isTooLarge(answer.error));
      if (cut < 0) return answers;
      this.#mostInBatch = Math.floor(length / 2);
      return answers.slice(0, cut);
    } catch (error) {
      if (isTooLarge(error)) {
        this.#mostInBatch = Math.floor(length / 2);
        return [];
      }
      // Servers close the connection on what is too long, and their answer can get lost with it.
      if (isBroken(error)) this.#mostInBatch = Math.min(this.#mostInBatch, Math.max(NEVER_TOO_LONG, length / 2));
      throw error;
    }
  }

  async #postTogether(requests: readonly Request[]): Promise<readonly RpcAnswer[]> {
    const timeoutMs = requests.reduce((sum, request) => sum + request.timeoutMs, 0);
    const body = `[${requests.map(({ text }) => text).join(",")}]`;
    const parsed = this.#parse(await this.#transport.post(body, timeoutMs));
    if (!Array.isArray(parsed)) throw this.#refusedBatch(parsed);
    const byId = new Map(parsed.map((item) => this.#responseOf(item, "a batch")).map((one) => [one.id, one]));
    return requests.map(({ id, method }) => {
      const response = byId.get(id);
      if (response === undefined) throw this.#garbage(`a batch without an answer to ${method}`);
      return answerOf(response, id, method);
    });
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw this.#garbage(`what is not JSON: ${text.slice(0, 100)}`, error);
    }
  }

  #responseOf(value: unknown, method: string): RpcResponse {
    const parsed = responseSchema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw this.#garbage(`${method} with what is no JSON-RPC response`, parsed.error);
  }

  #refusedBatch(value: unknown): Error {
    const { error } = this.#responseOf(value, "a batch");
    if (error === undefined) return this.#garbage("a batch with one result");
    const refusal = engineErrorOf(error, "a batch");
    // The requests are well-formed: it is their number or their length that is refused.
    return BATCH_REFUSALS.has(refusal.rpcCode)
      ? new EngineError(ENGINE_ERROR.tooLargeRequest, refusal.message)
      : refusal;
  }

  #garbage(what: string, cause?: unknown): EngineProtocolError {
    return new EngineProtocolError(`${this.#transport.url} answers ${what}`, { cause });
  }
}

function answerOf(response: RpcResponse, id: number, method: string): RpcAnswer {
  const { error } = response;
  // Who could not read the request could not read its id either.
  if (error !== undefined && (response.id === id || response.id === null)) {
    return { error: engineErrorOf(error, method) };
  }
  if (response.id !== id)
    throw new EngineProtocolError(`the answer to ${method} is for request ${response.id}, not ${id}`);
  if (response.result === undefined) throw new EngineProtocolError(`the answer to ${method} has no result`);
  return { result: response.result };
}

function isBroken(error: unknown): boolean {
  if (!(error instanceof EngineUnavailableError)) return false;
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return code === "ECONNRESET" || code === "EPIPE";
}

function engineErrorOf(error: NonNullable<RpcResponse["error"]>, method: string): EngineError {
  const detail = z.object({ err: z.string() }).safeParse(error.data);
  const message = `${method}: ${error.message}${detail.success ? `: ${detail.data.err}` : ""} (${error.code})`;
  return new EngineError(error.code, message);
}
