import { compareBytes } from "../../codec/bytes.ts";

/**
 * Rows of one source in scan order, each user key once with its newest version. Deleted keys are rows too, because
 * they hide older sources.
 */
export interface RowCursor {
  /** Key of the current row, in an array of its own; undefined past the last row. */
  key: Uint8Array | undefined;
  advance(): void;
  /** A copy of the current row's value, or null where the key is deleted. */
  value(): Uint8Array | null;
}

/** Live rows of several sources given newest first; where sources share a key the newest decides. */
export function* mergeRows(
  sources: readonly RowCursor[],
  reverse: boolean,
): Generator<{ key: Uint8Array; value: Uint8Array }> {
  for (;;) {
    let next: RowCursor | undefined;
    for (const source of sources) {
      if (source.key === undefined) continue;
      if (next?.key === undefined) next = source;
      else {
        const order = compareBytes(source.key, next.key);
        if (reverse ? order > 0 : order < 0) next = source;
      }
    }
    if (next?.key === undefined) return;
    const key = next.key;
    const value = next.value();
    for (const source of sources) {
      while (source.key !== undefined && compareBytes(source.key, key) === 0) source.advance();
    }
    if (value !== null) yield { key, value };
  }
}
