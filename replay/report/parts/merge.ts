import { UsageError } from "../../../node/codec/errors.ts";
import { assembleReport, divergencesInOrder } from "../assemble.ts";
import { firstOfEachClass } from "../classes/group.ts";
import { lastNeededRange, stoppedByFindings } from "../limits.ts";
import type { RangeResult, Report, Stopped } from "../schema.ts";
import type { Triage } from "../triage-schema.ts";
import { coveringParts } from "./cover.ts";
import type { FoundPart } from "./part-record.ts";

/** The results of a whole run. */
export interface MergedRun {
  readonly parts: readonly FoundPart[];
  readonly results: readonly RangeResult[];
  readonly stopped: Stopped | null;
}

/** What a closer look at divergences came to, by the hash of the block. */
export interface CloserLook {
  readonly triages: ReadonlyMap<string, Triage>;
  readonly classes: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/** Puts the parts of a run together. Throws UsageError where parts are missing, given twice, or of different runs. */
export function mergeParts(found: readonly FoundPart[]): MergedRun {
  const parts = coveringParts(found);
  return { parts, ...cutByFindings(parts) };
}

/**
 * The report of a whole run. But for `timing` it equals that of one process which checks everything, however the run was
 * cut, where the closer look is one at all of it.
 */
export function mergedReport({ parts, results, stopped }: MergedRun, look: CloserLook): Report {
  const [{ record: any }] = parts;
  const sum = (pick: (part: FoundPart) => number) => parts.reduce((total, part) => total + pick(part), 0);
  return assembleReport({
    provenance: any.provenance,
    range: any.range,
    results,
    warnings: [...parts.flatMap(({ record }) => record.warnings), ...look.warnings],
    allowlist: any.allowlist,
    triages: look.triages,
    classes: look.classes,
    expected: {
      rootBlocks: sum(({ record }) => record.expected.rootBlocks),
      minorBlocks: sum(({ record }) => record.expected.minorBlocks),
      atLeast: parts.some(({ record }) => record.expected.atLeast),
    },
    stopped,
    interrupted: false,
    failure: undefined,
    timing: mergedTiming(parts, results),
  });
}

/** The closer look of the parts: each has seen its own divergences alone, and what explains them all may be another thing. */
export function lookOfParts({
  parts,
  results,
}: MergedRun): CloserLook & { readonly folders: ReadonlyMap<string, string> } {
  const classes = new Map(parts.flatMap(({ record }) => record.look.classes));
  const divergences = divergencesInOrder(results).map((one) => ({ ...one, class: classes.get(one.hash) ?? one.class }));
  // Together the parts have looked at more of a class than one process would have.
  const wanted = new Set(firstOfEachClass(divergences).map(({ hash }) => hash));
  const kept = parts.flatMap(({ folder, record }) =>
    record.look.triages.filter(([hash]) => wanted.has(hash)).map(([hash, triage]) => ({ hash, triage, folder })),
  );
  const warnings = parts.flatMap(({ record }) => record.look.warnings);
  const isWhole = parts.length === 1 || divergences.length === 0;
  return {
    triages: new Map(kept.map(({ hash, triage }) => [hash, triage])),
    classes,
    warnings: isWhole
      ? warnings
      : [...warnings, "each part was looked at by itself: with --db the merge looks at the whole"],
    folders: new Map(kept.map(({ hash, folder }) => [hash, folder])),
  };
}

/** Everything up to the range that has one finding too many, as a single process cuts it. */
function cutByFindings(parts: readonly FoundPart[]): {
  readonly results: readonly RangeResult[];
  readonly stopped: Stopped | null;
} {
  const { ranges, maxFindings } = parts[0].record;
  const results = parts.flatMap(({ record }) => record.results);
  const done = new Map(results.map((result) => [result.index, result]));
  const limits = { maxDivergences: Number.POSITIVE_INFINITY, maxFindings };
  const last = lastNeededRange(ranges, done, limits);
  const needed = ranges.slice(0, (last ?? ranges.length - 1) + 1);
  const missing = needed.find(({ index }) => !done.has(index));
  if (missing !== undefined) {
    const { folder } = parts.find(({ record }) => missing.index < record.first + record.count) as FoundPart;
    const where = `root blocks ${missing.firstRootHeight}..${missing.lastRootHeight}`;
    throw new UsageError(`${folder} has no result for ${where}: check this part once more`);
  }
  return {
    results: needed.map(({ index }) => done.get(index) as RangeResult),
    stopped: last === undefined ? null : stoppedByFindings(done.get(last) as RangeResult, limits),
  };
}

/** From the first start to the last end; work and threads of all machines together. */
function mergedTiming(parts: readonly FoundPart[], results: readonly RangeResult[]): Omit<Report["timing"], "stages"> {
  const timings = parts.map(({ record }) => record.timing);
  const sum = (pick: (timing: Report["timing"]) => number) => timings.reduce((total, one) => total + pick(one), 0);
  const startedAt = timings.map((timing) => timing.startedAt).sort()[0];
  const finishedAt = timings
    .map((timing) => timing.finishedAt)
    .sort()
    .at(-1) as string;
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  const shards = results.flatMap((result) => result.shards);
  const blocks = shards.reduce((total, { minorBlocks }) => total + minorBlocks, 0);
  const gas = shards.reduce((total, { gasUsed }) => total + Number(gasUsed), 0);
  return {
    startedAt,
    finishedAt,
    seconds,
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    peakMemoryBytes: Math.max(...timings.map(({ peakMemoryBytes }) => peakMemoryBytes)),
    workers: sum(({ workers }) => workers),
    resumedRanges: sum(({ resumedRanges }) => resumedRanges),
    ranges: parts[0].record.ranges.length,
    blocksPerSecond: seconds > 0 ? blocks / seconds : 0,
    mgasPerSecond: seconds > 0 ? gas / 1e6 / seconds : 0,
    stalls: timings.flatMap(({ stalls }) => stalls),
    databasePath: timings[0].databasePath,
    ...(timings[0].configPath === undefined ? {} : { configPath: timings[0].configPath }),
    ...(timings[0].program === undefined ? {} : { program: timings[0].program }),
    node: timings[0].node,
  };
}
