import type { CrossShardDeposit } from "../../chain/deposit.ts";
import type { DueDeposit } from "../../el/payload.ts";

/** Deposits may come from a walk that can be made once: what was read is kept, to be read again and to be stored. */
export class RepeatableDeposits implements Iterable<DueDeposit> {
  readonly #source: Iterator<DueDeposit>;
  readonly #read: DueDeposit[] = [];

  constructor(source: Iterable<DueDeposit>) {
    this.#source = source[Symbol.iterator]();
  }

  *[Symbol.iterator](): Generator<DueDeposit> {
    for (let index = 0; ; index++) {
      if (index === this.#read.length) {
        const next = this.#source.next();
        if (next.done === true) return;
        this.#read.push(next.value);
      }
      yield this.#read[index];
    }
  }

  /** The first deposits; all of them have been read. */
  first(count: number): readonly CrossShardDeposit[] {
    return this.#read.slice(0, count).map(({ deposit }) => deposit);
  }

  /** What has been read. */
  get read(): readonly DueDeposit[] {
    return this.#read;
  }
}
