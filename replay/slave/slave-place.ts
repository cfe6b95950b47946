import { join } from "node:path";
import type { ClusterConfig, SlaveConfig } from "../../node/chain/config.ts";
import { UsageError } from "../../node/codec/errors.ts";

/** The slave of a configuration that has this id. */
export function slaveOf({ slaves }: ClusterConfig, nodeId: string): SlaveConfig {
  const slave = slaves.find(({ id }) => id === nodeId);
  if (slave !== undefined) return slave;
  throw new UsageError(
    `unknown node id ${JSON.stringify(nodeId)} (the configuration defines: ${slaves.map(({ id }) => id).join(", ")})`,
  );
}

/** Folder of a slave's stores where they last: an empty DB_PATH_ROOT is pyquarkchain's database in memory. */
export function lastingDatadir(named: string | undefined, { dbPathRoot }: ClusterConfig): string | undefined {
  if (named !== undefined) return named;
  return dbPathRoot === "" ? undefined : join(dbPathRoot, "qkc");
}
