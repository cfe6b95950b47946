import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assembleReport, type ReportInput } from "../assemble.ts";
import { divergence, HASH, rangeResult, reportInput } from "../report.testkit.ts";
import type { Divergence, FoundDivergence, Report } from "../schema.ts";
import { compareReports } from "./compare.ts";

const ROOTS = 20;

/** Divergences at root heights, each of its own block. */
function report(roots: readonly number[], changes: Partial<ReportInput> = {}, finding = differing): Report {
  const results = Array.from({ length: ROOTS }, (_, i) =>
    rangeResult(i, { divergences: roots.filter((root) => root === i + 1).map(finding) }),
  );
  return assembleReport(reportInput(results, changes));
}

function differing(root: number): FoundDivergence {
  return { ...divergence(root, 1, root * 10), hash: root.toString(16).padStart(64, "0") };
}

function heights(list: readonly { readonly divergence: Divergence }[]): (number | null)[] {
  return list.map((one) => one.divergence.rootHeight);
}

const roots = fc.uniqueArray(fc.integer({ min: 1, max: ROOTS }), { maxLength: 8 });

describe("compareReports", () => {
  it("every divergence is exactly one of new, known, gone and not looked at", () => {
    fc.assert(
      fc.property(roots, roots, fc.integer({ min: 1, max: ROOTS }), (old, now, from) => {
        const range = { rootFrom: from, rootTo: ROOTS, shards: [1] };
        const { divergences } = compareReports(
          report(old),
          report(
            now.filter((root) => root >= from),
            { range },
          ),
        );
        const { fresh, known, gone, unseen } = divergences;
        const wanted = (test: (root: number) => boolean) => Array.from({ length: ROOTS }, (_, i) => i + 1).filter(test);
        const isNow = (root: number) => now.includes(root) && root >= from;
        expect(heights(fresh)).toEqual(wanted((root) => isNow(root) && !old.includes(root)));
        expect(heights(known)).toEqual(wanted((root) => isNow(root) && old.includes(root)));
        expect(heights(gone)).toEqual(wanted((root) => root >= from && old.includes(root) && !now.includes(root)));
        expect(heights(unseen)).toEqual(wanted((root) => root < from && old.includes(root)));
      }),
      { seed: 20_261_201, numRuns: 200 },
    );
  });

  it("a known block that differs in another way is new", () => {
    const other = (root: number) => ({
      ...differing(root),
      fields: [{ field: "stateRoot", declared: "aa", computed: "cc" }],
    });
    const { divergences, classes } = compareReports(report([3]), report([3], {}, other));
    expect([divergences.fresh.length, divergences.known.length, divergences.gone.length]).toEqual([1, 0, 1]);
    expect(classes).toMatchObject([{ name: "unexplained/stateRoot", status: "grown", count: 1, fresh: 1 }]);
  });

  it("classes are new, grown, known and gone", () => {
    const named = (names: Readonly<Record<number, string>>) => (root: number) => ({
      ...differing(root),
      class: names[root],
    });
    const old = report([1, 2, 3], {}, named({ 1: "kept", 2: "gone", 3: "growing" }));
    const now = report([1, 3, 4, 5], {}, named({ 1: "kept", 3: "growing", 4: "growing", 5: "fresh" }));
    expect(compareReports(old, now).classes.map(({ name, status }) => [name, status])).toEqual([
      ["fresh", "new"],
      ["growing", "grown"],
      ["kept", "known"],
      ["gone", "gone"],
    ]);
  });

  it("what an earlier report has is known, what is allowed is nothing", () => {
    const sunday = report([2]);
    expect(compareReports(report([]), report([2]), [sunday]).divergences.fresh).toEqual([]);
    expect(compareReports(report([]), report([2])).divergences.fresh).toHaveLength(1);
    const allowlist = [{ class: "unexplained/stateRoot", reason: "known", expires: "9999-12-31" }];
    expect(compareReports(report([]), report([2], { allowlist })).divergences.fresh).toEqual([]);
  });

  it("an allowlist's line that goes out of date is new once", () => {
    const allowlist = [{ class: "unexplained/stateRoot", reason: "known", expires: "2020-01-01" }];
    expect(compareReports(report([]), report([], { allowlist })).outdated).toHaveLength(1);
    expect(compareReports(report([], { allowlist }), report([], { allowlist })).outdated).toEqual([]);
  });

  it("damage is known in whatever file it lies", () => {
    const damaged = (file: string) =>
      report([], {
        failure: { code: "DATABASE_DAMAGED", message: "torn", location: { file }, stack: undefined },
      });
    const { damage } = compareReports(damaged("000012.sst"), damaged("000099.sst"));
    expect([damage.fresh.length, damage.known.length]).toEqual([0, 1]);
  });

  it("nothing is gone that a run without an answer has not seen", () => {
    const failure = { code: "CRASH", message: "a thread died", location: {}, stack: undefined };
    const { divergences } = compareReports(report([2]), report([], { failure }));
    expect([divergences.gone.length, divergences.unseen.length]).toEqual([0, 1]);
  });

  it("refuses another chain, and says what else is not the same", () => {
    const { provenance } = reportInput([]);
    const database = { kind: "pyquarkchain", genesisHash: "cd".repeat(32), tipHash: HASH, tipHeight: 9 };
    const other = report([], { provenance: { ...provenance, database } });
    expect(() => compareReports(other, report([]))).toThrow(/different chains.*\n.*genesis hash: cdcd/);
    const version = report([], { provenance: { ...provenance, version: "0.9.0", configHash: "ef".repeat(32) } });
    expect(compareReports(version, report([])).notes).toEqual([
      "the program was 0.9.0 and is 1.2.3",
      "the configuration is another one",
    ]);
  });
});
