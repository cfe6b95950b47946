import type { KeyValueReader } from "../key-value-reader.ts";
import { databaseKind } from "./database-files.ts";
import { openLevelDb } from "./leveldb-store.ts";
import { openRocksDb } from "./rocksdb-store.ts";
import type { StoreOptions } from "./table-store.ts";

/** Opens the database in `dir`, whichever of the two it is. Throws as openLevelDb and openRocksDb do. */
export function openLevelDbOrRocksDb(dir: string, options: StoreOptions = {}): KeyValueReader {
  return databaseKind(dir) === "leveldb" ? openLevelDb(dir, options) : openRocksDb(dir, options);
}
