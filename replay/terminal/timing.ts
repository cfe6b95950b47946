import type { RangeResult, Report } from "../report/schema.ts";
import { programText } from "../text/command-text.ts";
import type { Stall } from "../work/monitor.ts";

export interface RunClock {
  readonly startedAt: Date;
  readonly cpu: NodeJS.CpuUsage;
}

export interface TimingInput {
  readonly databasePath: string;
  readonly configPath?: string;
  readonly workers: number;
  readonly ranges: number;
  readonly results: readonly RangeResult[];
  /** Results of an earlier process: not this one's work. */
  readonly resumed: ReadonlyMap<number, RangeResult>;
  readonly stalls: readonly Stall[];
}

export function startClock(): RunClock {
  return { startedAt: new Date(), cpu: process.cpuUsage() };
}

/** The part of a report that belongs to this process and machine; speeds count this process's blocks alone. */
export function runTiming(clock: RunClock, input: TimingInput): Omit<Report["timing"], "stages"> {
  const finishedAt = new Date();
  const seconds = (finishedAt.getTime() - clock.startedAt.getTime()) / 1000;
  const cpu = process.cpuUsage(clock.cpu);
  const shards = input.results.filter(({ index }) => !input.resumed.has(index)).flatMap((result) => result.shards);
  const blocks = shards.reduce((sum, { minorBlocks }) => sum + minorBlocks, 0);
  const gas = shards.reduce((sum, { gasUsed }) => sum + Number(gasUsed), 0);
  return {
    startedAt: clock.startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    workers: input.workers,
    ranges: input.ranges,
    resumedRanges: input.resumed.size,
    blocksPerSecond: seconds > 0 ? blocks / seconds : 0,
    mgasPerSecond: seconds > 0 ? gas / 1e6 / seconds : 0,
    stalls: [...input.stalls],
    databasePath: input.databasePath,
    ...(input.configPath === undefined ? {} : { configPath: input.configPath }),
    program: programText(),
    node: process.version,
  };
}
