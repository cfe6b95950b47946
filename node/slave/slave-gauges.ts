import type { ShardGauges } from "./shard-gauges.ts";

/** What is told of a slave at a moment. */
export interface SlaveGauges {
  readonly isMasterConnected: boolean;
  /** Slaves of the cluster that this one knows by name, and those that it is linked to right now. */
  readonly fellows: number;
  readonly linkedFellows: number;
  /** In the order of the configuration. */
  readonly shards: readonly {
    readonly fullShardId: number;
    /** Undefined for a shard that is not alive, or that does not answer in time. */
    readonly gauges: ShardGauges | undefined;
    readonly isAlive: boolean;
  }[];
}

/** Why a slave is not well; undefined where it is. */
export function illness({ isMasterConnected, shards }: SlaveGauges): string | undefined {
  if (!isMasterConnected) return "no master is connected";
  const silent = shards.filter(({ isAlive, gauges }) => isAlive && gauges === undefined);
  if (silent.length > 0) return `no answer of ${silent.map(({ fullShardId }) => `shard ${fullShardId}`).join(", ")}`;
  return undefined;
}
