import type { Divergence, Report } from "../schema.ts";

/** What became of a class of divergences. */
export interface ClassChange {
  readonly name: string;
  readonly status: "new" | "grown" | "known" | "gone";
  /** Blocks of it in the newer run, and those among them that are new. */
  readonly count: number;
  readonly fresh: number;
  readonly explanation: string;
}

interface Divergences {
  readonly fresh: readonly Divergence[];
  readonly known: readonly Divergence[];
  readonly gone: readonly Divergence[];
  readonly unseen: readonly Divergence[];
}

/** Classes of both runs, new ones first. */
export function classChanges({ fresh, known, gone, unseen }: Divergences, newer: Report): ClassChange[] {
  const before = new Set([...gone, ...unseen].map(({ class: name }) => name));
  const freshCounts = countsOf(fresh);
  const knownCounts = countsOf(known);
  const explanations = new Map(newer.classes.map(({ name, explanation }) => [name, explanation]));
  const present = [...new Set([...freshCounts.keys(), ...knownCounts.keys()])].map((name): ClassChange => {
    const [added, kept] = [freshCounts.get(name) ?? 0, knownCounts.get(name) ?? 0];
    const wasThere = kept > 0 || before.has(name);
    const status = added === 0 ? "known" : wasThere ? "grown" : "new";
    return { name, status, count: added + kept, fresh: added, explanation: explanations.get(name) ?? "" };
  });
  const absent = [...countsOf(gone).keys()]
    .filter((name) => !freshCounts.has(name) && !knownCounts.has(name))
    .map((name): ClassChange => ({ name, status: "gone", count: 0, fresh: 0, explanation: "" }));
  const order = ["new", "grown", "known", "gone"];
  return [...present, ...absent].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
}

function countsOf(divergences: readonly Divergence[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { class: name } of divergences) if (name !== null) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
