import { bytesKey, type Hash32 } from "../../codec/bytes.ts";

/** What was put last, by hash; older entries are dropped. */
export class RecentMap<T> {
  readonly #limit: number;
  readonly #entries = new Map<string, T>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(hash: Hash32): T | undefined {
    return this.#entries.get(bytesKey(hash));
  }

  set(hash: Hash32, value: T): void {
    if (this.#entries.size >= this.#limit) this.#entries.delete(this.#entries.keys().next().value as string);
    this.#entries.set(bytesKey(hash), value);
  }

  delete(hash: Hash32): void {
    this.#entries.delete(bytesKey(hash));
  }
}
