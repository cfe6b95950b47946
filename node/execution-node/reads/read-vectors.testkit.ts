import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** Reads fixtures/reads: see the README there. */
export function readVectors<T>(name: string): T {
  const path = fileURLToPath(new URL(`../../../fixtures/reads/${name}.json.gz`, import.meta.url));
  return JSON.parse(gunzipSync(readFileSync(path)).toString("utf8")) as T;
}

export const NEVER = new AbortController().signal;
