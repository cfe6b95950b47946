import { QkcError } from "../../codec/errors.ts";
import { ENGINE_ERROR, EngineError } from "../engine-error.ts";
import type { RpcMethod, RpcMethods } from "../server/rpc-method.ts";

/** Requests in one batch: as many as geth takes. */
const MOST_BATCH_REQUESTS = 1000;

export interface RpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

type RequestId = string | number | null;
type Response =
  | { readonly jsonrpc: "2.0"; readonly id: RequestId; readonly result: unknown }
  | { readonly jsonrpc: "2.0"; readonly id: RequestId; readonly error: RpcErrorObject };

/** Told of every error that is not the caller's: of a defect he learns only that there was one. */
export type InternalErrorListener = (error: unknown, method: string) => void;

/** JSON-RPC 2.0 over a set of methods, without the transport. */
export class RpcDispatcher {
  readonly #methods: ReadonlyMap<string, RpcMethod>;
  readonly #onInternalError: InternalErrorListener;
  /** Settles when the ordered calls so far are done. */
  #ordered: Promise<unknown> = Promise.resolve();

  constructor(methods: RpcMethods, onInternalError: InternalErrorListener) {
    this.#methods = new Map(Object.entries(methods));
    this.#onInternalError = onInternalError;
  }

  /** Answers a request body; undefined where it holds nothing but notifications. */
  async answer(body: string): Promise<Response | readonly Response[] | undefined> {
    let request: unknown;
    try {
      request = JSON.parse(body);
    } catch {
      return errorResponse(null, ENGINE_ERROR.parse, "the request is not JSON");
    }
    return Array.isArray(request) ? this.#answerBatch(request) : this.#answerOne(request);
  }

  /** One after the other, so that later requests of a batch see what earlier ones did. */
  async #answerBatch(requests: readonly unknown[]): Promise<Response | readonly Response[] | undefined> {
    if (requests.length === 0) return errorResponse(null, ENGINE_ERROR.invalidRequest, "an empty batch");
    if (requests.length > MOST_BATCH_REQUESTS) {
      const message = `a batch of ${requests.length} requests, at most ${MOST_BATCH_REQUESTS} are taken`;
      return errorResponse(null, ENGINE_ERROR.tooLargeRequest, message);
    }
    const responses: Response[] = [];
    for (const request of requests) {
      const response = await this.#answerOne(request);
      if (response !== undefined) responses.push(response);
    }
    return responses.length === 0 ? undefined : responses;
  }

  async #answerOne(request: unknown): Promise<Response | undefined> {
    if (!isRequest(request)) return errorResponse(null, ENGINE_ERROR.invalidRequest, "not a JSON-RPC 2.0 request");
    const { id, method, params = [] } = request;
    const response = await this.#call(id ?? null, method, params);
    return id === undefined ? undefined : response;
  }

  async #call(id: RequestId, name: string, params: unknown): Promise<Response> {
    const method = this.#methods.get(name);
    if (method === undefined) {
      return errorResponse(id, ENGINE_ERROR.methodNotFound, `the method ${name.slice(0, 100)} does not exist`);
    }
    if (!Array.isArray(params)) {
      return errorResponse(id, ENGINE_ERROR.invalidParams, "params: have to be an array");
    }
    try {
      const result = await (method.isOrdered ? this.#inOrder(() => method.call(params)) : method.call(params));
      return { jsonrpc: "2.0", id, result };
    } catch (error) {
      return { jsonrpc: "2.0", id, error: this.#errorObject(error, name) };
    }
  }

  #inOrder<T>(call: () => Promise<T>): Promise<T> {
    const answer = this.#ordered.then(call);
    this.#ordered = answer.catch(() => {});
    return answer;
  }

  #errorObject(error: unknown, method: string): RpcErrorObject {
    if (error instanceof EngineError) {
      const { rpcCode: code, message, data } = error;
      return data === undefined ? { code, message } : { code, message, data };
    }
    this.#onInternalError(error, method);
    if (error instanceof QkcError && error.code !== "INTERNAL") {
      return { code: ENGINE_ERROR.server, message: "server error", data: { err: error.message } };
    }
    return { code: ENGINE_ERROR.internal, message: "internal error" };
  }
}

interface Request {
  /** Undefined: a notification, which is not answered. */
  readonly id: RequestId | undefined;
  readonly method: string;
  readonly params?: unknown;
}

function isRequest(value: unknown): value is Request {
  if (typeof value !== "object" || value === null) return false;
  const { jsonrpc, id, method } = value as Record<string, unknown>;
  const idIsValid = id === undefined || id === null || typeof id === "string" || typeof id === "number";
  return jsonrpc === "2.0" && typeof method === "string" && idIsValid;
}

export function errorResponse(id: RequestId, code: number, message: string): Response {
  return { jsonrpc: "2.0", id, error: { code, message } };
}
