import { bytesKey } from "../codec/bytes.ts";
import type { KeyValueReader } from "./key-value-reader.ts";

/** Rows of a database that a test makes. */
export class MemoryReader implements KeyValueReader {
  readonly #rows = new Map<string, Uint8Array>();

  put(key: Uint8Array, value: Uint8Array): void {
    this.putByKey(bytesKey(key), value);
  }

  /** `key`: bytesKey of the row's. */
  putByKey(key: string, value: Uint8Array): void {
    this.#rows.set(key, value);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#rows.get(bytesKey(key));
  }

  getSelfProving(key: Uint8Array): Uint8Array | undefined {
    return this.get(key);
  }

  has(key: Uint8Array): boolean {
    return this.#rows.has(bytesKey(key));
  }

  entries(): never[] {
    return [];
  }

  close(): void {}
}
