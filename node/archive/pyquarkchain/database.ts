import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Hash32 } from "../../codec/bytes.ts";
import { DatabaseDamagedError, NotADatabaseError, UnsupportedError } from "../../codec/errors.ts";
import type { BlockSource, RootBlockSource } from "../block-source.ts";
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
  if (folders.master === undefined && folders.shards.size === 0) throw explainForeignFolder(dir);
  return new PyquarkchainDatabase(folders, options);
}

interface DatabaseFolders {
  readonly master?: string;
  readonly shards: ReadonlyMap<number, string>;
}

export class PyquarkchainDatabase implements BlockSource {
  readonly kind = "pyquarkchain";
  readonly hasRootDatabase: boolean;
  readonly fullShardIds: readonly number[];
  private readonly folders: DatabaseFolders;
  private readonly options: StoreOptions;
  private readonly shards = new Map<number, ShardArchive>();
  private root: RootArchive | undefined;

  constructor(folders: DatabaseFolders, options: StoreOptions) {
    this.folders = folders;
    this.options = options;
    this.hasRootDatabase = folders.master !== undefined;
    this.fullShardIds = [...folders.shards.keys()].sort((a, b) => a - b);
  }

  /** master.db, or undefined where only shard databases are present. */
  rootArchive(): RootArchive | undefined {
    const folder = this.folders.master;
    if (folder === undefined) return undefined;
    this.root ??= new RootArchive(openRocksDb(folder, this.options), basename(folder));
    return this.root;
  }

  rootTipHash(): Hash32 | undefined {
    return this.rootArchive()?.tipHash();
  }

  rootGenesisHash(): Hash32 | undefined {
    return this.rootArchive()?.canonicalHashAt(0);
  }

  rootBlocks(): RootBlockSource {
    return this.rootArchive() ?? this.shard(this.fullShardIds[0]);
  }

  shard(fullShardId: number): ShardArchive {
    const open = this.shards.get(fullShardId);
    if (open !== undefined) return open;
    const folder = this.folders.shards.get(fullShardId);
    if (folder === undefined) {
      throw new DatabaseDamagedError(
        `missing shard database: shard-${fullShardId}.db is not there (found: ${this.fullShardIds.join(", ") || "none"})`,
      );
    }
    const shard = new ShardArchive(openRocksDb(folder, this.options), basename(folder), fullShardId);
    refuseForeignShard(shard, folder);
    this.shards.set(fullShardId, shard);
    return shard;
  }

  close(): void {
    this.root?.close();
    for (const shard of this.shards.values()) shard.close();
    this.shards.clear();
    this.root = undefined;
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
  const master = join(dir, MASTER_FOLDER);
  return existsSync(master) ? { master, shards } : { shards };
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

/** Folders that were exchanged would otherwise show as a flood of missing rows. */
function refuseForeignShard(shard: ShardArchive, folder: string): void {
  const genesisHash = shard.canonicalHashAt(0);
  if (genesisHash === undefined) return;
  const branch = shard.minorBlock(genesisHash).header.branch;
  if (branch === shard.fullShardId) return;
  throw new DatabaseDamagedError(
    `exchanged shard folders: ${basename(folder)} holds the chain of shard ${branch}; give each folder its own name back`,
    { file: folder },
  );
}
