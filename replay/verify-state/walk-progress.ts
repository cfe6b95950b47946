/** Counters that the threads of a walk share. */
export interface SharedProgress {
  readonly buffer: SharedArrayBuffer;
}

const ACCOUNTS = 0;
const SUBTREES = 1;
const STOP = 2;

export class WalkProgress {
  readonly shared: SharedProgress;
  readonly #counters: Int32Array;

  constructor(shared: SharedProgress = { buffer: new SharedArrayBuffer(12) }) {
    this.shared = shared;
    this.#counters = new Int32Array(shared.buffer);
  }

  get accounts(): number {
    return Atomics.load(this.#counters, ACCOUNTS);
  }

  get subtrees(): number {
    return Atomics.load(this.#counters, SUBTREES);
  }

  get stopped(): boolean {
    return Atomics.load(this.#counters, STOP) !== 0;
  }

  countAccount(): void {
    Atomics.add(this.#counters, ACCOUNTS, 1);
  }

  countSubtree(): void {
    Atomics.add(this.#counters, SUBTREES, 1);
  }

  stop(): void {
    Atomics.store(this.#counters, STOP, 1);
  }
}
