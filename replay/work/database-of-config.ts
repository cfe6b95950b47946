import { parseExactJson } from "../../node/chain/config-json.ts";
import { ConfigError } from "../../node/codec/errors.ts";
import { readTextFile } from "../report/read-text-file.ts";

/**
 * The folder that a cluster's configuration names as its database (pyquarkchain cluster/cluster_config.py DB_PATH_ROOT);
 * as to the clients, a relative one is relative to the working directory. Throws ConfigError where it names none.
 */
export function databaseOfConfig(path: string): string {
  const config = parseExactJson(readTextFile(path), path);
  const folder = config instanceof Map ? config.get("DB_PATH_ROOT") : undefined;
  if (typeof folder === "string" && folder !== "") return folder;
  throw new ConfigError(`${path}: DB_PATH_ROOT names no database: give its folder with --db`);
}
