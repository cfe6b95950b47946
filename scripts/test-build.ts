/** What vitest runs around all tests: they share one build, made by the first of them that needs it. */
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the build lies once somebody has made it; its neighbours of this name belong to whoever makes it. */
    buildFolder: string;
  }
}

const FOLDER = resolve(import.meta.dirname, "..", ".tmp", `test-build-${process.pid}`);

export function setup({ provide }: TestProject): void {
  provide("buildFolder", FOLDER);
}

export function teardown(): void {
  for (const suffix of ["", ".lock", ".new"]) rmSync(`${FOLDER}${suffix}`, { recursive: true, force: true });
}
