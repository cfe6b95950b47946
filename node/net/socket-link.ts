import { createConnection, createServer, type Server, type Socket } from "node:net";
import { reasonOf } from "../codec/errors.ts";
import type { Link, LinkEvents, Transport } from "./link.ts";
import { LinkError } from "./link-error.ts";

/** TCP. */
export const SOCKET_TRANSPORT: Transport = {
  dial: (host, port, timeoutMs) =>
    new Promise((resolve, reject) => {
      const socket = createConnection({ host, port });
      const refuse = (reason: string) => {
        clearTimeout(timer);
        socket.destroy();
        reject(new LinkError("refused", `cannot connect to ${host}:${port}: ${reason}`));
      };
      const timer = setTimeout(() => refuse(`no answer within ${timeoutMs} ms`), timeoutMs);
      const failed = (error: Error) => refuse(error.message);
      socket.once("error", failed);
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.off("error", failed);
        resolve(new SocketLink(socket));
      });
    }),
};

/** Listens on every address of the machine, as slave.py does, or on the one given. */
export async function listenForLinks(
  options: { readonly port: number; readonly host?: string },
  accepted: (link: Link) => void,
): Promise<LinkListener> {
  const server = createServer({ pauseOnConnect: true }, (socket) => accepted(new SocketLink(socket)));
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error) =>
      reject(new LinkError("refused", `cannot listen on port ${options.port}: ${reasonOf(error)}`));
    server.once("error", failed);
    server.listen({ port: options.port, host: options.host ?? "0.0.0.0" }, () => {
      server.off("error", failed);
      resolve();
    });
  });
  return new LinkListener(server);
}

/** Links that were accepted stay as they are when the listener closes. */
export class LinkListener {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    // A failing accept (no file descriptor left) is one peer that did not come in, not the end of the process.
    server.on("error", () => {});
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  close(): void {
    this.#server.close();
  }
}

class SocketLink implements Link {
  readonly remote: string;
  readonly #socket: Socket;
  #reason = "the other end closed it";

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remote = `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? "?"}`;
    socket.pause();
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    // Also before `open`: an error without a listener would end the process.
    socket.on("error", (error) => {
      this.#reason = error.message;
    });
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  open(events: LinkEvents): void {
    const socket = this.#socket;
    if (socket.destroyed) {
      setImmediate(() => events.closed(this.#reason));
      return;
    }
    socket.on("data", (chunk) => events.received(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)));
    socket.once("close", () => events.closed(this.#reason));
    socket.resume();
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  close(): void {
    this.#reason = "closed here";
    // What is queued gets a moment to leave; an end that takes nothing must not hold the socket for ever.
    this.#socket.pause();
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS).unref();
    this.#socket.once("finish", () => this.#socket.destroy());
  }
}

/** A machine that vanished is noticed: pyquarkchain has no keep-alive, and would wait for it until TCP gives up. */
const KEEP_ALIVE_MS = 30_000;
const LAST_WORDS_MS = 1000;
