import type { Clock, Timer } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";
import { decode, encode } from "../wire/codec.ts";
import type { Frame } from "../wire/frame.ts";
import type { Command, Operation, Rpc } from "../wire/operation.ts";
import type { Handler, Handlers } from "./handlers.ts";
import type { Log } from "./link.ts";
import { LinkError } from "./link-error.ts";

export interface ChannelParts<Caller> {
  /** Whose messages these are, for log lines. */
  readonly name: () => string;
  /** Handed to the handlers. */
  readonly caller: Caller;
  readonly operations: ReadonlyMap<number, Operation>;
  readonly handlers: Handlers<Caller>;
  /** Metadata of our own requests and commands; an answer repeats its request's (O8). */
  readonly branch: number;
  readonly clusterPeerId: bigint;
  readonly limits: ChannelLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** Throws LinkError when the frame cannot be taken; then nothing of it was sent. */
  readonly write: (frame: Frame) => void;
  /** Ends the connection that carries this: it calls `close`. */
  readonly fail: (error: LinkError) => void;
}

export interface ChannelLimits {
  /** Requests and commands whose handlers have not ended, and bytes in their payloads. */
  readonly handlers: number;
  readonly handlerBytes: number;
  /** What happens beyond: a command may be forgotten where others make up for it. */
  readonly surplusCommands: "drop" | "close";
}

export interface RequestOptions {
  /** After so long the request rejects with LinkError "timeout". Without it: never, as long as the link lives. */
  readonly timeoutMs?: number;
}

interface Pending {
  readonly rpc: Rpc<unknown, unknown>;
  readonly timer: Timer | undefined;
  settle(payload: Uint8Array): void;
  reject(error: LinkError): void;
}

/**
 * Requests and answers in both directions over one connection, real or virtual (pyquarkchain quarkchain/protocol.py
 * AbstractConnection). Handlers begin in the order of frames (O6) and end in any; requests never wait for each other (O4).
 */
export class Channel<Caller> {
  readonly #parts: ChannelParts<Caller>;
  readonly #pending = new Map<bigint, Pending>();
  readonly #closing = new AbortController();
  #lastOwnId = 0n;
  /** protocol.py peer_rpc_id: the first id may be 0. */
  #lastTheirId = -1n;
  #handling = 0;
  #handlingBytes = 0;
  #isSilent = false;

  constructor(parts: ChannelParts<Caller>) {
    this.#parts = parts;
  }

  /** Aborts when the channel closes. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  get isOpen(): boolean {
    return !this.#closing.signal.aborted;
  }

  /** Answers that are waited for. */
  get pendingRequests(): number {
    return this.#pending.size;
  }

  request<Request, Response>(
    rpc: Rpc<Request, Response>,
    message: Request,
    options?: RequestOptions,
  ): Promise<Response> {
    return this.requestWithPayload(rpc, encode(rpc.request, message), options);
  }

  /** As `request`, for a message that is encoded already. */
  async requestWithPayload<Request, Response>(
    rpc: Rpc<Request, Response>,
    payload: Uint8Array,
    options?: RequestOptions,
  ): Promise<Response> {
    const answer = await this.requestBytes(rpc, payload, options);
    try {
      return decode(rpc.response, answer, rpc.name);
    } catch (error) {
      // Not "malformed": that would close the link of whoever made us ask.
      const text = `answer to ${rpc.name} cannot be decoded: ${reasonOf(error)}`;
      const fault = new LinkError("protocol", text, { cause: error });
      this.#parts.fail(fault);
      throw fault;
    }
  }

