import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { folderDigest } from "../../node/archive/sstable/folder-digest.testkit.ts";

/** A pyquarkchain data directory, and what pyquarkchain exported while it made it (fixtures/README.md). */
export const SMALL = fileURLToPath(new URL("../../fixtures/pyqkc-small", import.meta.url));
export const SMALL_SHARDS = [1, 65538, 65539, 131073];

/** Rows of one of the exports; dates, numbers and names as pyquarkchain wrote them. */
export function exported<T>(name: "accounts" | "blocks" | "roots" | "txs"): T[] {
  const file = new URL(`../../fixtures/pyqkc-small-exports/${name}.jsonl.gz`, import.meta.url);
  const lines = gunzipSync(readFileSync(file)).toString("utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

/** Digest over every database folder of a data directory. */
export function databaseDigest(dir: string): string {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${name} ${folderDigest(join(dir, name))}`)
    .sort()
    .join("\n");
}
