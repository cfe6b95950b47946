import { dirname } from "node:path";
import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import { databaseKind } from "../../node/archive/sstable/database-files.ts";
import type { LevelDbDescription } from "../../node/archive/sstable/leveldb-store.ts";
import type { RocksDbDescription } from "../../node/archive/sstable/rocksdb-store.ts";
import { tornLogText } from "../database/torn-log.ts";
import type { Diagnosis } from "./diagnosis.ts";

/** The files of one database. */
export interface StoreFacts {
  readonly fullShardId: number | null;
  readonly folder: string;
  readonly format: "RocksDB" | "LevelDB";
  /** Bytes of live tables and logs. */
  readonly bytes: number;
  readonly tables: number;
  readonly levels: readonly { readonly level: number; readonly tables: number; readonly bytes: number }[];
  /** Rows in tables, older versions and deletions included; null where the format does not say. */
  readonly entries: number | null;
  /** Each value that occurs; empty where there are no tables or the format has no choice. */
  readonly formatVersions: readonly string[];
  readonly compressions: readonly string[];
  readonly checksums: readonly string[];
  readonly logs: number;
  readonly logKeys: number;
  readonly lastSequence: number;
}

type Description = RocksDbDescription | LevelDbDescription;

/** Opens every table of a store for what it says of itself. Undefined where that fails, which is a finding. */
export function storeFacts(
  rows: KeyValueReader,
  fullShardId: number | null,
  diagnosis: Diagnosis,
): StoreFacts | undefined {
  if (!canDescribe(rows)) return undefined;
  const description = diagnosis.try("STORE_UNREADABLE", { fullShardId }, () => rows.describe());
  if (description === undefined) return undefined;
  for (const stop of description.logStops) diagnosis.add("limit", "LOG_TORN", { fullShardId }, tornLogText(stop));
  for (const { text, mayLackRows } of description.notes) {
    diagnosis.add(mayLackRows ? "limit" : "note", "STORE_UNUSUAL", { fullShardId }, text);
  }
  const { manifest, tables, logs, logKeys, lastSequence } = description;
  const described: readonly TableDescription[] = tables;
  const rocks = described.filter(isRocksDbTable);
  return {
    fullShardId,
    folder: dirname(manifest),
    format: databaseKind(dirname(manifest)) === "leveldb" ? "LevelDB" : "RocksDB",
    bytes: sum(tables) + sum(logs),
    tables: tables.length,
    levels: levelsOf(tables),
    entries: rocks.length === tables.length ? rocks.reduce((total, { entries }) => total + entries, 0) : null,
    formatVersions: distinct(rocks.map(({ formatVersion }) => `${formatVersion}`)),
    compressions: distinct(rocks.map(({ compression }) => compression)),
    checksums: distinct(rocks.map(({ checksum }) => checksum)),
    logs: logs.length,
    logKeys,
    lastSequence,
  };
}

function canDescribe(rows: KeyValueReader): rows is KeyValueReader & { describe(): Description } {
  return "describe" in rows;
}

type TableDescription = Description["tables"][number];
type RocksDbTable = RocksDbDescription["tables"][number];

function isRocksDbTable(table: TableDescription): table is RocksDbTable {
  return "formatVersion" in table;
}

function levelsOf(tables: Description["tables"]): StoreFacts["levels"] {
  const levels = new Map<number, { level: number; tables: number; bytes: number }>();
  for (const { level, size } of tables) {
    const known = levels.get(level) ?? { level, tables: 0, bytes: 0 };
    levels.set(level, { level, tables: known.tables + 1, bytes: known.bytes + size });
  }
  return [...levels.values()].sort((a, b) => a.level - b.level);
}

function sum(files: readonly { readonly size: number }[]): number {
  return files.reduce((total, { size }) => total + size, 0);
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
