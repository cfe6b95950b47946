import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../node/codec/errors.ts";
import { assembleReport, divergencesInOrder } from "../assemble.ts";
import { FULL_PER_CLASS, firstOfEachClass } from "../classes/group.ts";
import { lastNeededRange, stoppedByFindings } from "../limits.ts";
import { divergence, rangeResult, reportInput, triageOf } from "../report.testkit.ts";
import type { FoundDivergence, Range, RangeResult } from "../schema.ts";
import { lookOfParts, mergedReport, mergeParts } from "./merge.ts";
import { type FoundPart, type PartRecord, parsePartRecord } from "./part-record.ts";

const RUNS = { seed: 20_261_201, numRuns: 200 };
const CLASSES = ["unexplained/stateRoot", "rule/DIFFICULTY", "EIP-2929"];
const MANY = 1_000_000;

interface Whole {
  readonly results: readonly RangeResult[];
  readonly ranges: readonly Range[];
  readonly maxFindings: number;
}

const wholes = fc
  .record({
    findings: fc.array(
      fc.record({
        divergences: fc.array(fc.nat(CLASSES.length - 1), { maxLength: 4 }),
        damage: fc.nat(2),
        warnings: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 2 }),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    maxFindings: fc.constantFrom(3, 10, MANY),
  })
  .map(wholeOf);

function wholeOf(drawn: {
  findings: { divergences: number[]; damage: number; warnings: string[] }[];
  maxFindings: number;
}): Whole {
  const ranges = drawn.findings.map((_, index) => ({
    index,
    firstRootHeight: index + 1,
    lastRootHeight: index + 1,
    unconfirmed: false,
    weight: 1,
  }));
  const results = drawn.findings.map(({ divergences, damage, warnings }, index) =>
    rangeResult(index, {
      divergences: divergences.map((name, i) => ({
        ...divergence(index + 1, 1, index * 10 + i),
        hash: hashOf(index * 10 + i),
        class: CLASSES[name],
      })),
      damage: Array.from({ length: damage }, (_, i) => ({
        ...{ fullShardId: 1, height: index, hash: null, rootHeight: index + 1 },
        ...{ message: `row ${i % 2}`, file: null, offset: null, key: null },
      })),
      warnings,
    }),
  );
  return { ranges, results, maxFindings: drawn.maxFindings };
}

function hashOf(n: number): string {
  return n.toString(16).padStart(64, "0");
}

/** As one process makes it: ranges up to the one with a finding too many, a closer look at the first of each class. */
function ownReport({ ranges, results, maxFindings }: Whole): string {
  const limits = { maxDivergences: MANY, maxFindings };
  const last = lastNeededRange(ranges, new Map(results.map((result) => [result.index, result])), limits);
  const kept = results.slice(0, (last ?? results.length) + 1);
  const look = lookAt(kept);
  const { provenance, timing } = reportInput(results);
  return withoutTiming(
    assembleReport({
      ...{ provenance, timing, results: kept, range: { rootFrom: 1, rootTo: ranges.length, shards: [1] } },
      warnings: ["survey", ...look.warnings],
      allowlist: ALLOWLIST,
      triages: look.triages,
      classes: look.classes,
      expected: { rootBlocks: ranges.length, minorBlocks: ranges.length, atLeast: false },
      stopped: last === undefined ? null : stoppedByFindings(results[last], limits),
      ...{ interrupted: false, failure: undefined },
    }),
  );
}

const ALLOWLIST = [
  { class: CLASSES[1], reason: "known", expires: "9999-12-31" },
  { class: "never", reason: "old", expires: "9999-12-31" },
];

/** A closer look that gives the first of each class a triage, and one class another name. */
function lookAt(results: readonly RangeResult[]) {
  const divergences = divergencesInOrder(results);
  const chosen = firstOfEachClass(divergences);
  return {
    triages: new Map(chosen.map(({ hash, class: name }) => [hash, triageOf(name, { id: hash })])),
    classes: new Map(
      divergences.filter(({ class: name }) => name === CLASSES[0]).map(({ hash }) => [hash, "hypothesis"]),
    ),
    warnings: chosen.map(({ hash }) => `looked at ${hash}`),
  };
}

function partOf({ ranges, results, maxFindings }: Whole, first: number, end: number): FoundPart {
  const own = ranges.slice(first, end);
  const limits = { maxDivergences: MANY, maxFindings };
  const last = lastNeededRange(own, new Map(results.map((result) => [result.index, result])), limits);
  const kept = results.slice(first, last === undefined ? end : last + 1);
  const { provenance, timing } = reportInput(results);
  const look = lookAt(kept);
  const record: PartRecord = {
    schema: "qkc-part/1",
    identity: { "root tip": "9", "config hash": "aa" },
    provenance,
    range: { rootFrom: 1, rootTo: ranges.length, shards: [1] },
    ...{ ranges: [...ranges], first, count: end - first, maxFindings, results: [...kept] },
    expected: { rootBlocks: end - first, minorBlocks: end - first, atLeast: false },
    ...{ warnings: ["survey"], allowlist: [...ALLOWLIST], timing: { ...timing, stages: {} } },
    look: { triages: [...look.triages], classes: [...look.classes], warnings: [...look.warnings] },
  };
  return { folder: `parts/${first}`, record: parsePartRecord(JSON.parse(JSON.stringify(record)), "part.json") };
}

function partsOf(whole: Whole, cuts: readonly number[]): FoundPart[] {
  const borders = [...new Set([0, ...cuts.map((cut) => cut % whole.ranges.length), whole.ranges.length])];
  borders.sort((a, b) => a - b);
  return borders.slice(1).map((end, i) => partOf(whole, borders[i], end));
}

function withoutTiming({ timing: _, ...rest }: object & { timing?: unknown }): string {
  return JSON.stringify(rest, null, 2);
}

describe("mergeParts", () => {
  it("gives the report of one process, however the run was cut and in whatever order the parts come", () => {
    fc.assert(
      fc.property(wholes, fc.array(fc.nat(), { maxLength: 8 }), fc.nat(), (whole, cuts, turn) => {
        const parts = partsOf(whole, cuts);
        const turned = [...parts.slice(turn % parts.length), ...parts.slice(0, turn % parts.length)];
        const run = mergeParts(turned);
        const report = mergedReport(run, lookAt(run.results));
        expect(withoutTiming(report)).toBe(ownReport(whole));
      }),
      RUNS,
    );
  });

  it("refuses whatever is not exactly the whole run, and names the root blocks", () => {
    fc.assert(
      fc.property(
        wholes,
        fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 }),
        ({ ranges, results }, drawn) => {
          const whole = { ranges, results, maxFindings: MANY };
          const spans = drawn.map(([a, b]): [number, number] => {
            const first = a % ranges.length;
            return [first, first + 1 + (b % (ranges.length - first))];
          });
          const times = ranges.map((_, i) => spans.filter(([first, end]) => i >= first && i < end).length);
          const merge = () => mergeParts(spans.map(([first, end]) => partOf(whole, first, end)));
          if (times.every((count) => count === 1)) {
            expect(merge).not.toThrow();
            return;
          }
          expect(merge).toThrow(UsageError);
          const hasGap = times.includes(0);
          const hasOverlap = times.some((count) => count > 1);
          expect(messageOf(merge).includes("are in none of them")).toBe(hasGap);
          expect(/are in parts\/\d+ and in parts\/\d+/.test(messageOf(merge))).toBe(hasOverlap);
        },
      ),
      RUNS,
    );
  });

  const whole = wholeOf({
    findings: Array.from({ length: 6 }, () => ({ divergences: [0, 0], damage: 0, warnings: [] })),
    maxFindings: MANY,
  });

  it("without a look at the whole has that of the parts, no more of a class, and says so", () => {
    const run = mergeParts(partsOf(whole, [1, 2, 3, 4, 5]));
    const look = lookOfParts(run);
    const report = mergedReport(run, look);
    const looked = report.divergences.filter(({ triage }) => triage !== null);
    expect(looked).toHaveLength(FULL_PER_CLASS);
    expect(new Set(looked.map(({ hash }) => look.folders.get(hash))).size).toBe(3);
    expect(report.warnings).toContain("each part was looked at by itself: with --db the merge looks at the whole");
    expect(lookOfParts(mergeParts(partsOf(whole, []))).warnings.join()).not.toContain("--db");
  });

  it("an allowlist's line is out of date only where no part has what it allows", () => {
    const one: FoundDivergence = { ...divergence(2, 1, 5), class: CLASSES[1] };
    const { ranges } = whole;
    const results = ranges.map(({ index }) => rangeResult(index, index === 1 ? { divergences: [one] } : {}));
    const run = mergeParts(partsOf({ ranges, results, maxFindings: MANY }, [1, 3]));
    const report = mergedReport(run, lookOfParts(run));
    expect(report.allowlist.map(({ status }) => status)).toEqual(["matched", "unmatched"]);
    expect(report.verdict).toBe("divergent");
  });

  const strangers: ReadonlyArray<readonly [string, (record: PartRecord) => PartRecord, RegExp]> = [
    [
      "another database",
      (record) => ({ ...record, identity: { ...record.identity, "root tip": "10" } }),
      /root tip: 9 in parts\/0, 10 in parts\/3/,
    ],
    [
      "another configuration",
      (record) => ({ ...record, identity: { ...record.identity, "config hash": "bb" } }),
      /config hash: aa in parts\/0, bb in parts\/3/,
    ],
    ["another option", (record) => ({ ...record, identity: { ...record.identity, verifyPow: "true" } }), /verifyPow/],
    [
      "another plan",
      (record) => ({ ...record, ranges: record.ranges.map((range) => ({ ...range, weight: 7 })) }),
      /plan: .* in parts\/0/,
    ],
    ["another allowlist", (record) => ({ ...record, allowlist: [] }), /allowlist: /],
  ];
  it.each(strangers)("refuses a part of %s", (_, change, message) => {
    const [first, second] = partsOf(whole, [3]);
    const merge = () => mergeParts([first, { ...second, record: change(second.record) }]);
    expect(merge).toThrow(message);
    expect(messageOf(merge)).toContain("check all parts alike");
  });

  it("refuses a part that misses a result and was not ended by its findings", () => {
    const [first, second] = partsOf(whole, [3]);
    const short = { ...second, record: { ...second.record, results: second.record.results.slice(0, 1) } };
    expect(() => mergeParts([first, short])).toThrow("parts/3 has no result for root blocks 5..5");
    expect(() => mergeParts([])).toThrow("no part is given");
  });

  it.each([
    [(record: PartRecord) => ({ ...record, schema: "qkc-part/2" }), /this version reads qkc-part\/1/],
    [(record: PartRecord) => ({ ...record, count: 0 }), /no whole part/],
    [(record: PartRecord) => ({ ...record, first: 5 }), /contradicts itself/],
    [(record: PartRecord) => ({ ...record, results: record.results.toReversed() }), /contradicts itself/],
    [(record: PartRecord) => ({ ...record, ranges: record.ranges.toSpliced(2, 1) }), /contradicts itself/],
    [() => ({}), /names no schema/],
  ])("an altered record is refused (%#)", (alter, message) => {
    const { record } = partsOf(whole, [2])[1];
    expect(() => parsePartRecord(alter(record), "part.json")).toThrow(message);
  });
});

function messageOf(act: () => unknown): string {
  try {
    act();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}
