import { type Dirent, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { UsageError } from "../../codec/errors.ts";
import { errnoOf, systemRefusal } from "../../codec/system-error.ts";
import { type ArchiveOptions, ClientDatabase, type DatabaseFolders } from "../client-database.ts";
import type { KeyValueReader } from "../key-value-reader.ts";
import { openLevelDbOrRocksDb } from "../sstable/leveldb-or-rocksdb.ts";
import { GoRootArchive, GoShardArchive } from "./archive-rows.ts";

const MASTER_FOLDER = "master";
/** As the client writes it: no leading zeros. */
const SHARD_FOLDER = /^shard-(0|[1-9]\d{0,9})$/;
const SLAVE_FOLDER = /^S\d+$/;
const DATABASE_FOLDER = "db";

/**
 * The databases of a goquarkchain data directory: `master/db` and `<slave id>/shard-<full shard id>/db` (goquarkchain
 * cluster/service/config.go), or of one slave's folder, or of one `shard-<full shard id>` folder. Undefined where nothing
 * of the kind is there. Throws UsageError where two slaves hold the same shard.
 */
export function goquarkchainFolders(dir: string): DatabaseFolders | undefined {
  const shards = new Map<number, string>();
  for (const folder of [dir, ...subfolders(dir)]) {
    for (const candidate of folder === dir ? [dir, ...subfolders(dir)] : subfolders(folder)) {
      addShard(shards, candidate);
    }
  }
  const root = join(dir, MASTER_FOLDER, DATABASE_FOLDER);
  if (isFolder(root)) return { root, shards };
  return shards.size > 0 ? { shards } : undefined;
}

function addShard(shards: Map<number, string>, folder: string): void {
  const match = SHARD_FOLDER.exec(basename(folder));
  const database = join(folder, DATABASE_FOLDER);
  if (match === null || !isFolder(database)) return;
  const fullShardId = Number(match[1]);
  const other = shards.get(fullShardId);
  if (other !== undefined) {
    throw new UsageError(
      `shard ${fullShardId} has two databases, ${other} and ${database}: move the one away that is not to be read`,
    );
  }
  shards.set(fullShardId, database);
}

/** What lies beside a database and may not be read is nobody's business, unless it goes by a slave's name. */
function subfolders(dir: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    if (!SLAVE_FOLDER.test(basename(dir)) && !SHARD_FOLDER.test(basename(dir))) return [];
    throw systemRefusal(error, dir, "read");
  }
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => join(dir, name))
    .filter(isFolder);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    const errno = errnoOf(error);
    // A link to nothing, to itself, or through what may not be entered.
    if (errno === "ENOENT" || errno === "ELOOP" || errno === "ENOTDIR" || errno === "EACCES") return false;
    throw systemRefusal(error, path, "look at");
  }
}

export class GoquarkchainDatabase extends ClientDatabase<GoRootArchive, GoShardArchive> {
  readonly kind = "goquarkchain";
  readonly rootFolderName = `${MASTER_FOLDER}/${DATABASE_FOLDER}`;
  readonly #options: ArchiveOptions;

  constructor(folders: DatabaseFolders, options: ArchiveOptions) {
    super(folders);
    this.#options = options;
  }

  protected openRoot(folder: string): GoRootArchive {
    return new GoRootArchive(this.#open(folder), this.rootFolderName);
  }

  protected openShard(folder: string, fullShardId: number): GoShardArchive {
    return new GoShardArchive(this.#open(folder), this.shardFolderName(fullShardId), fullShardId);
  }

  #open(folder: string): KeyValueReader {
    const rows = openLevelDbOrRocksDb(folder, this.#options);
    return this.#options.wrapRows?.(rows, folder) ?? rows;
  }

  shardFolderName(fullShardId: number): string {
    return `shard-${fullShardId}/${DATABASE_FOLDER}`;
  }
}
