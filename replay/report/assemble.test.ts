import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assembleReport } from "./assemble.ts";
import { divergence, HASH, rangeResult, reportInput, triageOf } from "./report.testkit.ts";
import type { Damage, RangeResult, Unsupported } from "./schema.ts";

const damage: Damage = {
  fullShardId: 1,
  height: 4,
  hash: HASH,
  rootHeight: 2,
  message: "checksum mismatch",
  file: "000004.sst",
  offset: 12,
  key: null,
};
const unsupported: Unsupported = { fullShardId: 1, height: 5, hash: HASH, rootHeight: 2, message: "merge operands" };

const RESULTS: RangeResult[] = [
  rangeResult(0, { divergences: [divergence(1, 65538, 8), divergence(1, 1, 9), divergence(1, null, 1)] }),
  rangeResult(1, { damage: [damage], unsupported: [unsupported], warnings: ["b"] }),
  rangeResult(2, { damage: [damage], divergences: [divergence(null, 1, 30)], warnings: ["a", "b"] }),
  rangeResult(3),
];

describe("assembleReport", () => {
  it("sums totals exactly", () => {
    const { totals, shards } = assembleReport(reportInput(RESULTS));
    expect(totals).toEqual({
      rootBlocks: 4,
      minorBlocks: 4,
      transactions: 8,
      deposits: 12,
      gasUsed: `${2n ** 66n}`,
      xshardGasUsed: "36000",
    });
    expect(shards).toEqual([{ ...totals, fullShardId: 1, rootBlocks: 0 }]);
  });

  it("puts findings in chain order, each once", () => {
    const report = assembleReport(reportInput(RESULTS));
    expect(report.divergences.map((item) => [item.rootHeight, item.fullShardId, item.height])).toEqual([
      [1, null, 1],
      [1, 1, 9],
      [1, 65538, 8],
      [null, 1, 30],
    ]);
    expect(report.damage).toEqual([damage]);
    expect(report.warnings).toEqual(["a", "b"]);
  });

  it("gives the same bytes for results in any order", () => {
    const inOrder = JSON.stringify({ ...assembleReport(reportInput(RESULTS)), timing: null });
    fc.assert(
      fc.property(fc.shuffledSubarray(RESULTS, { minLength: RESULTS.length }), (shuffled) => {
        const report = assembleReport(reportInput(shuffled));
        expect(JSON.stringify({ ...report, timing: null })).toBe(inOrder);
      }),
    );
  });

  it("groups divergences by class, with what a closer look said of the first", () => {
    const triages = new Map([[HASH, triageOf("a")]]);
    const found = [
      { ...divergence(1, 1, 9), class: "a" },
      { ...divergence(1, 1, 10), class: "b", hash: "cd".repeat(32) },
    ];
    const report = assembleReport(reportInput([rangeResult(0, { divergences: found })], { triages }));
    expect(report.divergences.map(({ triage }) => triage?.class)).toEqual(["a", undefined]);
    expect(report.classes).toEqual([
      {
        name: "a",
        explanation: "because",
        count: 1,
        first: { fullShardId: 1, height: 9, hash: HASH },
        allowed: null,
      },
      expect.objectContaining({ name: "b", explanation: "", count: 1 }),
    ]);
  });

  it("writes keys in the order of the schema, however the runner made its objects", () => {
    const { hash, height, ...rest } = divergence(1, 1, 9);
    const report = assembleReport(reportInput([rangeResult(0, { divergences: [{ ...rest, height, hash }] })]));
    expect(Object.keys(report.divergences[0])[0]).toBe("fullShardId");
    expect(Object.keys(report.divergences[0])[2]).toBe("hash");
    expect(Object.keys(report).at(-1)).toBe("timing");
  });
});

describe("verdict", () => {
  const crash = { code: "CRASH", message: "gone", location: {}, stack: undefined };
  const clean = rangeResult(0);
  const divergent = rangeResult(0, {
    divergences: [divergence(1, 1, 9)],
    damage: [damage],
    unsupported: [unsupported],
  });
  const damaged = rangeResult(0, { damage: [damage], unsupported: [unsupported] });
  const limited = rangeResult(0, { unsupported: [unsupported] });

  it.each([
    ["clean", reportInput([clean])],
    ["divergent", reportInput([divergent])],
    ["damaged", reportInput([damaged])],
    ["unsupported", reportInput([limited])],
    ["interrupted", reportInput([divergent], { interrupted: true })],
    ["error", reportInput([divergent], { failure: crash, interrupted: true })],
    ["damaged", reportInput([], { failure: { ...crash, code: "DATABASE_DAMAGED" } })],
    ["unsupported", reportInput([], { failure: { ...crash, code: "UNSUPPORTED" } })],
  ] as const)("%s", (verdict, input) => {
    const report = assembleReport(input);
    expect(report.verdict).toBe(verdict);
    const findings = input.results.flatMap((result) => result.divergences);
    expect(report.divergences).toHaveLength(findings.length);
  });

  describe("with an allowlist", () => {
    const entry = { class: "unexplained/stateRoot", reason: "known", expires: "2026-12-31" };
    const known = rangeResult(0, { divergences: [divergence(1, 1, 9)] });
    const other = rangeResult(0, { divergences: [divergence(1, 1, 9), { ...divergence(1, 1, 10), class: "x" }] });

    it.each([
      ["clean", "all divergences are allowed", [known], entry],
      ["divergent", "one is not", [other], entry],
      ["divergent", "the entry has expired", [known], { ...entry, expires: "2026-01-01" }],
      ["divergent", "the entry allows nothing", [clean], entry],
      ["clean", "the entry speaks of what was not checked", [clean], { ...entry, rootFrom: 7, rootTo: 9 }],
      ["damaged", "there is damage besides", [rangeResult(0, { ...known, damage: [damage] })], entry],
    ] as const)("%s where %s", (verdict, _, results, allowed) => {
      const report = assembleReport(reportInput(results, { allowlist: [allowed] }));
      expect(report.verdict).toBe(verdict);
      expect(report.allowlist).toEqual([
        expect.objectContaining({ reason: "known", count: report.divergences.filter((one) => one.allowed).length }),
      ]);
    });

    it("is not clean where a limit cut it short", () => {
      const stopped = { reason: "max-divergences", limit: 1, rootHeight: 1 } as const;
      expect(assembleReport(reportInput([known], { allowlist: [entry], stopped }))).toMatchObject({
        verdict: "error",
        error: { code: "INCOMPLETE", message: expect.stringContaining("limit of 1") },
      });
    });
  });

  it("a run that checked nothing is not clean", () => {
    const report = assembleReport(reportInput([]));
    expect(report).toMatchObject({ verdict: "error", error: { code: "NOTHING_CHECKED" } });
  });

  it.each([
    ["a root block is missing", { rootBlocks: 2, minorBlocks: 1, atLeast: false }],
    ["a minor block is missing", { rootBlocks: 1, minorBlocks: 2, atLeast: false }],
    ["a minor block is missing beside unconfirmed ones", { rootBlocks: 1, minorBlocks: 2, atLeast: true }],
    ["a minor block is counted twice", { rootBlocks: 1, minorBlocks: 0, atLeast: false }],
  ])("not clean when %s", (_, expected) => {
    expect(assembleReport(reportInput([clean], { expected }))).toMatchObject({
      verdict: "error",
      error: { code: "INTERNAL" },
    });
  });

  it("unconfirmed blocks come on top of the expected ones", () => {
    const expected = { rootBlocks: 1, minorBlocks: 0, atLeast: true };
    expect(assembleReport(reportInput([clean], { expected })).verdict).toBe("clean");
  });
});
