import { z } from "zod";
import { EngineError } from "../engine-error.ts";
import { EngineProtocolError } from "./engine-failures.ts";
import type { HttpTransport } from "./http-transport.ts";

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly timeoutMs: number;
}

/** What one call of a batch came to. */
export type RpcAnswer = { readonly result: unknown } | { readonly error: EngineError };

const responseSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.number(), z.string(), z.null()]),
  result: z.unknown().optional(),
  error: z.object({ code: z.number().int(), message: z.string(), data: z.unknown().optional() }).optional(),
});
type RpcResponse = z.output<typeof responseSchema>;

/** JSON-RPC 2.0 over HTTP. Besides what the transport throws: EngineError, EngineProtocolError. */
export class RpcClient {
  readonly #transport: HttpTransport;
  #lastId = 0;

  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  async call({ method, params, timeoutMs }: RpcCall): Promise<unknown> {
    const id = ++this.#lastId;
    const text = await this.#transport.post(JSON.stringify({ jsonrpc: "2.0", id, method, params }), timeoutMs);
    const answer = answerOf(this.#responseOf(this.#parse(text), method), id, method);
    if ("error" in answer) throw answer.error;
    return answer.result;
  }

  /** All calls in one request, answered in the same order. Throws EngineError where the batch as a whole is refused. */
  async batch(calls: readonly RpcCall[]): Promise<readonly RpcAnswer[]> {
    const firstId = this.#lastId + 1;
    this.#lastId += calls.length;
    const requests = calls.map(({ method, params }, index) => ({
      jsonrpc: "2.0",
      id: firstId + index,
      method,
      params,
    }));
    const timeoutMs = calls.reduce((sum, call) => sum + call.timeoutMs, 0);
    const parsed = this.#parse(await this.#transport.post(JSON.stringify(requests), timeoutMs));
    if (!Array.isArray(parsed)) throw this.#refusedBatch(parsed);
    const byId = new Map(parsed.map((item) => this.#responseOf(item, "a batch")).map((one) => [one.id, one]));
    return calls.map(({ method }, index) => {
      const response = byId.get(firstId + index);
      if (response === undefined) throw this.#garbage(`a batch without an answer to ${method}`);
      return answerOf(response, firstId + index, method);
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
    return error === undefined ? this.#garbage("a batch with one result") : engineErrorOf(error, "a batch");
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

function engineErrorOf(error: NonNullable<RpcResponse["error"]>, method: string): EngineError {
  const detail = z.object({ err: z.string() }).safeParse(error.data);
  const message = `${method}: ${error.message}${detail.success ? `: ${detail.data.err}` : ""} (${error.code})`;
  return new EngineError(error.code, message);
}
