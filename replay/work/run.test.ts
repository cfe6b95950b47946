import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { assembleReport } from "../report/assemble.ts";
import type { Range, RangeResult, Report } from "../report/schema.ts";
import { type BuiltProject, buildProject, temporaryFolder } from "./built-project.testkit.ts";
import { createSharedCounters, RunCounters } from "./counters.ts";
import {
  type Behaviour,
  checkedRootHeights,
  type FakeDatabase,
  minorBlocksAt,
  surveyFakeDatabase,
  writeFakeDatabase,
} from "./fake-database.testkit.ts";
import { planRanges } from "./plan.ts";
import type { RunPlan } from "./range-job.ts";
import { executeRun, type RunOutcome } from "./run.ts";

const SHARDS = [1, 65538, 65539];
const TIP = 60;

let project: BuiltProject;
let folder: ReturnType<typeof temporaryFolder>;

beforeAll(() => {
  project = buildProject();
});
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

interface Options {
  readonly workers?: number;
  readonly maxDivergences?: number | null;
  readonly done?: ReadonlyMap<number, RangeResult>;
  readonly batch?: number;
  readonly heapMegabytes?: number;
  readonly maxFindings?: number;
  readonly workerFile?: URL;
  readonly onResult?: (result: RangeResult, counters: RunCounters) => void;
}

interface Ran {
  readonly outcome: RunOutcome;
  readonly ranges: readonly Range[];
  readonly recorded: Map<number, RangeResult>;
  readonly db: string;
  readonly plan: RunPlan;
}

async function run(database: Partial<FakeDatabase>, options: Options = {}): Promise<Ran> {
  const db = writeFakeDatabase(join(folder.path, "db"), { tipHeight: TIP, shards: SHARDS, ...database });
  const survey = await surveyFakeDatabase({
    db,
    configPath: undefined,
    rootTip: undefined,
    verifyChecksums: "default",
    shards: undefined,
  });
  const costs = survey.costs(1, TIP, SHARDS);
  const ranges = planRanges({ rootFrom: 1, costs, batch: options.batch ?? 5, unconfirmed: false });
  const plan: RunPlan = {
    db,
    configPath: "",
    rootFrom: 1,
    rootTo: TIP,
    shards: SHARDS,
    flags: {
      verifyPow: false,
      checkArchive: false,
      verifyChecksums: "default",
      unconfirmed: false,
      rootTip: null,
      maxDivergences: options.maxDivergences ?? null,
    },
    rootTipHeight: TIP,
    anchors: ranges.map(({ lastRootHeight }) => survey.rootHashAt(lastRootHeight)),
    ethashCaches: null,
    cacheBytesPerWorker: 1,
    maxFindings: options.maxFindings ?? 1000,
  };
  const workers = options.workers ?? 2;
  const shared = createSharedCounters(workers, SHARDS);
  const counters = new RunCounters(shared);
  const recorded = new Map(options.done);
  const outcome = await executeRun({
    workerFile: options.workerFile ?? project.file("replay/work/fake-worker.testkit.ts"),
    input: { plan, counters: shared },
    ranges,
    done: options.done ?? new Map(),
    workers,
    heapMegabytes: options.heapMegabytes ?? 512,
    record: async (result) => {
      recorded.set(result.index, result);
      options.onResult?.(result, counters);
    },
  });
  return { outcome, ranges, recorded, db, plan };
}

function reportOf({ outcome, plan }: Ran): Omit<Report, "timing"> {
  const { timing: _, ...report } = assembleReport({
    provenance: {
      program: "qkc-replay",
      version: "0",
      database: null,
      configHash: null,
      ruleSet: null,
      flags: plan.flags,
    },
    range: { rootFrom: plan.rootFrom, rootTo: plan.rootTo, shards: [...plan.shards] },
    results: outcome.results,
    warnings: [],
    allowlist: [],
    triages: new Map(),
    expected: { rootBlocks: TIP, minorBlocks: expectedMinorBlocks(), atLeast: false },
    stopped: outcome.stopped,
    interrupted: outcome.interrupted,
    failure: outcome.failure,
    timing: {
      startedAt: "2026-01-01T00:00:00Z",
      finishedAt: "2026-01-01T00:00:00Z",
      seconds: 0,
      cpuSeconds: 0,
      peakMemoryBytes: 0,
      workers: 0,
      resumedRanges: 0,
      ranges: 0,
      blocksPerSecond: 0,
      mgasPerSecond: 0,
      stalls: [],
      databasePath: "",
      node: "",
    },
  });
  return report;
}

