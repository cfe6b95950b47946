import { readdirSync } from "node:fs";

type Labels = Readonly<Record<string, string>>;

interface Named {
  readonly name: string;
  readonly unit?: "seconds" | "bytes" | "ratio" | undefined;
  readonly help: string;
}

/** A family of samples as the format wants it. */
export type Family = Named &
  (
    | {
        readonly type: "counter" | "gauge" | "info";
        readonly samples: readonly (readonly [labels: Labels, value: number])[];
      }
    | { readonly type: "histogram"; readonly samples: readonly (readonly [labels: Labels, value: Histogram])[] }
  );

/** How many values lie up to each bound, not counting those of smaller ones; the last count is of those above all bounds. */
interface Histogram {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

export const CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** OpenMetrics' text format. Labels are of what is few: hashes and heights would never end. */
export function metricsText(families: readonly Family[]): string {
  return `${families.map(familyText).join("")}# EOF\n`;
}

/** Of this process, whatever it does. `prefix`: what the program's own families begin with. */
export function processFamilies(prefix: string, version: string, startedAt: number): Family[] {
  const { user, system } = process.cpuUsage();
  return [
    { name: `${prefix}_build`, type: "info", help: "What runs.", samples: [[{ version, node: process.version }, 1]] },
    gauge(`${prefix}_start_time_seconds`, "When it started, in seconds since 1970.", startedAt / 1000, "seconds"),
    counter("process_cpu_seconds", "Processor time of all threads.", (user + system) / 1e6, "seconds"),
    gauge("process_resident_memory_bytes", "Memory in use.", process.memoryUsage.rss(), "bytes"),
    gauge("process_open_fds", "Open files.", openFiles()),
  ];
}

/** Of a shard. */
export function branchLabel(fullShardId: number): { readonly branch: string } {
  return { branch: `0x${fullShardId.toString(16)}` };
}

export function counter(name: string, help: string, value: number, unit?: Named["unit"]): Family {
  return { name, type: "counter", help, unit, samples: [[{}, value]] };
}

export function gauge(name: string, help: string, value: number, unit?: Named["unit"]): Family {
  return { name, type: "gauge", help, unit, samples: [[{}, value]] };
}

const SUFFIX = { counter: "_total", gauge: "", info: "_info" } as const;

function familyText(family: Family): string {
  const { name, type, unit, help } = family;
  const lines = [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
    ...(family.type === "histogram"
      ? family.samples.flatMap(([labels, value]) => histogramLines(name, labels, value))
      : family.samples.map(([labels, value]) => `${name}${SUFFIX[family.type]}${labelsText(labels)} ${value}`)),
  ];
  return `${lines.join("\n")}\n`;
}

function histogramLines(name: string, labels: Labels, { bounds, counts, sum }: Histogram): string[] {
  let below = 0;
  const buckets = counts.map((count, i) => {
    below += count;
    const le = i < bounds.length ? `${bounds[i]}` : "+Inf";
    return `${name}_bucket${labelsText({ ...labels, le })} ${below}`;
  });
  return [...buckets, `${name}_sum${labelsText(labels)} ${sum}`, `${name}_count${labelsText(labels)} ${below}`];
}

function labelsText(labels: Labels): string {
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
