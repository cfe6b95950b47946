import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { NotADatabaseError, UnsupportedError } from "../../codec/errors.ts";
import { ClientDatabase, type DatabaseFolders } from "../client-database.ts";
import { openRocksDb } from "../sstable/rocksdb-store.ts";
import type { StoreOptions } from "../sstable/table-store.ts";
import { RootArchive } from "./root-archive.ts";
import { ShardArchive } from "./shard-archive.ts";

const MASTER_FOLDER = "master.db";
const SHARD_FOLDER = /^shard-(\d{1,10})\.db$/;

/**
 * Opens a pyquarkchain data directory: `master.db` and `shard-<full shard id>.db` side by side, or some of them, or
 * one such folder itself. Nothing is written. Throws NotADatabaseError when nothing of the kind is there.
 */
export function openPyquarkchainDatabase(dir: string, options: StoreOptions = {}): PyquarkchainDatabase {
  if (!existsSync(dir)) throw new NotADatabaseError(`${dir} does not exist: give the data directory of a node`);
  if (!statSync(dir).isDirectory()) throw new NotADatabaseError(`${dir} is a file: give the data directory of a node`);
  const folders = databaseFolders(dir);
  if (folders.root === undefined && folders.shards.size === 0) throw explainForeignFolder(dir);
  return new PyquarkchainDatabase(folders, options);
}

export class PyquarkchainDatabase extends ClientDatabase<RootArchive, ShardArchive> {
  readonly kind = "pyquarkchain";
  private readonly options: StoreOptions;

  constructor(folders: DatabaseFolders, options: StoreOptions) {
    super(folders);
    this.options = options;
  }

  protected openRoot(folder: string): RootArchive {
    return new RootArchive(openRocksDb(folder, this.options), basename(folder));
  }

  protected openShard(folder: string, fullShardId: number): ShardArchive {
    return new ShardArchive(openRocksDb(folder, this.options), basename(folder), fullShardId);
  }

  protected shardFolderName(fullShardId: number): string {
    return `shard-${fullShardId}.db`;
  }
}

function databaseFolders(dir: string): DatabaseFolders {
  const itself = SHARD_FOLDER.exec(basename(dir));
  if (itself !== null && existsSync(join(dir, "CURRENT"))) return { shards: new Map([[Number(itself[1]), dir]]) };
  const shards = new Map<number, string>();
  for (const name of readdirSync(dir)) {
    const match = SHARD_FOLDER.exec(name);
    if (match !== null) shards.set(Number(match[1]), join(dir, name));
  }
  const root = join(dir, MASTER_FOLDER);
  return existsSync(root) ? { root, shards } : { shards };
}

function explainForeignFolder(dir: string): Error {
  if (existsSync(join(dir, "master", "db", "CURRENT"))) {
    return new UnsupportedError(`${dir} is a goquarkchain database: only pyquarkchain databases can be read so far`);
  }
  const names = readdirSync(dir);
  const found = names.length === 0 ? "the folder is empty" : `it holds ${names.slice(0, 5).join(", ")}`;
  return new NotADatabaseError(
    `${dir} is not a pyquarkchain data directory: neither ${MASTER_FOLDER} nor shard-<full shard id>.db is in it (${found})`,
  );
}
