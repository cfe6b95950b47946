import { bytesFromKey, bytesKey, compareBytes } from "../../codec/bytes.ts";
import type { KeyRange, RowChange, RowStore } from "./row-store.ts";

/** Rows in a map; when a write is finished is said by who extends it. */
export abstract class MapRows implements RowStore {
  readonly rows: Map<string, Uint8Array>;

  constructor(rows = new Map<string, Uint8Array>()) {
    this.rows = rows;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.rows.get(bytesKey(key));
  }

  abstract write(changes: readonly RowChange[], sync: boolean): Promise<void>;

  async keys({ from, to }: KeyRange, limit: number): Promise<Uint8Array[]> {
    const keys = [...this.rows.keys()].map(bytesFromKey).sort(compareBytes);
    const found = keys.filter((key) => compareBytes(key, from) >= 0 && compareBytes(key, to) < 0);
    return limit < 0 ? found : found.slice(0, limit);
  }

  async close(): Promise<void> {}

  protected apply(changes: readonly RowChange[]): void {
    for (const { key, value } of changes) {
      if (value === null) this.rows.delete(bytesKey(key));
      else this.rows.set(bytesKey(key), value);
    }
  }
}

/** Rows whose writes are finished by hand. */
export class MemoryRows extends MapRows {
  /** Batches that were begun, oldest first. */
  readonly batches: { readonly changes: readonly RowChange[]; readonly sync: boolean; finish(error?: Error): void }[] =
    [];

  write(changes: readonly RowChange[], sync: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error?: Error) => {
        if (error !== undefined) return reject(error);
        this.apply(changes);
        resolve();
      };
      this.batches.push({ changes, sync, finish });
    });
  }
}
