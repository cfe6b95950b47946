import { bytesKey, type Hash32, toHex } from "../../codec/bytes.ts";
import { DatabaseDamagedError } from "../../codec/errors.ts";
import type { NodeStore } from "../state/node-store.ts";

/** Rows of a state that is built from nothing. */
export class MemoryNodes implements NodeStore {
  readonly #rows = new Map<string, Uint8Array>();

  get(hash: Hash32): Uint8Array {
    const row = this.#rows.get(bytesKey(hash));
    if (row === undefined) throw new DatabaseDamagedError("a state in memory lacks a row", { key: toHex(hash) });
    return row;
  }

  put(hash: Hash32, value: Uint8Array): void {
    this.#rows.set(bytesKey(hash), value);
  }
}
