import type { Clock, Timer } from "../codec/clock.ts";
import type { Link, LinkEvents, Transport } from "../net/link.ts";
import { LinkError } from "../net/link-error.ts";

/** Longest time between two things that follow from each other, in milliseconds. */
const LONGEST_DELAY = 40;

interface SimTimer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that passes from timer to timer: one thing happens at a time, with all that follows from it. */
export class SimClock implements Clock {
  readonly random: () => number;
  #now = 0;
  #order = 0;
  #timers: SimTimer[] = [];

  constructor(random: () => number) {
    this.random = random;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): Timer {
    const timer = { at: this.#now + milliseconds, order: this.#order++, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Soon, in an order that nobody can know. */
  soon(callback: () => void): void {
    this.after(Math.floor(this.random() * LONGEST_DELAY), callback);
  }

  /** Lets the next thing happen; false where nothing is left, or nothing before `end`. */
  async step(end: number): Promise<boolean> {
    // What needs no time comes to its next wait.
    await new Promise((resolve) => setImmediate(resolve));
    let next: SimTimer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    if (next === undefined || next.at > end) return false;
    this.#timers = this.#timers.filter((other) => other !== next);
    this.#now = next.at;
    next.callback();
    return true;
  }
}

class SimulatedFailure extends Error {}

/** A process: once it is killed nothing that it waits for comes back, and none of its timers rings. */
export class SimProcess implements Clock {
  readonly name: string;
  isDead = false;
  readonly #clock: SimClock;
  readonly #links = new Set<SimLink>();

  constructor(name: string, clock: SimClock) {
    this.name = name;
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  after(milliseconds: number, callback: () => void): Timer {
    return this.#clock.after(milliseconds, () => {
      if (!this.isDead) callback();
    });
  }

  /** Takes a moment, and fails with a chance of `fails`. */
  async pause(what: string, fails = 0): Promise<void> {
    if (this.isDead) await new Promise<never>(() => {});
    await new Promise<void>((resolve) => this.#clock.soon(resolve));
    if (this.isDead) await new Promise<never>(() => {});
    if (this.#clock.random() < fails) throw new SimulatedFailure(`${what} failed`);
  }

  holds(link: SimLink): void {
    this.#links.add(link);
  }

  kill(): void {
    this.isDead = true;
    for (const link of this.#links) link.die();
  }

  /** Its links as far as they are open. */
  get openLinks(): readonly SimLink[] {
    return [...this.#links].filter(({ isOpen }) => isOpen);
  }
}

/** One end of a connection: what is sent arrives in order, each piece when it pleases. */
export class SimLink implements Link {
  readonly remote: string;
  readonly queuedBytes = 0;
  other: SimLink | undefined;
  readonly #clock: SimClock;
  #events: LinkEvents | undefined;
  #early: Uint8Array[] = [];
  #lastArrival = 0;
  #closedBecause: string | undefined;

  constructor(remote: string, clock: SimClock) {
    this.remote = remote;
    this.#clock = clock;
  }

  get isOpen(): boolean {
    return this.#closedBecause === undefined;
  }

  open(events: LinkEvents): void {
    this.#events = events;
    this.#clock.after(0, () => {
      const early = this.#early;
      this.#early = [];
      for (const bytes of early) events.received(bytes);
      if (this.#closedBecause !== undefined) events.closed(this.#closedBecause);
    });
  }

  send(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    const copy = Uint8Array.from(bytes);
    this.#deliver(() => this.other?.arrive(copy));
  }

  close(): void {
    if (!this.isOpen) return;
    this.#deliver(() => this.other?.end("the other end closed it"));
    this.#clock.after(0, () => this.end("closed here"));
  }

  /** The cable is cut: both ends learn it, and what was on its way is lost. */
  cut(): void {
    this.end("it was cut");
    this.other?.end("it was cut");
  }

  /** This end's process is gone: nobody hears of it here, and the other end a little later. */
  die(): void {
    this.#events = undefined;
    this.#early = [];
    if (!this.isOpen) return;
    this.#closedBecause = "its process is gone";
    this.#deliver(() => this.other?.end("the other end is gone"));
  }

  arrive(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    if (this.#events === undefined || this.#early.length > 0) this.#early.push(bytes);
    else this.#events.received(bytes);
  }

  end(reason: string): void {
    if (!this.isOpen) return;
    this.#closedBecause = reason;
    this.#events?.closed(reason);
  }

  #deliver(callback: () => void): void {
    const delay = Math.floor(this.#clock.random() * LONGEST_DELAY);
    this.#lastArrival = Math.max(this.#lastArrival, this.#clock.now() + delay);
    this.#clock.after(this.#lastArrival - this.#clock.now(), callback);
  }
}

export function simLinks(clock: SimClock, [a, b]: readonly [SimProcess, SimProcess]): [SimLink, SimLink] {
  const [toB, toA] = [new SimLink(b.name, clock), new SimLink(a.name, clock)];
  toB.other = toA;
  toA.other = toB;
  a.holds(toB);
  b.holds(toA);
  return [toB, toA];
}

/** Addresses at which processes listen. */
export class SimNetwork {
  readonly #clock: SimClock;
  readonly #listeners = new Map<string, { process: SimProcess; accepted: (link: Link) => void }>();

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  listen(address: string, process: SimProcess, accepted: (link: Link) => void): void {
    this.#listeners.set(address, { process, accepted });
  }

  transportOf(dialler: SimProcess): Transport {
    return {
      dial: async (host, port) => {
        await dialler.pause("dial");
        const listener = this.#listeners.get(`${host}:${port}`);
        if (listener === undefined || listener.process.isDead) {
          throw new LinkError("refused", `cannot connect to ${host}:${port}: refused`);
        }
        const [ours, theirs] = simLinks(this.#clock, [dialler, listener.process]);
        listener.accepted(theirs);
        return ours;
      },
    };
  }
}
