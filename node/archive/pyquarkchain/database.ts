import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { NotADatabaseError } from "../../codec/errors.ts";
import { type ArchiveOptions, ClientDatabase, type DatabaseFolders } from "../client-database.ts";
import { assertFolder, contentsOf, namesIn } from "../folder.ts";
import type { KeyValueReader } from "../key-value-reader.ts";
import { openRocksDb } from "../sstable/rocksdb-store.ts";
import { RootArchive } from "./root-archive.ts";
import { ShardArchive } from "./shard-archive.ts";

const MASTER_FOLDER = "master.db";
/** As the client writes it (cluster/shard.py): no leading zeros. Another spelling is another folder. */
const SHARD_FOLDER = /^shard-(0|[1-9]\d{0,9})\.db$/;

/**
 * Opens a pyquarkchain data directory: `master.db` and `shard-<full shard id>.db` side by side, or some of them, or
 * one such folder itself. Nothing is written. Throws NotADatabaseError when nothing of the kind is there.
 */
export function openPyquarkchainDatabase(dir: string, options: ArchiveOptions = {}): PyquarkchainDatabase {
  assertFolder(dir);
  const folders = pyquarkchainFolders(dir);
  if (folders === undefined) {
    const wanted = `neither ${MASTER_FOLDER} nor shard-<full shard id>.db is in it`;
    throw new NotADatabaseError(`${dir} is not a pyquarkchain data directory: ${wanted} (${contentsOf(dir)})`);
  }
  return new PyquarkchainDatabase(folders, options);
}

/** The databases of a pyquarkchain data directory, as openPyquarkchainDatabase takes it; undefined for another folder. */
export function pyquarkchainFolders(dir: string): DatabaseFolders | undefined {
  const itself = SHARD_FOLDER.exec(basename(dir));
  if (itself !== null && existsSync(join(dir, "CURRENT"))) return { shards: new Map([[Number(itself[1]), dir]]) };
  const shards = new Map<number, string>();
  for (const name of namesIn(dir)) {
    const match = SHARD_FOLDER.exec(name);
    if (match !== null) shards.set(Number(match[1]), join(dir, name));
  }
  const root = join(dir, MASTER_FOLDER);
  if (existsSync(root)) return { root, shards };
  return shards.size > 0 ? { shards } : undefined;
}

export class PyquarkchainDatabase extends ClientDatabase<RootArchive, ShardArchive> {
  readonly kind = "pyquarkchain";
  readonly rootFolderName = MASTER_FOLDER;
  readonly #options: ArchiveOptions;

  constructor(folders: DatabaseFolders, options: ArchiveOptions) {
    super(folders);
    this.#options = options;
  }

  protected openRoot(folder: string): RootArchive {
    return new RootArchive(this.#open(folder), basename(folder));
  }

  protected openShard(folder: string, fullShardId: number): ShardArchive {
    return new ShardArchive(this.#open(folder), basename(folder), fullShardId);
  }

  #open(folder: string): KeyValueReader {
    const rows = openRocksDb(folder, this.#options);
    return this.#options.wrapRows?.(rows, folder) ?? rows;
  }

  shardFolderName(fullShardId: number): string {
    return `shard-${fullShardId}.db`;
  }
}
