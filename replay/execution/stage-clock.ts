/** Seconds spent in each stage of a check; whatever passes between two calls belongs to the stage of the second. */
export class StageClock {
  readonly #milliseconds = new Map<string, number>();
  #last = performance.now();

  /** Time that is nobody's ends here. */
  start(): void {
    this.#last = performance.now();
  }

  lap(stage: string): void {
    const now = performance.now();
    this.#milliseconds.set(stage, (this.#milliseconds.get(stage) ?? 0) + now - this.#last);
    this.#last = now;
  }

  seconds(): Record<string, number> {
    return Object.fromEntries([...this.#milliseconds].map(([stage, spent]) => [stage, spent / 1000]));
  }
}
