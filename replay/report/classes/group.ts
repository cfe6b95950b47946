import type { Divergence, FoundDivergence } from "../schema.ts";
import type { DivergenceClass } from "../triage-schema.ts";

/** Divergences of a class that get a closer look; the rest is counted. */
export const FULL_PER_CLASS = 5;

/** A divergence whose class is known. */
export type ClassedDivergence = FoundDivergence & { readonly class: string };

/** The divergences that are worth a closer look: the first ones of each class, of all in the order of the chain. */
export function firstOfEachClass(divergences: readonly FoundDivergence[]): ClassedDivergence[] {
  const kept = new Map<string, number>();
  return divergences.filter(isClassed).filter((divergence) => {
    const count = (kept.get(divergence.class) ?? 0) + 1;
    kept.set(divergence.class, count);
    return count <= FULL_PER_CLASS;
  });
}

export function isClassed(divergence: FoundDivergence): divergence is ClassedDivergence {
  return divergence.class !== null;
}

/** The classes of divergences in the order of the chain, by their first one. */
export function groupByClass(divergences: readonly Divergence[]): DivergenceClass[] {
  const groups = new Map<string, Divergence[]>();
  for (const divergence of divergences) {
    if (divergence.class === null) continue;
    const group = groups.get(divergence.class);
    if (group === undefined) groups.set(divergence.class, [divergence]);
    else group.push(divergence);
  }
  return [...groups].map(([name, group]) => {
    const [{ fullShardId, height, hash }] = group;
    const described = group.find(({ triage }) => triage !== null)?.triage;
    return {
      name,
      explanation: described?.attribution.explanation ?? "",
      count: group.length,
      first: { fullShardId, height, hash },
      allowed: allowedReason(group),
    };
  });
}

/** The reason for which all of them are allowed; several are joined. */
function allowedReason(group: readonly Divergence[]): string | null {
  const reasons = new Set<string>();
  for (const { allowed } of group) {
    if (allowed === null) return null;
    reasons.add(allowed);
  }
  return [...reasons].join("; ");
}
