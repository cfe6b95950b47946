/** One row; both arrays belong to the caller. */
export interface KeyValueEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface ScanRange {
  /** First key, inclusive. Default: the smallest. */
  readonly gte?: Uint8Array;
  /** Last key, exclusive. Default: past the largest. */
  readonly lt?: Uint8Array;
  /** Largest key first. */
  readonly reverse?: boolean;
}

/**
 * Read-only view of a byte-wise ordered key-value database. Calls are synchronous and write nothing.
 * Every method throws DatabaseDamagedError where the files contradict themselves.
 */
export interface KeyValueReader {
  /** Value of a key, or undefined. */
  get(key: Uint8Array): Uint8Array | undefined;
  /**
   * As get, for a row whose value the caller proves by itself (a trie node or code, whose key is its keccak):
   * block checksums are skipped unless the store was opened to verify all.
   */
  getSelfProving(key: Uint8Array): Uint8Array | undefined;
  has(key: Uint8Array): boolean;
  entries(range?: ScanRange): Iterable<KeyValueEntry>;
  close(): void;
}
