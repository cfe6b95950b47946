import type { WhatifRange } from "./schema.ts";

/**
 * Results in the order of the chain with the first `most` changes of all; the others are counted as omitted. It does not
 * matter which results are there first: what is left out of some is left out of all.
 */
export function firstChanges(results: readonly WhatifRange[], most: number): WhatifRange[] {
  let room = most;
  return results
    .toSorted((a, b) => a.index - b.index)
    .map((result) => {
      const changes = result.changes.slice(0, room);
      room -= changes.length;
      return { ...result, changes, omitted: result.omitted + result.changes.length - changes.length };
    });
}
