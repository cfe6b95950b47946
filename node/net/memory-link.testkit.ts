import type { Link, LinkEvents, Transport } from "./link.ts";
import { LinkError } from "./link-error.ts";

/** Two ends of a link in memory. What one sends the other receives later, in pieces where `pieceBytes` says so. */
export function memoryLinks(
  names: readonly [string, string],
  pieceBytes = Number.POSITIVE_INFINITY,
): [MemoryLink, MemoryLink] {
  const [a, b] = [new MemoryLink(names[1], pieceBytes), new MemoryLink(names[0], pieceBytes)];
  a.other = b;
  b.other = a;
  return [a, b];
}

export class MemoryLink implements Link {
  readonly remote: string;
  other: MemoryLink | undefined;
  /** While set, what is sent stays here: the other end does not read. */
  isStuck = false;
  readonly #pieceBytes: number;
  #queue: Uint8Array[] = [];
  #early: Uint8Array[] = [];
  #events: LinkEvents | undefined;
  #closedBecause: string | undefined;

  constructor(remote: string, pieceBytes: number) {
    this.remote = remote;
    this.#pieceBytes = pieceBytes;
  }

  get isClosed(): boolean {
    return this.#closedBecause !== undefined;
  }

  get queuedBytes(): number {
    return this.#queue.reduce((sum, { length }) => sum + length, 0);
  }

  open(events: LinkEvents): void {
    this.#events = events;
    const early = this.#early;
    this.#early = [];
    setImmediate(() => {
      for (const bytes of early) events.received(bytes);
      if (this.#closedBecause !== undefined) events.closed(this.#closedBecause);
    });
  }

  send(bytes: Uint8Array): void {
    if (this.isClosed) return;
    this.#queue.push(Uint8Array.from(bytes));
    setImmediate(() => this.flush());
  }

  /** What is queued leaves. */
  flush(): void {
    if (this.isStuck) return;
    const queue = this.#queue;
    this.#queue = [];
    for (const bytes of queue) {
      for (let at = 0; at < bytes.length; at += this.#pieceBytes) {
        this.other?.arrive(bytes.slice(at, at + this.#pieceBytes));
      }
    }
  }

  arrive(bytes: Uint8Array): void {
    if (this.isClosed) return;
    if (this.#events === undefined) this.#early.push(bytes);
    else this.#events.received(bytes);
  }

  close(): void {
    this.end("closed here");
  }

  /** Both ends lose the link, as when a cable is cut. */
  end(reason: string): void {
    if (this.isClosed) return;
    setImmediate(() => {
      this.flush();
      this.#close(reason);
      this.other?.end("the other end closed it");
    });
  }

  #close(reason: string): void {
    if (this.isClosed) return;
    this.#closedBecause = reason;
    this.#events?.closed(reason);
  }
}

/** Addresses that links in memory are dialled at. */
export class MemoryNetwork {
  readonly #listeners = new Map<string, (link: Link) => void>();
  /** Every link that was dialled, the dialler's end. */
  readonly dialled: MemoryLink[] = [];
  listen(host: string, port: number, accepted: (link: Link) => void): void {
    this.#listeners.set(`${host}:${port}`, accepted);
  }

  /** Nobody is there any more, until what is returned is called. */
  unlisten(host: string, port: number): () => void {
    const accepted = this.#listeners.get(`${host}:${port}`);
    this.#listeners.delete(`${host}:${port}`);
    return () => accepted && this.listen(host, port, accepted);
  }

  /** How one process reaches the others. */
  transportOf(name: string): Transport {
    return {
      dial: async (host, port) => {
        // As long as a handshake takes: both sides may dial at once.
        await new Promise((resolve) => setImmediate(resolve));
        const accepted = this.#listeners.get(`${host}:${port}`);
        if (accepted === undefined) throw new LinkError("refused", `cannot connect to ${host}:${port}: refused`);
        const [ours, theirs] = memoryLinks([name, `${host}:${port}`]);
        this.dialled.push(ours);
        accepted(theirs);
        return ours;
      },
    };
  }
}
