/**
 * The smallest case that `isStillWrong` accepts, found by trying `candidatesOf` again and again, in order: large cuts
 * should come first. At most `limit` candidates are tried.
 */
export async function shrink<T>(
  first: T,
  candidatesOf: (current: T) => Iterable<T>,
  isStillWrong: (candidate: T) => Promise<boolean>,
  limit: number,
): Promise<T> {
  let smallest = first;
  let tried = 0;
  for (let wasCut = true; wasCut; ) {
    wasCut = false;
    for (const candidate of candidatesOf(smallest)) {
      if (tried++ >= limit) return smallest;
      if (!(await isStillWrong(candidate))) continue;
      smallest = candidate;
      wasCut = true;
      break;
    }
  }
  return smallest;
}

/** Copies of a record without each of its entries. */
export function* withoutEach<T>(record: Readonly<Record<string, T>>): Generator<Record<string, T>> {
  for (const key of Object.keys(record)) {
    const { [key]: _, ...rest } = record;
    yield rest;
  }
}

/** Copies of a list without a run of entries: half of them first, one by one last. */
export function* withoutRuns<T>(list: readonly T[]): Generator<T[]> {
  for (let size = list.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < list.length; at += size) yield [...list.slice(0, at), ...list.slice(at + size)];
  }
}

/** Shorter code in hex: runs of bytes left out, or, so that jumps still meet, overwritten with JUMPDEST. */
export function* shorterCode(hex: string): Generator<string> {
  const length = hex.length / 2;
  if (length === 0) return;
  yield "";
  for (let size = Math.floor(length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = length - size; at >= 0; at -= size) {
      yield hex.slice(0, 2 * at) + hex.slice(2 * (at + size));
      const run = hex.slice(2 * at, 2 * (at + size));
      if (!/^(5b)+$/.test(run)) yield hex.slice(0, 2 * at) + "5b".repeat(size) + hex.slice(2 * (at + size));
    }
  }
}
