/**
 * Speed of `qkc checkdb` on a database, beside pyquarkchain's own --check_db in the same run where PYQUARKCHAIN names a
 * checkout and ORACLE_PYTHON its interpreter:
 *
 *     npm run bench -- [--db DIR] [--repeat N]
 *
 * Prints a Markdown table. CPU and memory are those of the whole process tree, read from /proc every 50 ms.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Report } from "../../replay/report/schema.ts";

const CLOCK_TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

interface Measurement {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly output: string;
}

const { values } = parseArgs({ options: { db: { type: "string" }, repeat: { type: "string", default: "3" } } });
const db = resolve(values.db ?? "fixtures/pyqkc-small");
const repeat = Number(values.repeat);
const main = resolve("dist/replay/cli/main.js");
const temporary = mkdtempSync(join(tmpdir(), "qkc-bench-"));

console.log(`${basename(db)}, load ${loadavg()[0].toFixed(2)}\n`);
console.log("| program | seconds | blocks/s | Mgas/s | CPU s per 1,000 blocks | peak memory MB |");
console.log("|---|---|---|---|---|---|");
try {
  for (const workers of [1, 2]) await benchCheckdb(workers);
  await benchPyquarkchain();
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

async function benchCheckdb(workers: number): Promise<void> {
  for (let i = 0; i < repeat; i++) {
    const report = join(temporary, `${workers}-${i}`);
    const args = [main, "checkdb", "--db", db, "--workers", `${workers}`, "--report", report, "--quiet"];
    const measured = await measure(process.execPath, args, {});
    const { totals, verdict } = JSON.parse(readFileSync(join(report, "report.json"), "utf8")) as Report;
    if (verdict !== "clean") throw new Error(`${db} is ${verdict}`);
    row(`checkdb, ${workers} worker${workers === 1 ? "" : "s"}`, measured, totals.minorBlocks, Number(totals.gasUsed));
  }
}

/** On a copy, because it writes to the database that it checks. */
async function benchPyquarkchain(): Promise<void> {
  const { PYQUARKCHAIN, ORACLE_PYTHON = "python3" } = process.env;
  if (PYQUARKCHAIN === undefined) {
    console.log("\nPYQUARKCHAIN names no checkout: pyquarkchain's own check was not measured");
    return;
  }
  for (let i = 0; i < repeat; i++) {
    const copy = join(temporary, `py-${i}`);
    cpSync(db, copy, { recursive: true });
    const config = [db, dirname(db)].map((dir) => join(dir, "cluster_config.json")).find(existsSync);
    if (config === undefined) throw new Error(`no cluster_config.json in or beside ${db}`);
    const args = ["cluster.py", `--cluster_config=${config}`, "--check_db=True", "--check_db_rblock_batch=100"];
    const measured = await measure(ORACLE_PYTHON, args, {
      cwd: join(PYQUARKCHAIN, "quarkchain", "cluster"),
      env: {
        ...process.env,
        QKC__DB_PATH_ROOT: `'${copy}'`,
        QKC__QUARKCHAIN__DISABLE_POW_CHECK: "True",
        PYTHONPATH: PYQUARKCHAIN,
        // cluster.py starts its slaves as "python3".
        PATH: `${dirname(ORACLE_PYTHON)}${delimiter}${process.env.PATH}`,
      },
    });
    if (!measured.output.includes("Integrity check completed!")) throw new Error(measured.output.slice(-2000));
    const { blocks, gas } = await countedByPyquarkchain(i);
    row("pyquarkchain --check_db", measured, blocks, gas);
    rmSync(copy, { recursive: true });
  }
}

/** pyquarkchain starts from the parent of the tip, and does not execute genesis blocks. */
async function countedByPyquarkchain(run: number): Promise<{ blocks: number; gas: number }> {
  const report = join(temporary, `counted-${run}`);
  const tip = (JSON.parse(readFileSync(join(temporary, "1-0", "report.json"), "utf8")) as Report).range?.rootTo ?? 0;
  const args = [main, "checkdb", "--db", db, "--to", `${tip - 1}`, "--report", report, "--quiet"];
  await measure(process.execPath, args, {});
  const { totals, shards } = JSON.parse(readFileSync(join(report, "report.json"), "utf8")) as Report;
  return { blocks: totals.minorBlocks - shards.length, gas: Number(totals.gasUsed) };
}

function row(program: string, { seconds, cpuSeconds, peakBytes }: Measurement, blocks: number, gas: number): void {
  const cells = [
    program,
    seconds.toFixed(2),
    (blocks / seconds).toFixed(0),
    (gas / seconds / 1e6).toFixed(1),
    ((cpuSeconds / blocks) * 1000).toFixed(2),
    (peakBytes / 1e6).toFixed(0),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}

interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

async function measure(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<Measurement> {
  const startedAt = performance.now();
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  const cpu = new Map<number, number>();
  let peakBytes = 0;
  const timer = setInterval(() => {
    let resident = 0;
    for (const [pid, usage] of treeUsage(child.pid ?? 0)) {
      cpu.set(pid, usage.cpuSeconds);
      resident += usage.residentBytes;
    }
    peakBytes = Math.max(peakBytes, resident);
  }, 50);
  await new Promise((done) => child.on("close", done));
  clearInterval(timer);
  const cpuSeconds = [...cpu.values()].reduce((sum, seconds) => sum + seconds, 0);
  return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds, peakBytes, output };
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
    usages.set(pid, { cpuSeconds, residentBytes: Number(fields[21]) * PAGE_BYTES });
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
