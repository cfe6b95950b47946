import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { UsageError } from "../../node/codec/errors.ts";
import { assertOutside } from "./run-folder.ts";

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
