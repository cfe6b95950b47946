const DRAW_MILLISECONDS = 200;
const LINE_MILLISECONDS = 10_000;

/** How a long command tells where it is: one line that is drawn anew on a terminal, a line every 10 s elsewhere. */
export class StatusLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #live: boolean;
  #lastAt: number;
  #drawn = false;

  constructor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.#live = stream.isTTY === true && !env.CI;
    this.#lastAt = Date.now();
    process.on("exit", this.#clear);
  }

  /** Cheap when it is not time yet. */
  update(text: () => string): void {
    const now = Date.now();
    if (now - this.#lastAt < (this.#live ? DRAW_MILLISECONDS : LINE_MILLISECONDS)) return;
    this.#lastAt = now;
    if (!this.#live) {
      this.#stream.write(`${text()}\n`);
      return;
    }
    this.#stream.write(`\r\x1b[K${text()}`);
    this.#drawn = true;
  }

  /** Takes the line away. */
  stop(): void {
    process.off("exit", this.#clear);
    this.#clear();
  }

  #clear = () => {
    if (this.#drawn) this.#stream.write("\r\x1b[K");
    this.#drawn = false;
  };
}
