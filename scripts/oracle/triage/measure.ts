/**
 * What a closer look says of databases that were made under one altered rule each, beside what was altered:
 *
 *     node --import tsx scripts/oracle/triage/measure.ts [--json FILE] FOLDER…
 *
 * Each folder is one that scripts/oracle/reference/altered.py makes: a database with its expected.json, which names the
 * unit of each differing block whose own effect was altered, and alteration.json. truths.ts says by which words an alteration counts as named. A row says `named` (the class of the first differing block, or a hypothesis
 * that explains as much, says it), `beside` (something else is named), `to be judged` (something is
 * named, and only people can say whether that is it) or `unexplained`, and in how many of the blocks looked at closely the unit is right.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { surveyDatabase } from "../../../replay/database/survey.ts";
import { createRangeRunner } from "../../../replay/execution/range-runner.ts";
import { divergencesInOrder } from "../../../replay/report/assemble.ts";
import type { Divergence, FoundDivergence, RangeResult } from "../../../replay/report/schema.ts";
import type { Triage } from "../../../replay/report/triage-schema.ts";
import { findCauses } from "../../../replay/triage/divergence-causes.ts";
import { triageDivergences } from "../../../replay/triage/triage-run.ts";
import { checkdbRequest } from "../../../replay/work/checkdb-request.ts";
import { planRun } from "../../../replay/work/planned-run.ts";
import { truthOf } from "./truths.ts";

interface ExpectedUnit {
  readonly kind: string;
  readonly index: number;
}

interface Expected {
  readonly divergences: readonly {
    readonly hash: string;
    readonly unit?: ExpectedUnit | null;
    readonly error?: { readonly txIndex?: number; readonly depositIndex?: number };
  }[];
}

interface Row {
  readonly name: string;
  readonly rule: string;
  readonly differing: number;
  readonly verdict: "named" | "beside" | "to be judged" | "unexplained" | "not found";
  readonly classes: readonly string[];
  readonly said: string;
  readonly unitsRight: number;
  readonly unitsLookedAt: number;
  readonly unitsWrong: readonly string[];
  readonly seconds: number;
}

const args = process.argv.slice(2);
const json = args[0] === "--json" ? args.splice(0, 2)[1] : undefined;
const rows: Row[] = [];
for (const folder of args) {
  const row = await measure(folder);
  rows.push(row);
  console.log(
    `${row.verdict.padEnd(12)} ${row.name}: ${row.classes.join(", ")}; unit ${row.unitsRight} of ${row.unitsLookedAt}; ${row.seconds} s`,
  );
  if (row.verdict !== "named") console.log(`    ${row.said.slice(0, 400)}`);
  for (const wrong of row.unitsWrong.slice(0, 3)) console.log(`    unit: ${wrong}`);
}
const count = (verdict: Row["verdict"]) => rows.filter((row) => row.verdict === verdict).length;
const sum = (pick: (row: Row) => number) => rows.reduce((total, row) => total + pick(row), 0);
console.log(
  `${rows.length} databases: ${count("named")} named, ${count("to be judged")} to be judged, ${count("unexplained")} unexplained, ${count("beside")} beside, ` +
    `${count("not found")} not found; unit right in ${sum((row) => row.unitsRight)} of ${sum((row) => row.unitsLookedAt)}`,
);
if (json !== undefined) writeFileSync(json, `${JSON.stringify(rows, undefined, 1)}\n`);

async function measure(db: string): Promise<Row> {
  const started = Date.now();
  const alteration = JSON.parse(readFileSync(join(db, "alteration.json"), "utf8")) as { name: string; rule: string };
  const expected = JSON.parse(readFileSync(join(db, "expected.json"), "utf8")) as Expected;
  const divergences = await check(db);
  const folder = mkdtempSync(join(tmpdir(), "qkc-measure-"));
  try {
    const open = { db, configPath: undefined, rootTip: undefined, verifyChecksums: "default" } as const;
    const { triages, classes } = await triageDivergences({ ...open, divergences, folder });
    const seconds = Math.round((Date.now() - started) / 100) / 10;
    const named = [...new Set(divergences.map(({ hash, class: name }) => classes.get(hash) ?? name ?? "none"))];
    return { ...judged(alteration, divergences, triages), ...units(expected, triages), classes: named, seconds };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function check(db: string): Promise<FoundDivergence[]> {
  const request = checkdbRequest({ db, verifyChecksums: "default", stallTimeout: 60 });
  const survey = await surveyDatabase(request);
  const run = planRun(request, survey);
  survey.close();
  const runner = createRangeRunner(run.plan, findCauses);
  const watch = { startBlock: () => {}, finishBlock: () => {}, countDivergence: () => {} };
  const results: RangeResult[] = [];
  try {
    for (const range of run.ranges) results.push((await runner.run(range, watch, () => false)) as RangeResult);
  } finally {
    runner.close();
  }
  return divergencesInOrder(results);
}

function judged(
  { name, rule }: { readonly name: string; readonly rule: string },
  divergences: readonly Divergence[],
  triages: ReadonlyMap<string, Triage>,
): Pick<Row, "name" | "rule" | "differing" | "verdict" | "said"> {
  const base = { name, rule, differing: divergences.length };
  const first = divergences.map(({ hash }) => triages.get(hash)).find((triage) => triage !== undefined);
  if (first === undefined) return { ...base, verdict: "not found", said: "" };
  const { attribution } = first;
  const said = attribution.explanation;
  const truth = truthOf(name, rule);
  // The class says what is named; what explains as much is told in the same sentence.
  if (truth?.test(said)) return { ...base, verdict: "named", said };
  if (first.class.startsWith("unexplained/")) return { ...base, verdict: "unexplained", said };
  return { ...base, verdict: truth === undefined ? "to be judged" : "beside", said };
}

function units(expected: Expected, triages: ReadonlyMap<string, Triage>) {
  const truths = new Map(expected.divergences.map((one) => [one.hash, one]));
  let unitsRight = 0;
  let unitsLookedAt = 0;
  const unitsWrong: string[] = [];
  for (const [hash, { unit, id }] of triages) {
    const truth = truths.get(hash);
    if (truth === undefined) continue;
    unitsLookedAt++;
    const wanted = wantedUnit(truth);
    const found = unit === null ? "none" : `${unit.kind} ${unit.index}`;
    if (wanted === found || (wanted === "none" && unit?.kind === "cursor")) unitsRight++;
    else unitsWrong.push(`${id}: ${found}, not ${wanted}`);
  }
  return { unitsRight, unitsLookedAt, unitsWrong };
}

function wantedUnit({ unit, error }: Expected["divergences"][number]): string {
  if (error?.txIndex !== undefined) return `transaction ${error.txIndex}`;
  if (error?.depositIndex !== undefined) return `deposit ${error.depositIndex}`;
  return unit == null ? "none" : `${unit.kind} ${unit.index}`;
}
