import { monitorEventLoopDelay } from "node:perf_hooks";

const NANOSECONDS = 1e9;

/** How late this thread comes to what is due. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay();

  constructor() {
    this.#histogram.enable();
  }

  /** The 99th percentile since the last look, in seconds. */
  look(): number {
    const seconds = this.#histogram.percentile(99) / NANOSECONDS;
    this.#histogram.reset();
    return seconds;
  }

  stop(): void {
    this.#histogram.disable();
  }
}
