import type { Divergence, Report } from "../report/schema.ts";
import { blockName, shardHex } from "../text/block-name.ts";

/** Where a finding is, as people say it. */
export function placeOf({ fullShardId, height }: { fullShardId: number | null; height: number | null }): string {
  if (height !== null) return blockName({ fullShardId, height }, shardHex);
  return fullShardId === null ? "database" : `shard ${shardHex(fullShardId)}`;
}

/** What a divergence consists of, in a few words. */
export function divergenceTitle({ fields, violations }: Divergence): string {
  return [...fields.map(({ field }) => field), ...violations.map(({ code }) => code)].join(", ");
}

/** Words for the whole run. */
export function runTitle({ command, provenance, range }: Report): string {
  const database = provenance.database === null ? "" : ` of a ${provenance.database.kind} database`;
  return range === null
    ? `${command}${database}`
    : `${command}${database}, root blocks ${range.rootFrom}..${range.rootTo}`;
}

/** A part of the run's root blocks, inclusive heights. */
export interface RootSpan {
  readonly from: number;
  readonly to: number;
}

/** The run's root blocks in at most `count` parts of equal length, the last one maybe shorter. */
export function rootSpans(range: NonNullable<Report["range"]>, count: number): RootSpan[] {
  const length = Math.max(1, Math.ceil((range.rootTo - range.rootFrom + 1) / count));
  const spans: RootSpan[] = [];
  for (let from = range.rootFrom; from <= range.rootTo; from += length) {
    spans.push({ from, to: Math.min(from + length - 1, range.rootTo) });
  }
  return spans;
}
