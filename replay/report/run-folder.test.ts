import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { UsageError } from "../../node/codec/errors.ts";
import { assembleReport } from "./assemble.ts";
import { divergence, HASH, rangeResult, reportInput, triageOf } from "./report.testkit.ts";
import { assertOutside, writeReport } from "./run-folder.ts";
import type { Report } from "./schema.ts";

const folder = mkdtempSync(join(tmpdir(), "run-folder-"));
afterAll(() => rmSync(folder, { recursive: true }));
const db = join(folder, "db");
const linkToDb = join(folder, "link-to-db");
mkdirSync(join(db, "master"), { recursive: true });
symlinkSync(db, linkToDb);

test.each([
  [db, db],
  [db, join(db, "reports")],
  [db, join(db, "not", "there", "yet")],
  [linkToDb, join(db, "reports")],
  [db, join(linkToDb, "reports")],
  [db, join(linkToDb, "master")],
])("database %s: a report in %s is refused", (database, report) => {
  expect(() => assertOutside(database, report)).toThrow(UsageError);
});

test.each([
  [db, folder],
  [db, join(folder, "db-reports", "new")],
  [linkToDb, join(folder, "reports")],
])("database %s: a report in %s is fine", (database, report) => {
  expect(() => assertOutside(database, report)).not.toThrow();
});

function reportNaming(reproducer: string | null): Report {
  const triage = triageOf("unexplained/stateRoot", { reproducer });
  return assembleReport(
    reportInput([rangeResult(0, { divergences: [divergence(1, 1, 9)] })], { triages: new Map([[HASH, triage]]) }),
  );
}

test("what only an earlier report in the same folder names is removed, and nothing else", async () => {
  const run = join(folder, "run");
  const reproducers = join(run, "reproducers");
  mkdirSync(reproducers, { recursive: true });
  for (const name of ["old.json", "new.json", "mine.json"]) writeFileSync(join(reproducers, name), "{}");
  await writeReport(run, reportNaming("reproducers/old.json"));
  await writeReport(run, reportNaming("reproducers/new.json"));
  expect(readdirSync(reproducers).sort()).toEqual(["mine.json", "new.json"]);
  await writeReport(run, reportNaming("reproducers/new.json"));
  expect(readdirSync(reproducers).sort()).toEqual(["mine.json", "new.json"]);
  await writeReport(run, reportNaming(null));
  expect(readdirSync(reproducers)).toEqual(["mine.json"]);
});

test("forms of an earlier report in the same folder go with it, and a stranger's files stay", async () => {
  const reused = join(folder, "forms");
  const report = assembleReport(reportInput([rangeResult(0)]));
  mkdirSync(reused);
  writeFileSync(join(reused, "report.html"), "not of a report of ours");
  await writeReport(reused, report);
  expect(readdirSync(reused).sort()).toEqual(["report.html", "report.json"]);
  for (const name of ["junit.xml", "summary.md", "notes.txt"]) writeFileSync(join(reused, name), "");
  await writeReport(reused, report);
  expect(readdirSync(reused).sort()).toEqual(["notes.txt", "report.json"]);
});
