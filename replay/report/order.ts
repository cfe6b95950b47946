import type { Damage, Divergence, Unsupported } from "./schema.ts";

/** Chain order: by root block (unconfirmed blocks last), its own finding first, then by shard and height. */
export function compareDivergences(a: Divergence, b: Divergence): number {
  return comparePlaces(a, b) || compareText(a.hash, b.hash);
}

export function compareUnsupported(a: Unsupported, b: Unsupported): number {
  return comparePlaces(a, b) || compareText(a.message, b.message);
}

export function compareDamage(a: Damage, b: Damage): number {
  return comparePlaces(a, b) || compareText(a.message, b.message);
}

/** By code unit: the same on every machine, whatever its language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Place {
  readonly fullShardId: number | null;
  readonly height: number | null;
  readonly rootHeight: number | null;
}

function comparePlaces(a: Place, b: Place): number {
  return (
    compareNumbers(a.rootHeight ?? Number.POSITIVE_INFINITY, b.rootHeight ?? Number.POSITIVE_INFINITY) ||
    compareNumbers(a.fullShardId ?? 0, b.fullShardId ?? 0) ||
    compareNumbers(a.height ?? 0, b.height ?? 0)
  );
}

function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
