import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inject } from "vitest";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const PATIENCE_MS = 300_000;

/** The command, its threads and what tests start beside it as JavaScript: Node 20 runs no TypeScript in threads or child processes. */
export interface BuiltProject {
  /** A built file by its source, for example "replay/cli/main.ts". */
  file(source: string): URL;
}

/** The build that all test files share, inside the project so that packages are found. The first to ask makes it. */
export function buildProject(): BuiltProject {
  const folder = inject("buildFolder");
  if (isFirst(folder)) make(folder);
  else waitFor(folder);
  return { file: (source) => pathToFileURL(join(folder, source.replace(/\.ts$/, ".js"))) };
}

function isFirst(folder: string): boolean {
  mkdirSync(dirname(folder), { recursive: true });
  try {
    mkdirSync(`${folder}.lock`);
    return true;
  } catch {
    return false;
  }
}

function make(folder: string): void {
  const args = ["--import", "tsx", join(PROJECT, "scripts/build-for-tests.ts"), `${folder}.new`];
  execFileSync(process.execPath, args, { cwd: PROJECT, stdio: "inherit" });
  renameSync(`${folder}.new`, folder);
}

function waitFor(folder: string): void {
  const end = Date.now() + PATIENCE_MS;
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(folder)) {
    if (Date.now() > end) throw new Error("another test file has not built the project: see what it says");
    Atomics.wait(nobody, 0, 0, 50);
  }
}

/** A fresh folder for a test's files, and how to remove it. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "qkc-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
