import { expect } from "vitest";
import type { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { surveyDatabase } from "../database/survey.ts";
import { createRangeRunner } from "../execution/range-runner.ts";
import type { EngineWrapper } from "../execution/shard-rig.ts";
import { assembleReport, divergencesInOrder, type ReportInput } from "../report/assemble.ts";
import { describeFailure, isFinding, type RunFailure } from "../report/failure.ts";
import type { FoundDivergence, RangeResult, Report } from "../report/schema.ts";
import { summarize } from "../report/summary.ts";
import { exitCodeOfError, exitCodeOfVerdict } from "../terminal/exit-code.ts";
import { runTiming, startClock } from "../terminal/timing.ts";
import { colorsFor } from "../text/colors.ts";
import { findCauses } from "../triage/divergence-causes.ts";
import { type CheckdbOptions, checkdbRequest } from "../work/checkdb-request.ts";
import { planRun, provenanceOf } from "../work/planned-run.ts";

/** What the command would answer. */
export interface CheckAnswer {
  readonly exitCode: number;
  /** The summary, or the sentence of an error that keeps the command from a report. */
  readonly text: string;
  /** Undefined where there is no report. */
  readonly report: Report | undefined;
  /** The report's divergences as the check found them. */
  readonly found: readonly FoundDivergence[];
}

export type CheckOptions = Partial<Omit<CheckdbOptions, "db">> & { readonly wrapEngine?: EngineWrapper };

/** The check behind `qkc checkdb --db <db>` in this thread: same plan, ranges, report and exit code, no files written. */
export async function checkInProcess(db: string, { wrapEngine, ...options }: CheckOptions = {}): Promise<CheckAnswer> {
  const request = checkdbRequest({ db, verifyChecksums: "default", stallTimeout: 60, ...options });
  const clock = startClock();
  const answer = (
    parts: Pick<ReportInput, "provenance" | "range" | "results" | "warnings" | "expected" | "failure">,
  ) => {
    const { results } = parts;
    const ranges = { ranges: results.length, results, resumed: new Map<number, RangeResult>() };
    const { configPath } = request;
    const timing = runTiming(clock, { databasePath: db, configPath, workers: 1, ...ranges, stalls: [] });
    return answerOf(
      assembleReport({ ...parts, allowlist: [], triages: new Map(), stopped: null, interrupted: false, timing }),
      divergencesInOrder(results),
    );
  };
  try {
    const survey = await surveyDatabase(request);
    const run = planRun(request, survey);
    survey.close();
    const { plan, provenance, warnings, expected } = run;
    const results: RangeResult[] = [];
    const runner = createRangeRunner(plan, findCauses, wrapEngine);
    let failure: RunFailure | undefined;
    try {
      for (const range of run.ranges) results.push((await runner.run(range, UNWATCHED, () => false)) as RangeResult);
    } catch (error) {
      failure = describeFailure(error);
    } finally {
      runner.close();
    }
    const range = { rootFrom: plan.rootFrom, rootTo: plan.rootTo, shards: [...plan.shards] };
    return answer({ provenance, range, results, warnings, expected, failure });
  } catch (error) {
    const failure = describeFailure(error);
    if (!isFinding(failure))
      return { exitCode: exitCodeOfError(error), text: failure.message, report: undefined, found: [] };
    const provenance = provenanceOf(request, undefined);
    return answer({ provenance, range: null, results: [], warnings: [], expected: undefined, failure });
  }
}

const UNWATCHED = { startBlock: () => {}, finishBlock: () => {}, countDivergence: () => {} };

function answerOf(report: Report, found: readonly FoundDivergence[]): CheckAnswer {
  const text = summarize(report, { colors: colorsFor(false, {}), reportPath: undefined, next: undefined });
  return { exitCode: exitCodeOfVerdict(report.verdict), text, report, found };
}

/** As checkInProcess; the twin is gone afterwards. */
export async function checkTwin(twin: DatabaseTwin, options: CheckOptions): Promise<CheckAnswer> {
  try {
    return await checkInProcess(twin.dir, options);
  } finally {
    twin.remove();
  }
}

/** Fields and rules of each divergence, by place: shard/height or root/height. */
export function divergencesOf({ report }: CheckAnswer): Record<string, { fields: string[]; rules: string[] }> {
  const entries = report?.divergences.map(({ fullShardId, height, fields, violations }) => [
    `${fullShardId ?? "root"}/${height}`,
    { fields: fields.map(({ field }) => field), rules: violations.map(({ code }) => code) },
  ]);
  return Object.fromEntries(entries ?? []);
}

/** A damaged database: exit code 4, nothing but damage, the sentence in the report and on the screen. */
export function expectDamage({ exitCode, report, text }: CheckAnswer, sentence: RegExp): void {
  expect(report?.divergences).toEqual([]);
  expect(report?.damage.map(({ message }) => message).join("\n")).toMatch(sentence);
  expect(text).toMatch(sentence);
  expect(exitCode).toBe(4);
}
