import type { DueDeposit } from "./payload.ts";

/** Deposits come from a walk that may be made only once: what it gave is kept for the next reader. */
export class KeptDeposits implements Iterable<DueDeposit> {
  readonly #source: Iterator<DueDeposit>;
  readonly #read: DueDeposit[] = [];
  #isExhausted = false;

  constructor(source: Iterable<DueDeposit>) {
    this.#source = source[Symbol.iterator]();
  }

  *[Symbol.iterator](): Generator<DueDeposit> {
    for (let index = 0; ; index++) {
      if (index === this.#read.length && !this.#readNext()) return;
      yield this.#read[index];
    }
  }

  /** What has been walked so far. */
  get walked(): readonly DueDeposit[] {
    return this.#read;
  }

  #readNext(): boolean {
    if (this.#isExhausted) return false;
    const next = this.#source.next();
    if (next.done === true) this.#isExhausted = true;
    else this.#read.push(next.value);
    return !this.#isExhausted;
  }
}
