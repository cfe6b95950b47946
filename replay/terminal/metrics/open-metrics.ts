import { readdirSync } from "node:fs";
import type { Snapshot } from "../../work/monitor.ts";

/** A family of samples as the format wants it. */
interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "info";
  readonly unit?: "seconds" | "bytes" | "ratio";
  readonly help: string;
  readonly samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
}

export interface MetricsInput {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Undefined until blocks are checked. */
  readonly snapshot: Snapshot | undefined;
  /** Blocks that were found not to end. */
  readonly stalls: number;
}

export const CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** All that is told of a run, in OpenMetrics' text format. Labels are shards only: hashes and heights would never end. */
export function openMetrics(input: MetricsInput): string {
  return `${families(input).map(familyText).join("")}# EOF\n`;
}

function families({ version, startedAt, snapshot, stalls }: MetricsInput): Family[] {
  const { user, system } = process.cpuUsage();
  const own: Family[] = [
    { name: "qkc_replay_build", type: "info", help: "What runs.", samples: [[{ version, node: process.version }, 1]] },
    gauge("qkc_replay_start_time_seconds", "When the run started, in seconds since 1970.", startedAt / 1000, "seconds"),
    counter("process_cpu_seconds", "Processor time of all threads.", (user + system) / 1e6, "seconds"),
    gauge("process_resident_memory_bytes", "Memory in use.", process.memoryUsage.rss(), "bytes"),
    gauge("process_open_fds", "Open files.", openFiles()),
  ];
  if (snapshot === undefined) return own;
  const { shards, gas } = snapshot;
  const ofShards = (pick: (shard: Snapshot["shards"][number]) => number) =>
    shards.map((shard) => [{ branch: `0x${shard.fullShardId.toString(16)}` }, pick(shard)] as const);
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

function counter(name: string, help: string, value: number, unit?: Family["unit"]): Family {
  return { name, type: "counter", help, samples: [[{}, value]], ...(unit === undefined ? {} : { unit }) };
}

function gauge(name: string, help: string, value: number, unit?: Family["unit"]): Family {
  return { name, type: "gauge", help, samples: [[{}, value]], ...(unit === undefined ? {} : { unit }) };
}

const SUFFIX = { counter: "_total", gauge: "", info: "_info" } as const;

function familyText({ name, type, unit, help, samples }: Family): string {
  const lines = [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
    ...samples.map(([labels, value]) => `${name}${SUFFIX[type]}${labelsText(labels)} ${value}`),
  ];
  return `${lines.join("\n")}\n`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replaceAll(/["\\\n]/g, "_")}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** NaN where the system does not tell. */
function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return Number.NaN;
  }
}
