import { reasonOf } from "../codec/errors.ts";
import { WireReader } from "../codec/wire.ts";
import { type Codec, encode } from "../wire/codec.ts";
import type { Command, Rpc } from "../wire/operation.ts";
import { LinkError } from "./link-error.ts";

/** What is done with requests and commands of one kind of link. `Caller` is the link or connection they came by. */
export class Handlers<Caller> {
  readonly #byOp = new Map<number, Handler<Caller>>();

  /**
   * `failed` is the answer to a request whose handler throws, or whose answer cannot be encoded; where it is missing, that
   * closes the caller's link. A request that cannot be decoded always closes it.
   */
  answer<Request, Response>(
    rpc: Rpc<Request, Response>,
    handle: (request: Request, caller: Caller) => Response | Promise<Response>,
    failed?: (error: unknown) => Response,
  ): this {
    return this.answerBytes(
      rpc,
      async (payload, caller) => {
        // No await before the handler: requests begin in the order of their frames.
        const request = decoded(rpc.request, payload, rpc.name);
        return encode(rpc.response, await handle(request, caller));
      },
      failed && ((error) => encode(rpc.response, failed(error))),
    );
  }

  /**
   * As `answer`, for payloads that are decoded elsewhere, in the thread of a shard: `handle` rejects with LinkError
   * "malformed" when they cannot be.
   */
  answerBytes<Request, Response>(
    rpc: Rpc<Request, Response>,
    handle: (payload: Uint8Array, caller: Caller) => Promise<Uint8Array>,
    failed?: (error: unknown) => Uint8Array,
  ): this {
    return this.#add(rpc.op, { kind: "request", name: rpc.name, responseOp: rpc.responseOp, handle, failed });
  }

  /** A handler that throws closes the caller's link. */
  take<Message>(command: Command<Message>, handle: (message: Message, caller: Caller) => void | Promise<void>): this {
    return this.takeBytes(command, async (payload, caller) =>
      handle(decoded(command.message, payload, command.name), caller),
    );
  }

  /** As `take`, for payloads that are decoded elsewhere. */
  takeBytes<Message>(command: Command<Message>, handle: (payload: Uint8Array, caller: Caller) => Promise<void>): this {
    return this.#add(command.op, { kind: "command", name: command.name, handle });
  }

  get(op: number): Handler<Caller> | undefined {
    return this.#byOp.get(op);
  }

  /** These handlers and those; where both know an operation, it is a mistake. */
  with(others: Handlers<Caller>): Handlers<Caller> {
    const both = new Handlers<Caller>();
    for (const { op, handler } of [...this.#entries(), ...others.#entries()]) both.#add(op, handler);
    return both;
  }

  *#entries(): Iterable<{ op: number; handler: Handler<Caller> }> {
    for (const [op, handler] of this.#byOp) yield { op, handler };
  }

  #add(op: number, handler: Handler<Caller>): this {
    if (this.#byOp.has(op)) throw new TypeError(`${handler.name} has two handlers`);
    this.#byOp.set(op, handler);
    return this;
  }
}

export type Handler<Caller> = RequestHandler<Caller> | CommandHandler<Caller>;

interface RequestHandler<Caller> {
  readonly kind: "request";
  readonly name: string;
  readonly responseOp: number;
  readonly handle: (payload: Uint8Array, caller: Caller) => Promise<Uint8Array>;
  readonly failed: ((error: unknown) => Uint8Array) | undefined;
}

interface CommandHandler<Caller> {
  readonly kind: "command";
  readonly name: string;
  readonly handle: (payload: Uint8Array, caller: Caller) => Promise<void>;
}

/** Throws LinkError "malformed": whoever sent this does not speak our language. */
function decoded<T>(codec: Codec<T>, payload: Uint8Array, name: string): T {
  try {
    return codec.read(new WireReader(payload), name);
  } catch (error) {
    throw new LinkError("malformed", `${name} cannot be decoded: ${reasonOf(error)}`, { cause: error });
  }
}
