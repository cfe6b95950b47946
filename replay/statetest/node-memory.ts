import { bytesKey, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import type { NodeStore } from "../../node/el/state/node-store.ts";

/** State rows of one test, in memory. */
export class NodeMemory implements NodeStore {
  readonly #rows = new Map<string, Uint8Array>();

  get(hash: Hash32): Uint8Array {
    const row = this.#rows.get(bytesKey(hash));
    if (row === undefined) throw new DatabaseDamagedError("a state row was never written", { key: toHex(hash) });
    return row;
  }

  put(hash: Hash32, value: Uint8Array): void {
    this.#rows.set(bytesKey(hash), value);
  }
}
