/** One row to write; null takes it away. */
export interface RowChange {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/** Keys from `from` on and below `to`. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** Rows on a disk. Reads answer at once; a batch is written whole or not at all, whatever happens meanwhile. */
export interface RowStore {
  get(key: Uint8Array): Uint8Array | undefined;
  /** @param sync whether the batch is on the disk when the promise is fulfilled, or with the operating system only */
  write(changes: readonly RowChange[], sync: boolean): Promise<void>;
  /** At most `limit` keys in their order. */
  keys(range: KeyRange, limit: number): Promise<Uint8Array[]>;
  close(): Promise<void>;
}
