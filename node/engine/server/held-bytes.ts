/** Memory that one request holds. */
export interface Hold {
  /** Counts `bytes` instead of what it held before. May end another hold, or this one. */
  set(bytes: number): void;
  release(): void;
}

interface Holder extends Hold {
  bytes: number;
  readonly evict: () => void;
}

/**
 * What all requests of a port hold in memory, parts of bodies and answers that nobody has taken yet, with one bound over
 * all of them. Where it is exceeded whoever holds most gives way: many who send or read slowly cannot keep others out.
 */
export class HeldBytes {
  readonly #most: number;
  readonly #holders = new Set<Holder>();
  #total = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** `evict` is called once, and after it the hold counts nothing any more. */
  hold(evict: () => void): Hold {
    const holder: Holder = {
      bytes: 0,
      evict,
      set: (bytes) => this.#set(holder, bytes),
      release: () => this.#forget(holder),
    };
    this.#holders.add(holder);
    return holder;
  }

  #set(holder: Holder, bytes: number): void {
    if (!this.#holders.has(holder)) return;
    this.#total += bytes - holder.bytes;
    holder.bytes = bytes;
    while (this.#total > this.#most) {
      const largest = this.#largest();
      this.#forget(largest);
      largest.evict();
    }
  }

  #forget(holder: Holder): void {
    if (this.#holders.delete(holder)) this.#total -= holder.bytes;
  }

  /** The oldest of those that hold most. */
  #largest(): Holder {
    let [largest] = this.#holders;
    for (const holder of this.#holders) if (holder.bytes > largest.bytes) largest = holder;
    return largest;
  }
}
