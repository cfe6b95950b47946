import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { limitWarnings, startLimits } from "./start-limits.ts";

const GIBIBYTE = 2 ** 30;
const PLENTY = { workers: 4, memoryBytes: 64 * GIBIBYTE, diskBytes: 64 * GIBIBYTE, openFiles: 4096 };

describe("limitWarnings", () => {
  it("says nothing where there is enough, or nothing is known", () => {
    expect(limitWarnings(PLENTY)).toEqual([]);
    expect(limitWarnings({ ...PLENTY, diskBytes: undefined, openFiles: undefined })).toEqual([]);
  });

  it("names what is short, and a number of workers that fits", () => {
    const [memory] = limitWarnings({ ...PLENTY, memoryBytes: GIBIBYTE });
    const fitting = Number(/--workers (\d+) fits/.exec(memory)?.[1]);
    expect(memory).toMatch(/^4 workers may take \d+ MiB, there are 1024 MiB/);
    expect(limitWarnings({ ...PLENTY, workers: fitting, memoryBytes: GIBIBYTE })).toEqual([]);
    expect(limitWarnings({ ...PLENTY, diskBytes: 5 * 2 ** 20 })).toEqual([expect.stringMatching(/^5 MiB are left/)]);
    expect(limitWarnings({ ...PLENTY, openFiles: 64 })).toEqual([expect.stringContaining("ulimit -n 192")]);
  });
});

describe("startLimits", () => {
  it("reads what the system gives this process", () => {
    const { memoryBytes, diskBytes, openFiles } = startLimits(2, ".");
    expect(memoryBytes).toBeGreaterThan(2 ** 26);
    expect(diskBytes).toBeGreaterThan(0);
    const shell = execFileSync("bash", ["-c", "ulimit -Sn"], { encoding: "utf8" }).trim();
    expect(`${openFiles ?? "unlimited"}`).toBe(shell);
    expect(startLimits(2, "/nowhere").diskBytes).toBeUndefined();
  });
});
