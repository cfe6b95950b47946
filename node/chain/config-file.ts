import { ConfigError } from "../codec/errors.ts";
import { readRegularFile } from "../codec/regular-file.ts";
import type { ClusterConfig } from "./config.ts";
import { parseClusterSections } from "./config-cluster.ts";
import { type Environment, withEnvironment } from "./config-environment.ts";
import { parseExactJson } from "./config-json.ts";
import { ConfigSection } from "./config-section.ts";
import { withGenesisFiles } from "./genesis-files.ts";

/** Configurations, and files of genesis accounts, have some MB. */
const MOST_BYTES = 1 << 28;

/**
 * Reads a configuration file, and the genesis accounts in the files of its GENESIS_DIR. Throws ConfigError when it is
 * missing or refused by parseClusterConfig, SystemError when it cannot be read.
 * @param environment variables QKC__… that a running node heeds, as process.env has them
 */
export function readClusterConfig(path: string, environment: Environment = {}): ClusterConfig {
  const text = readText(path);
  if (text === undefined) throw new ConfigError(`cannot read the configuration ${path}: there is no such file`);
  return withGenesisFiles(parseClusterConfig(text, path, environment), (name) => readText(name));
}

function readText(path: string): string | undefined {
  return readRegularFile(path, MOST_BYTES)?.toString("utf8");
}

/**
 * The configuration in `text` with pyquarkchain's defaults filled in (quarkchain/cluster/cluster_config.py,
 * quarkchain/config.py, quarkchain/env.py). Unknown fields are ignored and null means absent. Throws ConfigError naming
 * `file`, the field, what was found and what is needed.
 */
export function parseClusterConfig(text: string, file: string, environment: Environment = {}): ClusterConfig {
  return parseClusterSections(new ConfigSection(withEnvironment(parseExactJson(text, file), environment), "", file));
}
