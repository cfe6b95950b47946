import { setImmediate as eventLoopTurn } from "node:timers/promises";

/** So long may one piece of work keep everybody else from being served. */
const LONGEST_TURN_MS = 10;

/** All long work of this thread, in the order in which it came: one piece goes on in each turn of the event loop. */
let line: Promise<void> = Promise.resolve();

/** Lets others have their turn during long work, however much long work there is. */
export class Turns {
  #endsAt = performance.now() + LONGEST_TURN_MS;

  /** To be awaited again and again; costs next to nothing where it is not time yet. */
  async pause(): Promise<void> {
    if (performance.now() < this.#endsAt) return;
    line = line.then(() => eventLoopTurn());
    await line;
    this.#endsAt = performance.now() + LONGEST_TURN_MS;
  }
}
