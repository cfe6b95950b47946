/**
 * Blocks a second and core of `qkc replay`, in process and over HTTP with an engine process a shard, beside `qkc checkdb`
 * on the same database in the same run:
 *
 *     npm run build && node --import tsx scripts/bench/replay.ts [--db DIR] [--config FILE] [--repeat N]
 *
 * Prints a Markdown table. CPU is that of the process and of all that it started and waited for, the engines included.
 * Targets: in process 60 % of checkdb's speed a core, over HTTP 25 %.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Report } from "../../replay/report/schema.ts";

const { values } = parseArgs({
  options: {
    db: { type: "string" },
    config: { type: "string" },
    repeat: { type: "string", default: "3" },
    main: { type: "string", default: "dist/replay/cli/main.js" },
  },
});
const db = resolve(values.db ?? "fixtures/pyqkc-small");
const main = resolve(values.main);
const config = values.config === undefined ? [] : ["--config", resolve(values.config)];
const temporary = mkdtempSync(join(tmpdir(), "qkc-bench-"));

const MODES = {
  checkdb: () => ["checkdb"],
  "replay, in process": (run: string) => ["replay", "--datadir", join(temporary, run)],
  "replay, over HTTP": (run: string) => [
    ...["replay", "--datadir", join(temporary, run)],
    ...["--engine-cmd", `'${process.execPath}' '${main}' el ${ENGINE_ARGUMENTS}`],
  ],
} as const;
/** As an embedded engine: the disk is not waited for. */
const ENGINE_ARGUMENTS =
  "--datadir {datadir} --config {config} --shard {shard} --authrpc.port {port} --jwt-secret {jwt} --durability process";

console.log(`${basename(db)}, load ${loadavg()[0].toFixed(2)}\n`);
console.log("| program | seconds | CPU seconds | blocks/s a core | of checkdb |");
console.log("|---|---|---|---|---|");
try {
  for (let i = 0; i < Number(values.repeat); i++) {
    let reference: number | undefined;
    for (const [name, argumentsOf] of Object.entries(MODES)) {
      const speed = await bench(name, argumentsOf(`data-${i}-${name.replaceAll(/\W/g, "")}`), i, reference);
      reference ??= speed;
    }
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

/** Prints a row; returns blocks a second and core. */
async function bench(
  name: string,
  args: readonly string[],
  run: number,
  reference: number | undefined,
): Promise<number> {
  const report = join(temporary, `report-${run}-${name.replaceAll(/\W/g, "")}`);
  const shared = ["--db", db, ...config, "--workers", "1", "--report", report, "--quiet"];
  const { seconds, cpuSeconds, output } = await measured([main, ...args, ...shared]);
  const file = join(report, "report.json");
  if (!existsSync(file)) throw new Error(`${name} left no report\n${output}`);
  const { verdict, totals } = JSON.parse(readFileSync(file, "utf8")) as Report;
  if (verdict !== "clean") throw new Error(`${name}: ${verdict}\n${output}`);
  const speed = totals.minorBlocks / cpuSeconds;
  const share = reference === undefined ? "" : `${((speed / reference) * 100).toFixed(0)} %`;
  console.log(`| ${name} | ${seconds.toFixed(1)} | ${cpuSeconds.toFixed(1)} | ${speed.toFixed(0)} | ${share} |`);
  return speed;
}

/** CPU of a process and its children, from the shell's own count when it has waited for them. */
async function measured(args: readonly string[]) {
  const startedAt = performance.now();
  const child = spawn("/bin/bash", ["-c", 'TIMEFORMAT="cpu %U %S"; time "$@"', "bash", process.execPath, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  await new Promise((closed) => child.on("close", closed));
  const times = /cpu ([\d.]+) ([\d.]+)\s*$/.exec(output);
  if (times === null) throw new Error(`no times: ${output.slice(-2000)}`);
  return {
    seconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: Number(times[1]) + Number(times[2]),
    output,
  };
}
