import { closeSync, fsyncSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ClusterConfig, SlaveConfig } from "../../node/chain/config.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { importShard, type ShardImport, type ShardImportOptions } from "../../node/slave/import/import-shard.ts";
import { baseFolder, putBaseAway } from "./base-folder.ts";
import { forgetImportTarget, importTarget, noteImportTarget } from "./import-target.ts";

export interface ImportRequest extends Pick<ShardImportOptions, "rootTip" | "cacheBytes"> {
  readonly cluster: ClusterConfig;
  readonly self: SlaveConfig;
  readonly datadir: string;
  /** Folder of the old database where the stores do not say so. */
  readonly base: string | undefined;
  /** Left out: as many as a chain can be set back. */
  readonly rootBlocks: number | undefined;
  readonly onProgress: (fullShardId: number, text: string) => void;
}

/** What the shards of a slave hold now, and the database that they do without. */
export interface ImportedBase {
  readonly base: string;
  readonly shards: ReadonlyMap<number, ShardImport>;
}

/**
 * A slave's stores take over what they need of the old database below them, shard after shard; when all have and it is on the
 * disk, they stand on it no longer. Until then they do, however this ends. Throws UsageError where there is no database.
 */
export async function importBase(request: ImportRequest): Promise<ImportedBase> {
  const { cluster, self, datadir, rootTip, cacheBytes, onProgress } = request;
  const base = baseBelow(request);
  const rootBlocks = request.rootBlocks ?? cluster.quarkchain.root.maxStaleRootBlockHeightDiff;
  const shards = new Map<number, ShardImport>();
  for (const fullShardId of self.fullShardIds) {
    const imported = await importShard({
      ...{ cluster, fullShardId, datadir, base, rootBlocks, cacheBytes },
      rootTip: importTarget(datadir, fullShardId) ?? rootTip,
      onRootTip: (hash) => noteImportTarget(datadir, fullShardId, hash),
      onProgress: (text) => onProgress(fullShardId, text),
    });
    if (imported !== undefined) shards.set(fullShardId, imported);
  }
  syncFiles(datadir);
  putBaseAway(datadir, self.fullShardIds, base);
  for (const fullShardId of self.fullShardIds) forgetImportTarget(datadir, fullShardId);
  return { base, shards };
}

function baseBelow({ base: named, datadir, cluster, self }: ImportRequest): string {
  const { dbPathRoot } = cluster;
  const base = baseFolder({ named, datadir, dbPathRoot, fullShardIds: self.fullShardIds, isClean: false });
  if (base !== undefined) return base;
  throw new UsageError(
    `the stores in ${datadir} stand on no old database: there is nothing to import, or name it with --base DIR`,
  );
}

/** What was written survives a power failure from here on. */
function syncFiles(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) syncFiles(path);
    else if (entry.isFile()) sync(path);
  }
  sync(folder);
}

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
