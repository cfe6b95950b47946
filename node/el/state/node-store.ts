import type { Hash32 } from "../../codec/bytes.ts";

/**
 * Content-addressed rows of a state: trie nodes and contract code, each under its keccak-256.
 * `get` returns bytes that are proved to hash to the key, or throws DatabaseDamagedError when the row is missing or
 * altered: the caller only asks for hashes that a proved node names.
 */
export interface NodeStore {
  get(hash: Hash32): Uint8Array;
  /** Keeps a row that execution produced. The bytes must not change afterwards. */
  put(hash: Hash32, value: Uint8Array): void;
}

/** For rows that nobody reads, such as those of receipt tries where receipts are stored otherwise. */
export const NOWHERE: Pick<NodeStore, "put"> = { put: () => {} };
