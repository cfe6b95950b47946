import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { fromHex, toHex } from "../../codec/bytes.ts";
import type { KeyValueReader, ScanRange } from "../key-value-reader.ts";

const FIXTURES = fileURLToPath(new URL("../../../fixtures", import.meta.url));

/** A database that RocksDB or goleveldb wrote (the README.md of its folder in fixtures); keys and values in hex. */
export interface RecordedDatabase {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What its writer reads, in key order; empty for refused databases. */
  readonly rows: readonly (readonly [key: string, value: string])[];
  /** Operations of a database that is only a log, in order; null deletes. */
  readonly writes: readonly (readonly [key: string, value: string | null])[];
  /** Feature that must be refused by this name. */
  readonly refused: string | undefined;
}

/** `folder` is one of fixtures: sstable for RocksDB, leveldb for goleveldb. */
export function recordedNames(folder = "sstable"): string[] {
  return readdirSync(join(FIXTURES, folder))
    .filter((name) => name.endsWith(".json.gz"))
    .map((name) => name.slice(0, -".json.gz".length))
    .sort();
}

export function loadRecorded(name: string, folder = "sstable"): RecordedDatabase {
  const content = JSON.parse(gunzipSync(readFileSync(join(FIXTURES, folder, `${name}.json.gz`))).toString());
  const files = Object.entries<string>(content.files).map(
    ([file, base64]) => [file, new Uint8Array(Buffer.from(base64, "base64"))] as const,
  );
  return {
    name,
    files: new Map(files),
    rows: content.rows ?? [],
    writes: content.writes ?? [],
    refused: content.refused,
  };
}

/** Writes the files into a new folder, hands it to `use` and removes it. */
export function withFolder<T>(files: ReadonlyMap<string, Uint8Array>, use: (dir: string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), "sstable-"));
  try {
    const db = join(dir, "db");
    mkdirSync(db);
    for (const [name, bytes] of files) writeFileSync(join(db, name), bytes);
    return use(db);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** All rows of a scan, in hex. */
export function scanHex(db: KeyValueReader, range: ScanRange = {}): [key: string, value: string][] {
  return Array.from(db.entries(range), ({ key, value }) => [toHex(key), toHex(value)]);
}

/** What single gets of all recorded keys find, in hex. */
export function getAllHex(db: KeyValueReader, keys: readonly string[]): (string | undefined)[] {
  return keys.map((key) => {
    const value = db.get(fromHex(key));
    return value && toHex(value);
  });
}

/** The name of the only file that matches. */
export function fileNamed(database: RecordedDatabase, pattern: RegExp): string {
  const names = [...database.files.keys()].filter((name) => pattern.test(name));
  if (names.length !== 1) throw new Error(`${database.name} has ${names.length} files like ${pattern}`);
  return names[0];
}
