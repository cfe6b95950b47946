/**
 * The items left after as many as possible are taken out while `holds` is true of the rest: runs of half the list
 * first, single ones last.
 */
export function reduceList<T>(items: readonly T[], holds: (rest: readonly T[]) => boolean): readonly T[] {
  let kept = items;
  for (let size = kept.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const rest = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (holds(rest)) kept = rest;
      else at += size;
    }
  }
  return kept;
}
