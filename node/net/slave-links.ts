import { type Clock, pause } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";
import type { slaveInfo } from "../wire/cluster-messages.ts";
import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { encode, type Value } from "../wire/codec.ts";
import type { Rpc } from "../wire/operation.ts";
import type { ConnectionLimits } from "./connection.ts";
import { Handlers } from "./handlers.ts";
import type { Link, Log, Transport } from "./link.ts";
import { LinkError } from "./link-error.ts";
import { type SlaveIdentity, SlaveLink } from "./slave-link.ts";

export type SlaveInfo = Value<typeof slaveInfo>;

export interface SlaveLinksParts {
  readonly self: SlaveIdentity;
  /** ADD_XSHARD_TX_LIST and its batch; PING is answered here, anything else closes the link that brings it. */
  readonly handlers: Handlers<SlaveLink>;
  readonly transport: Transport;
  readonly limits: ConnectionLimits;
  readonly timing: SlaveLinksTiming;
  readonly clock: Clock;
  readonly log: Log;
}

/** In milliseconds. */
export interface SlaveLinksTiming {
  /** For a connection to be made, and again for the fellow's PONG. */
  readonly dial: number;
  /** For an accepted link to say whose it is. */
  readonly introduction: number;
  /** Before the first attempt to dial a lost link again, doubled up to the longest; the side that was dialled starts later. */
  readonly redial: number;
  readonly redialByAcceptor: number;
  readonly longestRedial: number;
  /** Both sides may dial at once: so long after ours stood, theirs is a crossing one. */
  readonly crossing: number;
}

export const SLAVE_LINKS_TIMING: SlaveLinksTiming = {
  dial: 10_000,
  introduction: 30_000,
  redial: 250,
  redialByAcceptor: 2000,
  longestRedial: 10_000,
  crossing: 5000,
};

/** Accepted links that have not said whose they are. */
const MOST_STRANGERS = 64;

/**
 * The other slaves of the cluster (slave.py SlaveConnectionManager): one link a pair, whoever dials. A link that breaks is
 * dialled again, and what is owed to a fellow is sent until it is acknowledged (P3).
 */
export class SlaveLinks {
  readonly #parts: SlaveLinksParts;
  readonly #handlers: Handlers<SlaveLink>;
  readonly #fellows = new Map<string, Fellow>();
  readonly #strangers = new Set<SlaveLink>();
  readonly #closing = new AbortController();

  constructor(parts: SlaveLinksParts) {
    this.#parts = parts;
    const introduction = new Handlers<SlaveLink>().answer(CLUSTER_RPC.ping, ({ id, fullShardIds }, link) => {
      // Registered before the PONG leaves: the fellow may speak as soon as it has it.
      this.#introduce(link, { id, fullShardIds });
      return this.#parts.self;
    });
    this.#handlers = introduction.with(parts.handlers);
  }

