import { bytesKey, type Hash32 } from "../../codec/bytes.ts";

/** What was put last, by hash: so many entries; those put before them are dropped. */
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
    const name = bytesKey(hash);
    this.#entries.delete(name);
    this.#entries.set(name, value);
    if (this.#entries.size > this.#limit) this.#entries.delete(this.#entries.keys().next().value as string);
  }

  delete(hash: Hash32): void {
    this.#entries.delete(bytesKey(hash));
  }
}
