import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** The project with its testkits as JavaScript: Node 20 runs no TypeScript in threads or child processes. */
export interface BuiltProject {
  /** A built file by its source, for example "replay/cli/main.ts". */
  file(source: string): URL;
  remove(): void;
}

/** Builds into a folder of this process, inside the project so that packages are found. Takes about a second. */
export function buildProject(): BuiltProject {
  const folder = join(PROJECT, ".tmp", `test-build-${process.pid}`);
  const compiler = join(PROJECT, "node_modules", "typescript", "bin", "tsc");
  const config = join(PROJECT, "replay", "work", "tsconfig.testkit.json");
  execFileSync(process.execPath, [compiler, "-p", config, "--outDir", folder], { stdio: "inherit" });
  return {
    file: (source) => pathToFileURL(join(folder, source.replace(/\.ts$/, ".js"))),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A fresh folder for a test's files, and how to remove it. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "qkc-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
