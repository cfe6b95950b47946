import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../codec/errors.ts";
import type { ClusterConfig } from "./config.ts";
import { parseClusterSections } from "./config-cluster.ts";
import { parseExactJson } from "./config-json.ts";
import { ConfigSection } from "./config-section.ts";

/**
 * Reads a configuration file. Throws ConfigError when it is missing, unreadable or refused by parseClusterConfig, and
 * when its GENESIS_DIR holds accounts, which pyquarkchain would add to the genesis.
 */
export function readClusterConfig(path: string): ClusterConfig {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new ConfigError(`cannot read the configuration ${path}: ${(cause as Error).message}`, { cause });
  }
  const config = parseClusterConfig(text, path);
  refuseGenesisFiles(config.genesisDir, path);
  return config;
}

/** cluster_config.py update_genesis_alloc; a folder without these files changes nothing there either. */
function refuseGenesisFiles(genesisDir: string, path: string): void {
  if (genesisDir === "") return;
  const files = [join(genesisDir, "alloc", "0.json"), join(genesisDir, "loadtest.json")];
  const present = files.find((file) => existsSync(file));
  if (present === undefined) return;
  throw new ConfigError(
    `${path}: GENESIS_DIR ${genesisDir} holds genesis accounts (${present}), which are not supported: write them into GENESIS.ALLOC of their chains and set GENESIS_DIR to null`,
  );
}

/**
 * The configuration in `text` with pyquarkchain's defaults filled in (quarkchain/cluster/cluster_config.py,
 * quarkchain/config.py, quarkchain/env.py). Unknown fields are ignored and null means absent. Throws ConfigError naming
 * `file`, the field, what was found and what is needed.
 */
export function parseClusterConfig(text: string, file: string): ClusterConfig {
  return parseClusterSections(new ConfigSection(parseExactJson(text, file), "", file));
}
