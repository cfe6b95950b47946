import { describe, expect, it } from "vitest";
import { assembleReport } from "../assemble.ts";
import { rangeResult, reportInput } from "../report.testkit.ts";
import type { Report } from "../schema.ts";
import { compareSpeed, NO_BASELINE, type SpeedBaseline, withRun } from "./speed.ts";

/** A minute on two threads: `perCpuSecond` blocks for each second of processor time. */
function run(perCpuSecond: number, day: number, timing: Partial<Report["timing"]> = {}): Report {
  const input = reportInput([rangeResult(0)]);
  const startedAt = `2026-11-${`${day}`.padStart(2, "0")}T01:00:00.000Z`;
  const blocksPerSecond = (perCpuSecond * 100) / 60;
  return assembleReport({ ...input, timing: { ...input.timing, startedAt, blocksPerSecond, ...timing } });
}

function nights(...speeds: readonly number[]): SpeedBaseline {
  return speeds.reduce((baseline, speed, i) => withRun(baseline, run(speed, i + 1)), NO_BASELINE);
}

describe("compareSpeed", () => {
  it("without a baseline the older report's speed is the usual one, and a fifth is noise", () => {
    expect(compareSpeed(run(1000, 1), run(810, 2))).toMatchObject({ status: "same", usual: 1000, noise: 0.2, runs: 1 });
    expect(compareSpeed(run(1000, 1), run(790, 2)).status).toBe("slower");
    expect(compareSpeed(run(1000, 1), run(1210, 2)).status).toBe("faster");
  });

  it("quiet nights tell a tenth, unruly ones do not", () => {
    const quiet = nights(1000, 1001, 999, 1000, 1002);
    expect(compareSpeed(run(1, 9), run(880, 20), quiet)).toMatchObject({ status: "slower", noise: 0.1, runs: 5 });
    const unruly = nights(1000, 1100, 900, 1080, 920);
    expect(compareSpeed(run(1, 9), run(880, 20), unruly)).toMatchObject({ status: "same" });
    expect(compareSpeed(run(1, 9), run(600, 20), unruly)).toMatchObject({ status: "slower" });
  });

  it("says nothing of a short run, of an unfinished one, and of one like no other", () => {
    expect(compareSpeed(run(1000, 1), run(10, 2, { seconds: 3 })).status).toBe("unknown");
    expect(compareSpeed(run(1000, 1), run(10, 2, { workers: 8 })).status).toBe("unknown");
    expect(compareSpeed(run(1000, 1), run(10, 1)).status).toBe("unknown");
    const failure = { code: "CRASH", message: "died", location: {}, stack: undefined };
    const failed = assembleReport({ ...reportInput([rangeResult(0)]), failure });
    expect(compareSpeed(run(1000, 1), failed).status).toBe("unknown");
  });

  it("a baseline keeps the newest month of whole runs, each once", () => {
    expect(nights(...Array.from({ length: 28 }, () => 5)).runs).toHaveLength(28);
    const many = Array.from({ length: 40 }, (_, i) =>
      run(i + 1, (i % 28) + 1, { startedAt: new Date(i * 1e8).toISOString() }),
    );
    const full = many.reduce(withRun, NO_BASELINE);
    expect(full.runs).toHaveLength(30);
    expect(full.runs[0].blocksPerCpuSecond).toBeCloseTo(11);
    expect(withRun(full, many[39])).toBe(full);
    expect(withRun(NO_BASELINE, run(5, 1, { seconds: 1 }))).toBe(NO_BASELINE);
  });
});