function expectedMinorBlocks(): number {
  let blocks = 0;
  for (const shard of SHARDS) for (let height = 1; height <= TIP; height++) blocks += minorBlocksAt(shard, height);
  return blocks;
}

const MANY_FINDINGS: Record<string, Behaviour> = {
  "1/7": "diverge",
  "65538/7": "diverge",
  "65539/18": "diverge",
  "0/33": "diverge",
  "1/41": "diverge",
  "1/42": "diverge",
  "65538/3": "damage",
  "65539/59": "unsupported",
};

describe("executeRun", () => {
  it("counts every block of a clean database", async () => {
    const ran = await run({});
    const report = reportOf(ran);
    expect(report.verdict).toBe("clean");
    expect(report.totals.rootBlocks).toBe(TIP);
    expect(report.totals.minorBlocks).toBe(expectedMinorBlocks());
    expect(checkedRootHeights(ran.db).sort((a, b) => a - b)).toEqual(Array.from({ length: TIP }, (_, i) => i + 1));
  });

  it.each([1, 2, 4])("gives the same report with %i workers", async (workers) => {
    const report = reportOf(await run({ behaviours: MANY_FINDINGS }, { workers }));
    expect(report.divergences.map(({ rootHeight, fullShardId }) => [rootHeight, fullShardId])).toEqual([
      [7, 1],
      [7, 65538],
      [18, 65539],
      [33, null],
      [41, 1],
      [42, 1],
    ]);
    expect(JSON.stringify(report)).toBe(
      JSON.stringify(reportOf(await run({ behaviours: MANY_FINDINGS }, { workers: 1 }))),
    );
  });

  it("continues after a stop and ends in the same report, without doing a range twice", async () => {
    const whole = reportOf(await run({ behaviours: MANY_FINDINGS }));
    const first = await run(
      { behaviours: MANY_FINDINGS, blockMilliseconds: 1 },
      { onResult: (_, counters) => counters.stop() },
    );
    expect(first.outcome.interrupted).toBe(true);
    expect(first.recorded.size).toBeGreaterThan(0);
    expect(first.recorded.size).toBeLessThan(first.ranges.length);

    const doneHeights = new Set<number>();
    for (const index of first.recorded.keys()) {
      const range = first.ranges[index];
      for (let height = range.firstRootHeight; height <= range.lastRootHeight; height++) doneHeights.add(height);
    }
    const before = checkedRootHeights(first.db).length;
    const second = await run({ behaviours: MANY_FINDINGS }, { done: first.recorded });
    expect(JSON.stringify(reportOf(second))).toBe(JSON.stringify(whole));
    const checkedAgain = checkedRootHeights(second.db).slice(before);
    expect(checkedAgain.filter((height) => doneHeights.has(height))).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7])("a limit of %i divergences cuts at the same place for any workers", async (limit) => {
    const [alone, crowd] = [
      await run({ behaviours: MANY_FINDINGS }, { workers: 1, maxDivergences: limit }),
      await run({ behaviours: MANY_FINDINGS }, { workers: 4, maxDivergences: limit }),
    ].map(reportOf);
    expect(JSON.stringify(crowd)).toBe(JSON.stringify(alone));
    const cut = [7, 7, 18, 33, 41, 42, undefined][limit - 1];
    expect(alone.stopped?.rootHeight).toBe(cut);
    expect(alone.totals.rootBlocks).toBe(cut ?? TIP);
    expect(alone.divergences.length).toBe(limit === 1 ? 2 : Math.min(limit, 6));
  });

  it("a cut run that is continued gives the same report again", async () => {
    const first = await run({ behaviours: MANY_FINDINGS }, { maxDivergences: 5 });
    const again = await run({ behaviours: MANY_FINDINGS }, { maxDivergences: 5, done: first.recorded });
    expect(JSON.stringify(reportOf(again))).toBe(JSON.stringify(reportOf(first)));
  });

  it("leaves ranges behind the limit alone", async () => {
    const { db } = await run({ behaviours: { "1/2": "diverge" } }, { workers: 1, maxDivergences: 1 });
    expect(checkedRootHeights(db)).toEqual([1, 2]);
  });

  it.each([1, 3, 8])(
    "a limit of %i findings of any kind ends at a range, the same for any workers",
    async (maxFindings) => {
      const [alone, crowd] = [
        await run({ behaviours: MANY_FINDINGS }, { workers: 1, maxFindings }),
        await run({ behaviours: MANY_FINDINGS }, { workers: 4, maxFindings }),
      ].map(reportOf);
      expect(JSON.stringify(crowd)).toBe(JSON.stringify(alone));
      const rootHeight = { 1: 3, 3: 10, 8: TIP }[maxFindings];
      expect(alone.stopped).toEqual({ reason: "too-many-findings", limit: maxFindings, rootHeight });
      expect(alone.totals.rootBlocks).toBe(rootHeight);
    },
  );

  it.each([1, 2, 3])("a range that reaches the limit alone ends within itself, with %i workers", async (workers) => {
    const behaviours = Object.fromEntries([21, 22, 23, 24, 25].map((height) => [`1/${height}`, "damage" as const]));
    const ran = await run({ behaviours }, { maxFindings: 3, batch: 10, workers });
    expect(reportOf(ran)).toMatchObject({
      stopped: { reason: "too-many-findings", limit: 3, rootHeight: 23 },
      totals: { rootBlocks: 23 },
    });
    expect(ran.outcome.results.at(-1)?.damage).toHaveLength(3);
  });

  it("refuses a result that is not one, at once", async () => {
    const { outcome } = await run({ behaviours: { "1/3": "nonsense" } });
    expect(outcome.failure?.message).toMatch(/^root blocks 1\.\.5 could not be checked: .*hex digits/s);
  });

  it("names the range in which the runner throws", async () => {
    const { outcome } = await run({ behaviours: { "1/23": "throw" } });
    expect(outcome.failure).toMatchObject({
      code: "INTERNAL",
      message: "root blocks 21..25 could not be checked: RangeError: index out of range in the fake runner",
    });
    expect(outcome.failure?.stack).toMatch(/^RangeError: .*\n {4}at act /);
  });

  it("takes damage that the runner throws as a finding with its place", async () => {
    const ran = await run({ behaviours: { "1/23": "throw-damaged" } });
    expect(reportOf(ran)).toMatchObject({
      verdict: "damaged",
      error: null,
      damage: [
        {
          message: "block checksum mismatch (file 000007.sst, offset 12)",
          file: "000007.sst",
          offset: 12,
          height: null,
        },
      ],
    });
  });

  it.each([
    ["exit-thread", 1, /^root blocks 21\.\.25 could not be checked: .*exited with code: 7/],
    ["exit-thread", 4, /^root blocks 21\.\.25 could not be checked: .*exited with code: 7/],
    ["fill-memory", 1, /^root blocks 21\.\.25 could not be checked: the worker ran out of memory/],
  ] as const)(
    "a worker that dies (%s, %i workers) ends the run with the range's name",
    async (behaviour, workers, message) => {
      const ran = await run({ behaviours: { "1/23": behaviour } }, { workers, heapMegabytes: 48 });
      expect(ran.outcome.failure?.code).toBe("CRASH");
      expect(ran.outcome.failure?.message).toMatch(message);
      expect(reportOf(ran).verdict).toBe("error");
    },
  );

  it("a dead worker takes a hanging one with it", async () => {
    const { outcome } = await run({ behaviours: { "1/3": "hang", "1/8": "exit-thread" } });
    expect(outcome.failure?.message).toMatch(/^root blocks 6\.\.10 could not be checked/);
  });

  it("fails where the worker module does not load", async () => {
    const { outcome } = await run({}, { workerFile: project.file("replay/work/no-such-file.ts") });
    expect(outcome.failure?.message).toContain("no-such-file");
  });

  it("does not call a run clean that lost a block", async () => {
    const report = reportOf(await run({ forgets: 1 }));
    expect(report.verdict).toBe("error");
    expect(report.error?.message).toContain("but the range holds");
  });

  it("fails where a result cannot be recorded", async () => {
    const { outcome } = await run(
      {},
      {
        onResult: () => {
          throw new Error("no space left on device");
        },
      },
    );
    expect(outcome.failure?.message).toContain("no space left on device");
    expect(outcome.results.length).toBeGreaterThan(0);
  });
});
