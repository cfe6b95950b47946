import type { Snapshot } from "../../work/monitor.ts";
import { branchLabel, counter, type Family, gauge, metricsText, processFamilies } from "./metrics-text.ts";

export interface MetricsInput {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Undefined until blocks are checked. */
  readonly snapshot: Snapshot | undefined;
  /** Blocks that were found not to end. */
  readonly stalls: number;
}

/** All that is told of a run. */
export function openMetrics(input: MetricsInput): string {
  return metricsText(families(input));
}

function families({ version, startedAt, snapshot, stalls }: MetricsInput): Family[] {
  const own = processFamilies("qkc_replay", version, startedAt);
  if (snapshot === undefined) return own;
  const { shards, gas } = snapshot;
  const ofShards = (pick: (shard: Snapshot["shards"][number]) => number) =>
    shards.map((shard) => [branchLabel(shard.fullShardId), pick(shard)] as const);
  return [
    ...own,
    {
      ...{ name: "qkc_replay_blocks", type: "counter", help: "Minor blocks checked, those of an earlier process too." },
      samples: ofShards(({ blocks }) => blocks),
    },
    {
      ...{ name: "qkc_replay_expected_blocks", type: "gauge", help: "Minor blocks that there are to check." },
      samples: ofShards(({ expected }) => expected),
    },
    counter("qkc_replay_gas", "Gas used by the blocks that this process checked.", gas),
    counter("qkc_replay_divergences", "Blocks that do not re-execute to what they declare.", snapshot.divergences),
    counter("qkc_replay_stalled_blocks", "Blocks that took longer than they may.", stalls),
    gauge("qkc_replay_progress_ratio", "Work done, 0 to 1.", snapshot.fraction, "ratio"),
    gauge(
      "qkc_replay_eta_seconds",
      "Time left; NaN while there is no speed.",
      snapshot.etaSeconds ?? Number.NaN,
      "seconds",
    ),
  ];
}
