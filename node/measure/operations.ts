/**
 * What this thread has done so far: work that takes the same number of steps on every machine, so that a test can tell
 * when a block suddenly takes more of them (replay/execution/operation-counts.test.ts).
 */
export interface OperationCounts {
  /** Keccak hashes. */
  hashes: number;
  /** Keys recovered from signatures, or tried to. */
  recoveries: number;
  /** Rows asked for in tables and logs, found or not. */
  rowReads: number;
  /** Rows and trie nodes decoded. */
  decodes: number;
  /** Bytes cut from slabs: rows, nodes, accounts. */
  slabBytes: number;
}

/** Counted where it happens; an increment costs a nanosecond. */
export const operations: OperationCounts = { hashes: 0, recoveries: 0, rowReads: 0, decodes: 0, slabBytes: 0 };

export function operationsSoFar(): OperationCounts {
  const { hashes, recoveries, rowReads, decodes, slabBytes } = operations;
  return { hashes, recoveries, rowReads, decodes, slabBytes };
}
