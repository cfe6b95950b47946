import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { BlockSource } from "../../node/archive/block-source.ts";
import type { ArchiveOptions } from "../../node/archive/client-database.ts";
import { openArchive } from "../../node/archive/open-archive.ts";
import type { ClusterConfig } from "../../node/chain/config.ts";
import { readClusterConfig } from "../../node/chain/config-file.ts";
import { type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { ConfigError, DatabaseDamagedError, UsageError } from "../../node/codec/errors.ts";

export const CONFIG_NAME = "cluster_config.json";

export interface OpenRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  /** Root tip named by the user, 64 hex digits. */
  readonly rootTip: string | undefined;
  readonly verifyChecksums: "default" | "all";
  /** For table blocks. */
  readonly cacheBytes?: number;
  readonly wrapRows?: ArchiveOptions["wrapRows"];
}

/** A database together with the configuration and the root tip it is seen from. */
export interface OpenDatabase {
  readonly source: BlockSource;
  readonly config: ClusterConfig;
  readonly configPath: string;
  readonly rootTip: Hash32;
}

/** Throws NotADatabaseError, ConfigError, UsageError or DatabaseDamagedError; nothing stays open then. */
export function openDatabase(request: OpenRequest): OpenDatabase {
  const { cacheBytes, verifyChecksums, wrapRows } = request;
  const source = openArchive(request.db, { cacheBytes, verifyChecksums, wrapRows });
  try {
    const configPath = request.configPath ?? findConfigPath(request.db);
    return { source, config: readClusterConfig(configPath), configPath, rootTip: rootTipOf(source, request) };
  } catch (error) {
    source.close();
    throw error;
  }
}

export function findConfigPath(db: string): string {
  const candidates = [join(db, CONFIG_NAME), join(dirname(resolve(db)), CONFIG_NAME)];
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new ConfigError(`no ${CONFIG_NAME} in or beside ${db}: give the cluster's configuration with --config FILE`);
}

function rootTipOf(source: BlockSource, { rootTip, db }: OpenRequest): Hash32 {
  if (rootTip !== undefined) return namedTip(source, hashFromHex(rootTip, "--root-tip"));
  const stored = source.rootTipHash();
  if (stored !== undefined) return stored;
  if (source.hasRootDatabase) {
    throw new DatabaseDamagedError(
      `${db} names no root tip: a node never ran on it, or ${source.rootFolderName} is incomplete`,
      {
        key: "tipHash",
      },
    );
  }
  throw new UsageError(
    `${db} has no ${source.rootFolderName}, so its root tip is unknown: give it with --root-tip HASH`,
  );
}

function namedTip(source: BlockSource, hash: Hash32): Hash32 {
  if (source.rootBlocks().hasRootBlock(hash)) return hash;
  throw new UsageError(`--root-tip ${toHex(hash)}: the database has no such root block`);
}
