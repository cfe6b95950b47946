import { bytesKey, type Hash32, toHex } from "../../codec/bytes.ts";
import { DatabaseDamagedError } from "../../codec/errors.ts";
import type { NodeStore } from "../state/node-store.ts";

/** Rows in memory; counts how often one was read. */
export class MemoryNodeStore implements NodeStore {
  readonly rows = new Map<string, Uint8Array>();
  reads = 0;

  get(hash: Hash32): Uint8Array {
    this.reads++;
    const row = this.rows.get(bytesKey(hash));
    if (row === undefined) throw new DatabaseDamagedError("row is missing", { key: toHex(hash) });
    return row;
  }

  put(hash: Hash32, value: Uint8Array): void {
    this.rows.set(bytesKey(hash), value);
  }
}
