import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ClusterConfig } from "../../node/chain/config.ts";
import { readClusterConfig } from "../../node/chain/config-file.ts";

const CONFIG_NAME = "cluster_config.json";

export interface FoundConfig {
  readonly path: string;
  readonly config: ClusterConfig;
}

/**
 * The configuration that the user names, or that lies in or beside the database folder; undefined where there is none:
 * much can be said without. Throws ConfigError for one that cannot be used.
 */
export function findOptionalConfig(db: string, named: string | undefined): FoundConfig | undefined {
  const path =
    named ??
    [join(db, CONFIG_NAME), join(dirname(resolve(db)), CONFIG_NAME)].find((candidate) => existsSync(candidate));
  return path === undefined ? undefined : { path, config: readClusterConfig(path) };
}
