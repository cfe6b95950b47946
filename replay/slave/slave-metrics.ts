import { BLOCK_SECONDS, type ShardGauges } from "../../node/slave/shard-gauges.ts";
import type { SlaveGauges } from "../../node/slave/slave-gauges.ts";
import { branchLabel, type Family, gauge, metricsText, processFamilies } from "../terminal/metrics/metrics-text.ts";

export interface SlaveMetricsInput {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly now: number;
  readonly gauges: SlaveGauges;
  /** How late the thread of the links comes to what is due, in seconds. */
  readonly loopDelay: number;
}

/** All that is told of a live slave, by shard. */
export function slaveMetrics({ version, startedAt, now, gauges, loopDelay }: SlaveMetricsInput): string {
  const { isMasterConnected, fellows, linkedFellows, shards } = gauges;
  return metricsText([
    ...processFamilies("qkc_slave", version, startedAt),
    gauge("qkc_slave_master_connected", "Whether the master's link is up.", isMasterConnected ? 1 : 0),
    gauge("qkc_slave_fellows", "Other slaves of the cluster.", fellows),
    gauge("qkc_slave_linked_fellows", "Other slaves that are linked right now.", linkedFellows),
    gauge("qkc_slave_links_delay_seconds", "How late the thread of the links is (p99).", loopDelay, "seconds"),
    {
      ...{ name: "qkc_slave_shard_alive", type: "gauge", help: "Whether a shard is alive and answers." },
      samples: shards.map(({ fullShardId, gauges: own }) => [branchLabel(fullShardId), own === undefined ? 0 : 1]),
    },
    ...shardFamilies(shards, now),
  ]);
}

function shardFamilies(shards: SlaveGauges["shards"], now: number): Family[] {
  const alive = shards.flatMap(({ fullShardId, gauges }) =>
    gauges === undefined ? [] : [[branchLabel(fullShardId), gauges] as const],
  );
  const family = (
    type: "gauge" | "counter",
    name: string,
    help: string,
    pick: (gauges: ShardGauges) => number,
    unit?: Family["unit"],
  ): Family => ({
    ...{ type, name: `qkc_slave_${name}`, help, unit },
    samples: alive.map(([labels, gauges]) => [labels, pick(gauges)]),
  });
  return [
    family("gauge", "head_height", "Height of the head.", ({ height }) => height),
    family("gauge", "confirmed_height", "Height that the root tip confirms.", ({ confirmedHeight }) => confirmedHeight),
    family("gauge", "root_height", "Height of the root tip.", ({ rootHeight }) => rootHeight),
    family("gauge", "head_age_seconds", "Age of the head.", ({ headTime }) => now / 1000 - headTime, "seconds"),
    family("gauge", "pending_transactions", "Transactions in the pool.", ({ pending }) => pending),
    family(
      "gauge",
      "uncommitted_blocks",
      "Blocks that others have still to be told of.",
      ({ uncommitted }) => uncommitted,
    ),
    family("gauge", "syncing", "Whether blocks of a peer are being fetched.", ({ isSyncing }) => (isSyncing ? 1 : 0)),
    family("gauge", "peers", "Clusters that the shard is connected with.", ({ peers }) => peers),
    family("counter", "blocks", "Blocks executed and stored.", ({ blocks }) => blocks),
    family("counter", "transactions", "Transactions in these blocks.", ({ transactions }) => transactions),
    family("counter", "gas", "Gas used by these blocks.", ({ gas }) => gas),
    {
      ...{ name: "qkc_slave_block_seconds", type: "histogram", unit: "seconds" },
      help: "Time from the moment in which work on a block begins to the one in which it is stored.",
      samples: alive.map(([labels, { blockSeconds }]) => [labels, { bounds: BLOCK_SECONDS, ...blockSeconds }]),
    },
    family(
      "gauge",
      "shard_delay_seconds",
      "How late a shard's thread is (p99).",
      ({ loopDelay }) => loopDelay,
      "seconds",
    ),
  ];
}
