import { setImmediate as eventLoopTurn } from "node:timers/promises";

/** So long may one piece of work keep everybody else from being served. */
const LONGEST_TURN_MS = 10;

/** Lets others have their turn during long work. */
export class Turns {
  #endsAt = performance.now() + LONGEST_TURN_MS;

  /** To be awaited again and again; costs next to nothing where it is not time yet. */
  async pause(): Promise<void> {
    if (performance.now() < this.#endsAt) return;
    await eventLoopTurn();
    this.#endsAt = performance.now() + LONGEST_TURN_MS;
  }
}
