import { z } from "zod";
import { reasonOf, UsageError } from "../../../node/codec/errors.ts";
import { issueLines } from "../../text/issue-lines.ts";
import { readTextFile } from "../read-text-file.ts";
import type { Report } from "../schema.ts";

/** What is below this differs from night to night on one machine that has other things to do. */
const LEAST_FLOOR = 0.1;
/** Beyond this many median deviations a night is unlike the others. */
const DEVIATIONS = 4;
/** Runs from which the noise of a machine can be told. */
const ENOUGH_RUNS = 5;
/** A month of nights. */
const MOST_RUNS = 30;
/** A shorter run tells more of its start than of its speed. */
const SHORTEST_SECONDS = 10;

const speedRunSchema = z.strictObject({
  startedAt: z.iso.datetime(),
  /** Runs with other options or threads are of another speed. */
  kind: z.string(),
  /** Minor blocks for each second of processor time. */
  blocksPerCpuSecond: z.number().nonnegative(),
  blocksPerSecond: z.number().nonnegative(),
});
const baselineSchema = z.strictObject({ schema: z.literal("qkc-speed/1"), runs: z.array(speedRunSchema) });

/** Speeds of earlier runs, oldest first. */
export type SpeedBaseline = Readonly<z.infer<typeof baselineSchema>>;
type SpeedRun = z.infer<typeof speedRunSchema>;

export interface SpeedChange {
  /** unknown: too short a run, or nothing to compare it with. */
  readonly status: "slower" | "faster" | "same" | "unknown";
  /** Minor blocks for each second of processor time. */
  readonly blocksPerCpuSecond: number;
  /** The usual ones: the median of the baseline, or the older report's; null where neither tells. */
  readonly usual: number | null;
  /** Change against the usual, 0.1 for ten in a hundred; null likewise. */
  readonly change: number | null;
  /** Changes up to this one are noise. */
  readonly noise: number;
  /** Runs that the usual was taken from. */
  readonly runs: number;
}

export const NO_BASELINE: SpeedBaseline = { schema: "qkc-speed/1", runs: [] };

/** Throws UsageError where the file is no baseline. */
export function parseBaseline(path: string): SpeedBaseline {
  try {
    return baselineSchema.parse(JSON.parse(readTextFile(path)));
  } catch (error) {
    if (error instanceof z.ZodError) throw new UsageError([`${path} is no baseline of speeds:`, ...issueLines(error)]);
    throw new UsageError(`${path} cannot be read as a baseline of speeds: ${reasonOf(error)}`);
  }
}

/** With this run's speed behind the others; a run that is too short, or has no whole answer, tells nothing. */
export function withRun(baseline: SpeedBaseline, report: Report): SpeedBaseline {
  const run = speedOf(report);
  if (run === undefined || baseline.runs.some(({ startedAt }) => startedAt === run.startedAt)) return baseline;
  return { ...baseline, runs: [...baseline.runs, run].slice(-MOST_RUNS) };
}

/**
 * Holds a run's speed against the usual one. What a processor second gives is compared: it depends least on what else a
 * machine does. The noise is what earlier runs show, and never taken to be less than a tenth.
 */
export function compareSpeed(older: Report, newer: Report, baseline: SpeedBaseline = NO_BASELINE): SpeedChange {
  const now = speedOf(newer);
  const kind = kindOf(newer);
  const isEarlier = ({ startedAt, kind: other }: SpeedRun) => other === kind && startedAt !== newer.timing.startedAt;
  const stored = baseline.runs.filter(isEarlier);
  const before = stored.length > 0 ? stored : [speedOf(older)].filter((run) => run !== undefined).filter(isEarlier);
  const speeds = before.map(({ blocksPerCpuSecond }) => blocksPerCpuSecond);
  const usual = speeds.length === 0 ? null : median(speeds);
  const noise = noiseOf(speeds, usual);
  const blocksPerCpuSecond = now?.blocksPerCpuSecond ?? 0;
  const change = now === undefined || usual === null || usual === 0 ? null : blocksPerCpuSecond / usual - 1;
  const status = change === null ? "unknown" : change < -noise ? "slower" : change > noise ? "faster" : "same";
  return { status, blocksPerCpuSecond, usual, change, noise, runs: speeds.length };
}

function noiseOf(speeds: readonly number[], usual: number | null): number {
  if (usual === null || usual === 0 || speeds.length < ENOUGH_RUNS) return 2 * LEAST_FLOOR;
  const deviation = median(speeds.map((speed) => Math.abs(speed - usual) / usual));
  return Math.max(LEAST_FLOOR, DEVIATIONS * deviation);
}

function speedOf(report: Report): SpeedRun | undefined {
  const { timing, error, verdict } = report;
  if (error !== null || verdict === "interrupted" || timing.seconds < SHORTEST_SECONDS) return undefined;
  const { startedAt, blocksPerSecond, seconds, cpuSeconds } = timing;
  if (cpuSeconds <= 0 || blocksPerSecond <= 0) return undefined;
  const blocksPerCpuSecond = (blocksPerSecond * seconds) / cpuSeconds;
  return { startedAt, kind: kindOf(report), blocksPerCpuSecond, blocksPerSecond };
}

/** Runs of one kind do the same work on blocks of the same chain. */
function kindOf({ provenance, timing, command }: Report): string {
  const { verifyPow, checkArchive, verifyChecksums } = provenance.flags;
  return [
    command,
    provenance.database?.kind ?? "?",
    `${timing.workers} workers`,
    `node ${timing.node.split(".")[0]}`,
    ...(verifyPow ? ["seals"] : []),
    ...(checkArchive ? ["archive"] : []),
    ...(verifyChecksums === "all" ? ["checksums"] : []),
  ].join(", ");
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