  /** As `request`, for messages that are encoded and decoded elsewhere. */
  requestBytes<Request, Response>(
    rpc: Rpc<Request, Response>,
    payload: Uint8Array,
    { timeoutMs }: RequestOptions = {},
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen)
        throw new LinkError("closed", `${this.#parts.name()}: closed before ${rpc.name} could be asked`);
      const id = this.#lastOwnId + 1n;
      this.#write(rpc.op, id, payload);
      this.#lastOwnId = id;
      const timer =
        timeoutMs === undefined
          ? undefined
          : this.#parts.clock.after(timeoutMs, () =>
              reject(
                new LinkError("timeout", `${this.#parts.name()}: no answer to ${rpc.name} within ${timeoutMs} ms`),
              ),
            );
      // A request that timed out stays listed: its late answer is no answer that nobody asked for.
      this.#pending.set(id, { rpc: rpc as Rpc<unknown, unknown>, timer, settle: resolve, reject });
    });
  }

  /** Throws LinkError when the channel is closed or takes nothing more. */
  send<Message>(command: Command<Message>, message: Message): void {
    this.sendBytes(command, encode(command.message, message));
  }

  sendBytes<Message>(command: Command<Message>, payload: Uint8Array): void {
    if (!this.isOpen)
      throw new LinkError("closed", `${this.#parts.name()}: closed before ${command.name} could be sent`);
    this.#write(command.op, 0n, payload);
  }

  receive(frame: Frame): void {
    if (!this.isOpen) return;
    try {
      this.#dispatch(frame);
    } catch (error) {
      this.#parts.fail(asLinkError(error));
    }
  }

  /** Whoever waits for an answer is told; answers of handlers that still run are dropped. */
  close(reason: string): void {
    this.#isSilent = true;
    this.closeAfterAnswers(reason);
  }

  /** As close, except that handlers which still run may answer: their requests came before what ends this. */
  closeAfterAnswers(reason: string): void {
    if (!this.isOpen) return;
    this.#closing.abort();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { rpc, timer, reject } of pending) {
      timer?.cancel();
      reject(new LinkError("closed", `${this.#parts.name()}: closed before ${rpc.name} was answered: ${reason}`));
    }
  }

  #dispatch(frame: Frame): void {
    const operation = this.#parts.operations.get(frame.op);
    if (operation === undefined) throw new LinkError("protocol", `operation ${frame.op} does not exist here`);
    if (operation.kind === "response") this.#settle(operation.rpc, frame);
    else this.#serve(operation, frame);
  }

  #serve(operation: Operation & { kind: "request" | "command" }, frame: Frame): void {
    const { name } = operation.kind === "request" ? operation.rpc : operation.command;
    const handler = this.#parts.handlers.get(frame.op);
    if (handler === undefined) throw new LinkError("protocol", `${name} has no business on this link`);
    this.#checkId(operation.kind, name, frame.rpcId);
    if (this.#isSurplus(frame)) this.#refuse(handler, frame);
    else this.#run(handler, frame);
  }

  #refuse(handler: Handler<Caller>, { payload }: Frame): void {
    const text = `${handler.name} of ${payload.length} bytes while ${this.#handling} messages of ${this.#handlingBytes} bytes are not done`;
    if (handler.kind === "request" || this.#parts.limits.surplusCommands === "close") {
      throw new LinkError("overflow", text);
    }
    this.#parts.log("warn", `${this.#parts.name()}: dropped ${text}`);
  }

  /** R150; gaps are none of our concern. */
  #checkId(kind: "request" | "command", name: string, id: bigint): void {
    if (kind === "command") {
      if (id !== 0n) throw new LinkError("protocol", `${name} is a command, its id is 0, got ${id}`);
      return;
    }
    if (id <= this.#lastTheirId) {
      throw new LinkError("protocol", `${name} has id ${id}, the one before had ${this.#lastTheirId}`);
    }
    this.#lastTheirId = id;
  }

  #isSurplus(frame: Frame): boolean {
    const { handlers, handlerBytes } = this.#parts.limits;
    if (this.#handling === 0) return false;
    return this.#handling >= handlers || this.#handlingBytes + frame.payload.length > handlerBytes;
  }

  #settle(rpc: Rpc<unknown, unknown>, { rpcId, payload }: Frame): void {
    const pending = this.#pending.get(rpcId);
    if (pending === undefined) throw new LinkError("protocol", `answer to ${rpc.name} ${rpcId}, which nobody asked`);
    if (pending.rpc.op !== rpc.op) {
      throw new LinkError("protocol", `answer to ${rpc.name} with the id ${rpcId} of ${pending.rpc.name}`);
    }
    this.#pending.delete(rpcId);
    pending.timer?.cancel();
    pending.settle(payload);
  }

  #run(handler: Handler<Caller>, frame: Frame): void {
    this.#handling++;
    this.#handlingBytes += frame.payload.length;
    const done = () => {
      this.#handling--;
      this.#handlingBytes -= frame.payload.length;
    };
    this.#handle(handler, frame).then(done, (error: unknown) => {
      done();
      if (this.isOpen) this.#parts.fail(asLinkError(error, handler.name));
    });
  }

  async #handle(handler: Handler<Caller>, frame: Frame): Promise<void> {
    if (handler.kind === "command") return handler.handle(frame.payload, this.#parts.caller);
    const answer = (payload: Uint8Array) => {
      if (!this.#isSilent) this.#parts.write({ ...frame, op: handler.responseOp, payload });
    };
    try {
      answer(await handler.handle(frame.payload, this.#parts.caller));
    } catch (error) {
      if (this.isOpen) answer(this.#failure(handler, error));
    }
  }

  #failure(handler: Handler<Caller> & { kind: "request" }, error: unknown): Uint8Array {
    const malformed = error instanceof LinkError && error.fault === "malformed";
    if (malformed || handler.failed === undefined) throw error;
    this.#parts.log("error", `${this.#parts.name()}: ${handler.name} failed, answered so: ${reasonOf(error)}`);
    return handler.failed(error);
  }

  #write(op: number, rpcId: bigint, payload: Uint8Array): void {
    const { branch, clusterPeerId } = this.#parts;
    this.#parts.write({ branch, clusterPeerId, op, rpcId, payload });
  }
}

function asLinkError(error: unknown, what?: string): LinkError {
  if (error instanceof LinkError) return error;
  return new LinkError("failed", `${what ?? "a handler"} failed: ${reasonOf(error)}`, { cause: error });
}
