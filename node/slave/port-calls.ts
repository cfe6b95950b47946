import type { MessagePort, Worker } from "node:worker_threads";
import { QkcError, reasonOf } from "../codec/errors.ts";
import { LinkError, type LinkFault } from "../net/link-error.ts";

/** The end of a thread that starts another one, or that of the one that was started. */
export type Port = Worker | MessagePort;

type Message =
  | { readonly type: "call"; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly type: "result"; readonly id: number; readonly result: unknown }
  | { readonly type: "failure"; readonly id: number; readonly failure: Failure };

interface Failure {
  readonly code: QkcError["code"];
  readonly message: string;
  readonly fault: LinkFault | undefined;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(reason: unknown): void;
}

/** Methods that all answer with promises. */
type Methods<T> = { readonly [K in keyof T]: (...args: never[]) => Promise<unknown> };

type LocalMethods = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;

/**
 * Calls of methods between two threads, both ways at once: calls begin in the order in which they are made, and are answered
 * in any.
 */
export class PortCalls<Remote extends Methods<Remote>> {
  /** The other thread's object: every method posts a message. */
  readonly remote: Remote;
  readonly #port: Port;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #ended: Error | undefined;

  constructor(port: Port) {
    this.#port = port;
    const call = (method: string, args: readonly unknown[]) => this.#call(method, args);
    // `then` is asked for wherever a promise resolves to this object.
    const get = (_: object, method: string | symbol) =>
      method === "then" ? undefined : (...args: readonly unknown[]) => call(String(method), args);
    this.remote = new Proxy({}, { get }) as Remote;
  }

  /** Messages are received from here on; `local` is what the other thread may call. */
  answer<Local extends Methods<Local>>(local: Local): void {
    const methods = local as unknown as LocalMethods;
    this.#port.on("message", (message: Message) => this.#receive(message, methods));
  }

  /** The other thread is gone: whoever waits for it is told. */
  end(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  #call(method: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#post({ type: "call", id, method, args: args.map(compact) });
    });
  }

  #receive(message: Message, methods: LocalMethods): void {
    if (message.type === "call") {
      void this.#run(message, methods);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === "result") waiting?.resolve(message.result);
    else waiting?.reject(errorOf(message.failure));
  }

  async #run({ id, method, args }: Message & { readonly type: "call" }, methods: LocalMethods): Promise<void> {
    try {
      this.#post({ type: "result", id, result: compact(await methods[method](...args)) });
    } catch (error) {
      this.#post({ type: "failure", id, failure: failureOf(error) });
    }
  }

  #post(message: Message): void {
    if (this.#ended === undefined) this.#port.postMessage(message);
  }
}

/** A view of a larger buffer crosses with all of that buffer. */
function compact(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return value.byteLength === value.buffer.byteLength && value.constructor === Uint8Array
      ? value
      : Uint8Array.prototype.slice.call(value);
  }
  if (Array.isArray(value)) return value.map(compact);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, compact(field)]));
}

function failureOf(error: unknown): Failure {
  return {
    code: error instanceof QkcError ? error.code : "INTERNAL",
    message: reasonOf(error),
    fault: error instanceof LinkError ? error.fault : undefined,
  };
}

function errorOf({ code, message, fault }: Failure): QkcError {
  return fault === undefined ? new QkcError(code, message) : new LinkError(fault, message);
}
