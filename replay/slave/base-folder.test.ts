import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SMALL, SMALL_SHARDS } from "../database/small-fixture.testkit.ts";
import { baseFolder, formerBase, putBaseAway } from "./base-folder.ts";

let folder: string;
let question: Parameters<typeof baseFolder>[0];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qkc-base-folder-"));
  const root = join(folder, "root");
  mkdirSync(root);
  question = {
    ...{ named: undefined, datadir: join(root, "qkc"), dbPathRoot: root, fullShardIds: SMALL_SHARDS, isClean: false },
  };
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

it("is none where nothing lies in DB_PATH_ROOT, and nothing is written then", () => {
  expect(baseFolder(question)).toBeUndefined();
  expect(() => readFileSync(join(question.datadir, "base.json"))).toThrow("ENOENT");
});

it("is the old database in DB_PATH_ROOT for stores that are not begun, and stays theirs", () => {
  for (const id of SMALL_SHARDS)
    symlinkSync(join(SMALL, `shard-${id}.db`), join(question.dbPathRoot, `shard-${id}.db`));
  expect(baseFolder(question)).toBe(question.dbPathRoot);
  mkdirSync(join(question.datadir, "cl-1"));
  expect(baseFolder(question)).toBe(question.dbPathRoot);
});

it("is none for stores that were begun without one, whatever lies beside them", () => {
  symlinkSync(join(SMALL, "shard-1.db"), join(question.dbPathRoot, "shard-1.db"));
  mkdirSync(join(question.datadir, "cl-1"), { recursive: true });
  expect(baseFolder(question)).toBeUndefined();
});

it("is none for a cluster that begins clean, and for another slave's shards", () => {
  symlinkSync(join(SMALL, "shard-1.db"), join(question.dbPathRoot, "shard-1.db"));
  expect(baseFolder({ ...question, isClean: true })).toBeUndefined();
  expect(baseFolder({ ...question, fullShardIds: [0x30001] })).toBeUndefined();
});

it("that is named is remembered, found again where it was moved to by name, and missed by name", () => {
  const [here, there] = [join(folder, "here"), join(folder, "there")];
  symlinkSync(SMALL, here);
  expect(baseFolder({ ...question, named: here })).toBe(here);
  renameSync(here, there);
  expect(() => baseFolder(question)).toThrow(`stand on the database in ${here}, which is not there`);
  expect(baseFolder({ ...question, named: there })).toBe(there);
  expect(baseFolder(question)).toBe(there);
});

it("is none for shards that did away with it, and stays another slave's in the same folder, until it is named again", () => {
  for (const id of SMALL_SHARDS)
    symlinkSync(join(SMALL, `shard-${id}.db`), join(question.dbPathRoot, `shard-${id}.db`));
  const [own, others] = [SMALL_SHARDS.slice(0, 2), SMALL_SHARDS.slice(2)];
  const base = baseFolder({ ...question, fullShardIds: own });
  expect(base).toBe(question.dbPathRoot);
  putBaseAway(question.datadir, own, question.dbPathRoot);
  expect(baseFolder({ ...question, fullShardIds: own })).toBeUndefined();
  expect(formerBase(question.datadir, own)).toBe(question.dbPathRoot);
  expect(baseFolder({ ...question, fullShardIds: others })).toBe(question.dbPathRoot);
  expect(formerBase(question.datadir, others)).toBeUndefined();
  expect(baseFolder({ ...question, fullShardIds: own, named: question.dbPathRoot })).toBe(question.dbPathRoot);
  expect(baseFolder({ ...question, fullShardIds: own })).toBe(question.dbPathRoot);
  expect(formerBase(question.datadir, own)).toBeUndefined();
});

it("that is named and holds nothing of the slave, or is none, is refused", () => {
  expect(() => baseFolder({ ...question, named: SMALL, fullShardIds: [0x30001] })).toThrow(
    "has none of the slave's shards (196609)",
  );
  expect(() => baseFolder({ ...question, named: folder })).toThrow("is no data directory");
});

it("a record that names nothing is no reason to guess", () => {
  mkdirSync(question.datadir);
  writeFileSync(join(question.datadir, "base.json"), "{}");
  expect(() => baseFolder(question)).toThrow("base.json does not name a database");
});
