/** How a candidate is judged. */
export interface Judge<T> {
  /** The candidate with the reference's answer; rejects where it cannot even be set up. */
  readonly answered: (candidate: T) => Promise<T>;
  readonly differs: (answered: T) => boolean;
  /** How many candidates are tried at most. */
  readonly limit: number;
}

/** The smallest case that still differs, found by trying `candidatesOf` again and again: large cuts should come first. */
export async function shrinkAnswered<T>(
  first: T,
  candidatesOf: (current: T) => Iterable<T>,
  { answered, differs, limit }: Judge<T>,
): Promise<T> {
  let smallest = first;
  let tried = 0;
  for (let wasCut = true; wasCut; ) {
    wasCut = false;
    for (const candidate of candidatesOf(smallest)) {
      if (tried++ >= limit) return smallest;
      const judged = await answered(candidate).catch(() => undefined);
      if (judged === undefined || !differs(judged)) continue;
      smallest = judged;
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
