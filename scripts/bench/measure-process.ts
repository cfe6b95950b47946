/** CPU, memory and reads of a whole process tree, read from /proc every 50 ms. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const CLOCK_TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

export interface Measurement {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly readBytes: number;
  readonly output: string;
}

interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly readBytes: number;
}

/** Runs a program to its end. */
export async function measureProcess(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Measurement> {
  const startedAt = performance.now();
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  const latest = new Map<number, Usage>();
  let peakBytes = 0;
  const timer = setInterval(() => {
    let resident = 0;
    for (const [pid, usage] of treeUsage(child.pid ?? 0)) {
      latest.set(pid, usage);
      resident += usage.residentBytes;
    }
    peakBytes = Math.max(peakBytes, resident);
  }, 50);
  await new Promise((done) => child.on("close", done));
  clearInterval(timer);
  const sum = (of: (usage: Usage) => number) => [...latest.values()].reduce((total, usage) => total + of(usage), 0);
  return {
    seconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    peakBytes,
    readBytes: sum(({ readBytes }) => readBytes),
    output,
  };
}

/** Every process below `root`, itself included. */
function treeUsage(root: number): ReadonlyMap<number, Usage> {
  const parents = new Map<number, number>();
  const usages = new Map<number, Usage>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const fields = statFields(pid);
    if (fields === undefined) continue;
    parents.set(pid, Number(fields[1]));
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
    usages.set(pid, { cpuSeconds, residentBytes: Number(fields[21]) * PAGE_BYTES, readBytes: bytesRead(pid) });
  }
  const isBelow = (pid: number): boolean => pid === root || (parents.has(pid) && isBelow(parents.get(pid) ?? 0));
  return new Map([...usages].filter(([pid]) => isBelow(pid)));
}

/** Fields of /proc/PID/stat from the state on (index 0); undefined for a process that has gone. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Bytes that a process has read from files, the system's cache included; 0 where that is not told. */
function bytesRead(pid: number): number {
  try {
    return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