  /** A connection behind the master's. */
  accept(link: Link): void {
    const stranger = this.#newLink(link, false);
    if (this.#strangers.size >= MOST_STRANGERS) {
      stranger.close(new LinkError("overflow", `${MOST_STRANGERS} links have not said whose they are`));
      return;
    }
    this.#strangers.add(stranger);
    const { clock, timing } = this.#parts;
    const timer = clock.after(timing.introduction, () => {
      if (this.#strangers.has(stranger)) stranger.close(new LinkError("timeout", "it does not say whose it is"));
    });
    stranger.closed.then(() => {
      timer.cancel();
      this.#strangers.delete(stranger);
    });
  }

  /**
   * CONNECT_TO_SLAVES: for each an empty text, when it is us or linked to us, or else what is wrong, in ASCII. Any text
   * makes the master end the cluster.
   */
  connect(slaves: readonly SlaveInfo[]): Promise<readonly string[]> {
    return Promise.all(slaves.map((slave) => this.#connect(slave)));
  }

  /** Names of the fellows that hold a shard, linked right now or not. */
  holdersOf(fullShardId: number): readonly string[] {
    return [...this.#fellows.values()]
      .filter((fellow) => fellow.fullShardIds.includes(fullShardId))
      .map(({ id }) => id);
  }

  /** Names of all fellows. */
  get known(): readonly string[] {
    return [...this.#fellows.keys()];
  }

  isLinked(id: string): boolean {
    return this.#fellows.get(id)?.link?.isOpen ?? false;
  }

  /**
   * Asks a fellow until its answer is accepted: over a new link when one breaks, and again after a while when it refuses.
   * Throws LinkError "closed" when the signal or `close` ends it, "refused" for a fellow that nobody has named.
   */
  deliver<Request, Response>(
    id: string,
    rpc: Rpc<Request, Response>,
    message: Request,
    isAccepted: (response: Response) => boolean,
    signal?: AbortSignal,
  ): Promise<Response> {
    return this.deliverBytes(id, rpc, encode(rpc.request, message), isAccepted, signal);
  }

  /** As `deliver`, for a message that is encoded already. */
  async deliverBytes<Request, Response>(
    id: string,
    rpc: Rpc<Request, Response>,
    payload: Uint8Array,
    isAccepted: (response: Response) => boolean,
    signal: AbortSignal = this.#closing.signal,
  ): Promise<Response> {
    const fellow = this.#fellows.get(id);
    if (fellow === undefined) throw new LinkError("refused", `slave ${id} is not known`);
    const { redial, longestRedial } = this.#parts.timing;
    const ends = AbortSignal.any([signal, this.#closing.signal]);
    for (let wait = redial; ; wait = Math.min(2 * wait, longestRedial)) {
      const link = await this.#linked(fellow, ends);
      try {
        const response = await link.requestWithPayload(rpc, payload);
        if (isAccepted(response)) return response;
        this.#parts.log("warn", `slave ${id}: refused ${rpc.name}, asked again in ${wait} ms`);
      } catch (error) {
        // One that no frame may carry, or that has no encoding, has none next time either.
        if (!(error instanceof LinkError) || error.fault === "oversized") throw error;
        this.#parts.log("warn", `slave ${id}: ${rpc.name} not acknowledged, asked again: ${error.message}`);
      }
      await pause(this.#parts.clock, wait, ends);
    }
  }

  close(reason: string): void {
    this.#closing.abort();
    const error = new LinkError("closed", reason);
    for (const stranger of [...this.#strangers]) stranger.close(error);
    for (const { link } of this.#fellows.values()) link?.close(error);
  }

  async #connect({ id, host, port, fullShardIds }: SlaveInfo): Promise<string> {
    if (id === this.#parts.self.id) return "";
    const fellow = this.#fellow({ id, fullShardIds });
    fellow.address = { host, port };
    return ascii(await this.#dial(fellow));
  }

  /** An empty text, or what is wrong; one attempt at a time. */
  #dial(fellow: Fellow): Promise<string> {
    if (fellow.link?.isOpen) return Promise.resolve("");
    fellow.dialling ??= this.#attempt(fellow).finally(() => {
      fellow.dialling = undefined;
    });
    return fellow.dialling;
  }

  async #attempt(fellow: Fellow): Promise<string> {
    const { transport, timing } = this.#parts;
    if (fellow.address === undefined) return `the address of slave ${fellow.id} is not known`;
    let link: SlaveLink | undefined;
    try {
      const { host, port } = fellow.address;
      link = this.#newLink(await transport.dial(host, port, timing.dial), true);
      const answered = await link.ping(timing.dial);
      // Theirs has come meanwhile.
      if (fellow.link?.isOpen) throw new LinkError("closed", "one link is enough");
      if (this.#closing.signal.aborted) throw new LinkError("closed", "shutting down");
      checkIdentity(fellow, answered);
      this.#register(fellow, link);
      return "";
    } catch (error) {
      const fault = error instanceof LinkError ? error : new LinkError("failed", reasonOf(error), { cause: error });
      link?.close(fault);
      return fellow.link?.isOpen ? "" : `slave ${fellow.id}: ${fault.message}`;
    }
  }

  /** PING over an accepted link; over one that we dialled it only repeats what we know. */
  #introduce(link: SlaveLink, identity: SlaveIdentity): void {
    if (link.fellow !== undefined || link.dialled) return;
    if (identity.fullShardIds.length === 0) throw new LinkError("protocol", `slave ${identity.id} holds no shard`);
    if (identity.id === this.#parts.self.id) throw new LinkError("protocol", `it has our own name, ${identity.id}`);
    const fellow = this.#fellow(identity);
    if (this.#isCrossing(fellow)) throw new LinkError("closed", `our own link to slave ${fellow.id} takes its place`);
    this.#strangers.delete(link);
    this.#register(fellow, link);
  }

  /** Of two links that both sides dialled at once, the one of the slave whose name comes first stays. */
  #isCrossing({ id, dialling, link }: Fellow): boolean {
    if (this.#parts.self.id >= id) return false;
    if (dialling !== undefined) return true;
    const { clock, timing } = this.#parts;
    return link?.isOpen === true && link.dialled && clock.now() - link.openedAt < timing.crossing;
  }

  /** An older link is dead, or the fellow would not have come again. */
  #register(fellow: Fellow, link: SlaveLink): void {
    const older = fellow.link;
    fellow.link = link;
    link.knownAs(fellow);
    older?.close(new LinkError("closed", "a newer link takes its place"));
    this.#parts.log("info", `slave ${fellow.id}: linked, ${link.dialled ? "dialled by us" : "dialled by it"}`);
    for (const waiting of [...fellow.waiting]) waiting();
    link.closed.then(() => {
      if (fellow.link !== link) return;
      fellow.link = undefined;
      if (!this.#closing.signal.aborted) this.#redial(fellow, link.dialled);
    });
  }

  /** Never throws; ends when the link stands, from whichever side. */
  async #redial(fellow: Fellow, dialledBefore: boolean): Promise<void> {
    const { clock, timing, log } = this.#parts;
    const { signal } = this.#closing;
    let wait = dialledBefore ? timing.redial : timing.redialByAcceptor;
    for (;;) {
      await pause(clock, wait, signal);
      if (signal.aborted || fellow.address === undefined) return;
      const wrong = await this.#dial(fellow);
      if (wrong === "") return;
      wait = Math.min(2 * wait, timing.longestRedial);
      log("warn", `${wrong}; dialled again in ${wait} ms`);
    }
  }

  #linked(fellow: Fellow, signal: AbortSignal): Promise<SlaveLink> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const ended = signal.aborted;
        if (!ended && !fellow.link?.isOpen) return;
        fellow.waiting.delete(look);
        signal.removeEventListener("abort", look);
        if (fellow.link?.isOpen && !ended) resolve(fellow.link);
        else reject(new LinkError("closed", `slave ${fellow.id}: nobody waits for its answer any more`));
      };
      fellow.waiting.add(look);
      signal.addEventListener("abort", look);
      look();
    });
  }

  #newLink(link: Link, dialled: boolean): SlaveLink {
    const { self, limits, clock, log } = this.#parts;
    return new SlaveLink({ link, self, dialled, handlers: this.#handlers, limits, clock, log });
  }

  #fellow({ id, fullShardIds }: SlaveIdentity): Fellow {
    const known = this.#fellows.get(id);
    if (known !== undefined) return known;
    const fellow: Fellow = {
      id,
      fullShardIds,
      address: undefined,
      link: undefined,
      dialling: undefined,
      waiting: new Set(),
    };
    this.#fellows.set(id, fellow);
    return fellow;
  }
}

interface Fellow extends SlaveIdentity {
  /** As the master names it, not as our own configuration does. */
  address: { readonly host: string; readonly port: number } | undefined;
  link: SlaveLink | undefined;
  dialling: Promise<string> | undefined;
  /** Called when a link stands. */
  readonly waiting: Set<() => void>;
}

function checkIdentity(expected: SlaveIdentity, got: SlaveIdentity): void {
  if (got.id !== expected.id) throw new LinkError("refused", `it says that it is ${got.id}`);
  const [ours, theirs] = [expected, got].map(({ fullShardIds }) => fullShardIds.join(", "));
  if (ours !== theirs) throw new LinkError("refused", `it holds the shards ${theirs}, not ${ours}`);
}

/** The master decodes the text as ASCII, and fails on anything else. */
function ascii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?");
}
