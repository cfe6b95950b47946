import { assembleReport, type ReportInput } from "../report/assemble.ts";
import type { Report } from "../report/schema.ts";
import { type RunClock, runTiming } from "./timing.ts";

export interface UnusableRun extends Pick<ReportInput, "provenance" | "failure" | "replay"> {
  readonly databasePath: string;
  readonly configPath: string | undefined;
  readonly workers: number;
}

/** The report of a run that could not even begin. */
export function unusableReport(clock: RunClock, { databasePath, configPath, workers, ...run }: UnusableRun): Report {
  return assembleReport({
    ...run,
    range: null,
    results: [],
    warnings: [],
    allowlist: [],
    triages: new Map(),
    expected: undefined,
    stopped: null,
    interrupted: false,
    timing: runTiming(clock, {
      databasePath,
      configPath,
      workers,
      ranges: 0,
      results: [],
      resumed: new Map(),
      stalls: [],
    }),
  });
}
