import { bytesKey, type Hash32 } from "./bytes.ts";

/** What was set or used last: so many entries; the others are dropped. */
export class RecentMap<K extends string | number, V> {
  readonly #limit: number;
  /** A Map keeps the order in which keys came in: the next to go stands first. */
  readonly #entries = new Map<K, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** Only looks: the entry goes as early as it would have gone. */
  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Looks an entry up, and makes it the last to go. */
  use(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#limit) this.#entries.delete(this.#entries.keys().next().value as K);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }
}

/** The same by hash. */
export class RecentByHash<V> {
  readonly #entries: RecentMap<string, V>;

  constructor(limit: number) {
    this.#entries = new RecentMap(limit);
  }

  has(hash: Hash32): boolean {
    return this.#entries.has(bytesKey(hash));
  }

  get(hash: Hash32): V | undefined {
    return this.#entries.get(bytesKey(hash));
  }

  use(hash: Hash32): V | undefined {
    return this.#entries.use(bytesKey(hash));
  }

  set(hash: Hash32, value: V): void {
    this.#entries.set(bytesKey(hash), value);
  }

  delete(hash: Hash32): void {
    this.#entries.delete(bytesKey(hash));
  }
}
