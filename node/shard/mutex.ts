/** Sections that run one after the other, in the order in which they were asked for. */
export class Mutex {
  #waiting: (() => void)[] = [];
  #isHeld = false;

  /** Begins at once where nobody holds it. */
  async run<T>(section: () => Promise<T>): Promise<T> {
    if (this.#isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isHeld = true;
    try {
      return await section();
    } finally {
      const next = this.#waiting.shift();
      // Handed on without a gap in which somebody else could begin.
      if (next === undefined) this.#isHeld = false;
      else next();
    }
  }
}
