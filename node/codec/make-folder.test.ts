import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolder } from "./make-folder.ts";
import { SystemError } from "./system-error.ts";

const root = mkdtempSync(join(tmpdir(), "qkc-make-folder-"));
afterAll(() => rmSync(root, { recursive: true }));

test("makes those above it too, and is content with one that is there", () => {
  const path = join(root, "a", "b", "c");
  makeFolder(path);
  makeFolder(path);
  expect(statSync(path).isDirectory()).toBe(true);
  mkdirSync(join(root, "there"));
  symlinkSync(join(root, "there"), join(root, "link"));
  makeFolder(join(root, "link", "below"));
  expect(existsSync(join(root, "there", "below"))).toBe(true);
});

test("a file in its place, or above it, is refused as by the system", () => {
  const file = join(root, "file");
  writeFileSync(file, "");
  expect(() => makeFolder(file)).toThrow(/EEXIST/);
  expect(() => makeFolder(join(file, "below"))).toThrow(/ENOTDIR/);
});

test("a link that leads nowhere is refused", () => {
  const link = join(root, "nowhere");
  symlinkSync(join(root, "absent"), link);
  expect(() => makeFolder(link)).toThrow(/EEXIST|ENOENT/);
});

test.skipIf(!existsSync("/proc/self"))("a file system without room for folders is told apart, at once", () => {
  expect(() => makeFolder("/proc/qkc-replay/report")).toThrow(SystemError);
  expect(() => makeFolder("/proc/qkc-replay/report")).toThrow(
    "cannot make the folder /proc/qkc-replay: its file system takes none",
  );
});
