import { QkcError } from "../../codec/errors.ts";
import { ENGINE_ERROR, EngineError } from "../engine-error.ts";
import { type Caller, CallerGone, PATIENT_CALLER } from "./caller.ts";
import { numberIdTexts } from "./request-ids.ts";
import type { RpcMethod, RpcMethods } from "./rpc-method.ts";
import { Turns } from "./turns.ts";

/** Requests in one batch: as many as geth takes. */
const MOST_BATCH_REQUESTS = 1000;

interface RpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** Told of every error that is not the caller's: of a defect he learns only that there was one. */
export type InternalErrorListener = (error: unknown, method: string) => void;

export interface RpcDispatcherOptions {
  readonly onInternalError: InternalErrorListener;
  /** Longest answer in characters, a batch's in all: what does not fit is answered with an error. */
  readonly maxAnswerLength: number;
}

/** JSON-RPC 2.0 over a set of methods, without the transport. */
export class RpcDispatcher {
  readonly #methods: ReadonlyMap<string, RpcMethod>;
  readonly #options: RpcDispatcherOptions;
  /** Settles when the ordered calls so far are done. */
  #ordered: Promise<unknown> = Promise.resolve();

  constructor(methods: RpcMethods, options: RpcDispatcherOptions) {
    this.#methods = new Map(Object.entries(methods));
    this.#options = options;
  }

  /** The answer to a request body as JSON; undefined where it holds nothing but notifications, or the caller is gone. */
  async answer(body: string, caller: Caller = PATIENT_CALLER): Promise<string | undefined> {
    let request: unknown;
    try {
      request = JSON.parse(body);
    } catch {
      return errorText("null", ENGINE_ERROR.parse, "the request is not JSON");
    }
    const ids = numberIdTexts(body);
    if (Array.isArray(request)) return this.#answerBatch(request, ids, caller);
    return this.#answerOne(request, ids?.get(0), caller, new AnswerRoom(this.#options.maxAnswerLength));
  }

  /** One after the other, so that later requests of a batch see what earlier ones did. */
  async #answerBatch(
    requests: readonly unknown[],
    ids: ReadonlyMap<number, string> | undefined,
    caller: Caller,
  ): Promise<string | undefined> {
    if (requests.length === 0) return errorText("null", ENGINE_ERROR.invalidRequest, "an empty batch");
    if (requests.length > MOST_BATCH_REQUESTS) {
      const message = `a batch of ${requests.length} requests, at most ${MOST_BATCH_REQUESTS} are taken`;
      return errorText("null", ENGINE_ERROR.tooLargeRequest, message);
    }
    const answers: string[] = [];
    const room = new AnswerRoom(this.#options.maxAnswerLength);
    const turns = new Turns();
    for (const [index, request] of requests.entries()) {
      const answer = await this.#answerOne(request, ids?.get(index), caller, room);
      if (isGone(caller)) return undefined;
      if (answer !== undefined) answers.push(answer);
      await turns.pause();
    }
    return answers.length === 0 ? undefined : `[${answers.join(",")}]`;
  }

  async #answerOne(
    request: unknown,
    numberIdText: string | undefined,
    caller: Caller,
    room: AnswerRoom,
  ): Promise<string | undefined> {
    if (!isRequest(request)) return errorText("null", ENGINE_ERROR.invalidRequest, "not a JSON-RPC 2.0 request");
    const { id, method, params = [] } = request;
    const idText = typeof id === "number" && numberIdText !== undefined ? numberIdText : JSON.stringify(id ?? null);
    const answer = await this.#call(idText, method, params, caller, room);
    return id === undefined ? undefined : answer;
  }

  async #call(idText: string, name: string, params: unknown, caller: Caller, room: AnswerRoom): Promise<string> {
    const method = this.#methods.get(name);
    if (method === undefined) {
      return errorText(idText, ENGINE_ERROR.methodNotFound, `the method ${name.slice(0, 100)} does not exist`);
    }
    if (!Array.isArray(params)) {
      return errorText(idText, ENGINE_ERROR.invalidParams, "params: have to be an array");
    }
    if (room.isFull) return errorText(idText, ENGINE_ERROR.responseTooLarge, TOO_LONG);
    try {
      const result = await this.#run(method, params, caller);
      const text = `{"jsonrpc":"2.0","id":${idText},"result":${textOf(result)}}`;
      return room.take(text) ? text : errorText(idText, ENGINE_ERROR.responseTooLarge, TOO_LONG);
    } catch (error) {
      if (error instanceof CallerGone) return errorText(idText, ENGINE_ERROR.server, error.message);
      const object = this.#errorObject(error, name);
      const text = errorObjectText(idText, object);
      return room.take(text) ? text : errorText(idText, object.code, object.message.slice(0, MOST_MESSAGE));
    }
  }

  async #run(method: RpcMethod, params: readonly unknown[], caller: Caller): Promise<unknown> {
    if (method.isOrdered) return this.#inOrder(() => method.call(params, caller));
    caller.signal.throwIfAborted();
    return method.call(params, caller);
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
    this.#options.onInternalError(error, method);
    if (error instanceof QkcError && error.code !== "INTERNAL") {
      return { code: ENGINE_ERROR.server, message: "server error", data: { err: error.message } };
    }
    return { code: ENGINE_ERROR.internal, message: "internal error" };
  }
}

/** Characters that are left for an answer. Once something had no place in it, it is full: the rest is not worked on. */
class AnswerRoom {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get isFull(): boolean {
    return this.#left <= 0;
  }

  take(text: string): boolean {
    const fits = text.length <= this.#left;
    this.#left = fits ? this.#left - text.length - 1 : 0;
    return fits;
  }
}

const TOO_LONG = "response too large: ask for less at a time";
/** Characters of a message that stand where the data of its error have no room. */
const MOST_MESSAGE = 200;

interface Request {
  /** Undefined: a notification, which is not answered. */
  readonly id: string | number | null | undefined;
  readonly method: string;
  readonly params?: unknown;
}

function isRequest(value: unknown): value is Request {
  if (typeof value !== "object" || value === null) return false;
  const { jsonrpc, id, method } = value as Record<string, unknown>;
  const idIsValid = id === undefined || id === null || typeof id === "string" || typeof id === "number";
  return jsonrpc === "2.0" && typeof method === "string" && idIsValid;
}

function isGone({ signal }: Caller): boolean {
  return signal.aborted && signal.reason instanceof CallerGone;
}

function textOf(result: unknown): string {
  try {
    return JSON.stringify(result) ?? "null";
  } catch (error) {
    // What is longer than a text may be.
    if (!(error instanceof RangeError)) throw error;
    throw new EngineError(ENGINE_ERROR.responseTooLarge, TOO_LONG, { cause: error });
  }
}

/** An answer that says what was wrong. `idText`: JSON of the request's id, null where it is not known. */
export function errorText(idText: string, code: number, message: string): string {
  return errorObjectText(idText, { code, message });
}

function errorObjectText(idText: string, error: RpcErrorObject): string {
  return `{"jsonrpc":"2.0","id":${idText},"error":${JSON.stringify(error)}}`;
}
