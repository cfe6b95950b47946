/** What a search among switches came to. */
export interface SwitchSet {
  /** In the order given; empty: no set was found. */
  readonly names: readonly string[];
  /** Executions that it took. */
  readonly runs: number;
}

/**
 * The smallest set of switches that, toggled, restores something: each alone, then pairs, then what is left of all of
 * them when one after the other is left out. Of sets of one size the first in the order of `names` counts.
 *
 * Where toggling all of them restores it, a switch that all others cannot do without is in every set: such switches
 * are the start of the search, and mostly its end. (Two switches whose effects cancel out exactly could break that.)
 * @param restores asked at most once for a set
 * @param maxRuns executions after which no further pairs are tried
 */
export function smallestSet(
  names: readonly string[],
  restores: (toggled: ReadonlySet<string>) => boolean,
  maxRuns: number,
): SwitchSet {
  const known = new Map<string, boolean>();
  const works = (toggled: readonly string[]): boolean => {
    const ordered = names.filter((name) => toggled.includes(name));
    const key = ordered.join();
    let answer = known.get(key);
    if (answer === undefined) {
      answer = restores(new Set(ordered));
      known.set(key, answer);
    }
    return answer;
  };
  const found = (): readonly string[] => {
    const allWork = names.length > 0 && works(names);
    const core = allWork ? names.filter((name) => !works(without(names, name))) : [];
    if (core.length > 0 && works(core)) return core;
    const others = names.filter((name) => !core.includes(name));
    for (const more of singlesThenPairs(others)) {
      if (known.size >= maxRuns) break;
      if (works([...core, ...more])) return [...core, ...more];
    }
    return allWork ? reduced(names, works) : [];
  };
  const set = found();
  return { names: names.filter((name) => set.includes(name)), runs: known.size };
}

function* singlesThenPairs(names: readonly string[]): Generator<readonly string[]> {
  for (const name of names) yield [name];
  for (const [i, first] of names.entries()) {
    for (const second of names.slice(i + 1)) yield [first, second];
  }
}

/** A set of which none can be left out any more. */
function reduced(names: readonly string[], works: (toggled: readonly string[]) => boolean): readonly string[] {
  let left = names;
  for (const name of names) {
    const fewer = without(left, name);
    if (fewer.length > 0 && works(fewer)) left = fewer;
  }
  return left;
}

function without(names: readonly string[], name: string): string[] {
  return names.filter((other) => other !== name);
}
