/**
 * Speed of `qkc checkdb` on databases, with one worker and with two, beside pyquarkchain's own --check_db in the same run
 * where PYQUARKCHAIN names a checkout and ORACLE_PYTHON its interpreter:
 *
 *     npm run bench -- [--db DIR]… [--repeat N]
 *
 * Prints one Markdown table: medians of rounds in which the programs take turns. Ratios are of CPU seconds for each block,
 * start-up included: how often pyquarkchain takes what the row takes.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Report } from "../../replay/report/schema.ts";
import { type Measurement, measureProcess } from "./measure-process.ts";

/** One run of one program. */
interface Run extends Measurement {
  readonly blocks: number;
  readonly gas: number;
}

interface Program {
  readonly name: string;
  run(db: string): Promise<Run>;
  /** Of a run that checks one root block; absent where a program has no such run. */
  startUp?(db: string): Promise<Measurement>;
}

const { values } = parseArgs({
  options: { db: { type: "string", multiple: true }, repeat: { type: "string", default: "5" } },
});
const databases = (values.db ?? ["fixtures/pyqkc-small"]).map((db) => resolve(db));
const repeat = Number(values.repeat);
const main = resolve("dist/replay/cli/main.js");
const temporary = mkdtempSync(join(tmpdir(), "qkc-bench-"));
const { PYQUARKCHAIN, ORACLE_PYTHON = "python3" } = process.env;

const PROGRAMS: readonly Program[] = [
  checkdb(1),
  checkdb(2),
  ...(PYQUARKCHAIN === undefined ? [] : [pyquarkchain(PYQUARKCHAIN)]),
];

console.log(`${repeat} rounds, load ${loadavg()[0].toFixed(2)}\n`);
console.log(
  "| chain | program | blocks/s | Mgas/s | CPU s per 1,000 blocks | start-up CPU s | peak memory MB | MB read | pyquarkchain ÷ |",
);
console.log("|---|---|---|---|---|---|---|---|---|");
try {
  for (const db of databases) await benchDatabase(db);
  if (PYQUARKCHAIN === undefined)
    console.log("\nPYQUARKCHAIN names no checkout: pyquarkchain's own check was not measured");
  console.log("\ngoquarkchain's own check reads databases of its own only and is not measured here");
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

async function benchDatabase(db: string): Promise<void> {
  const runs = new Map<Program, Run[]>(PROGRAMS.map((program) => [program, []]));
  const startUps = new Map<Program, Measurement[]>(PROGRAMS.map((program) => [program, []]));
  for (let round = 0; round < repeat; round++) {
    for (const program of PROGRAMS) {
      runs.get(program)?.push(await program.run(db));
      if (program.startUp !== undefined) startUps.get(program)?.push(await program.startUp(db));
    }
  }
  const costs = PROGRAMS.map((program) => medianOf(runs.get(program) ?? [], cpuPerThousand));
  const reference = PYQUARKCHAIN === undefined ? undefined : costs[PROGRAMS.length - 1];
  PROGRAMS.forEach((program, i) => {
    const measured = runs.get(program) ?? [];
    const cells = [
      basename(db),
      program.name,
      medianOf(measured, ({ blocks, seconds }) => blocks / seconds).toFixed(0),
      medianOf(measured, ({ gas, seconds }) => gas / seconds / 1e6).toFixed(1),
      costs[i].toFixed(3),
      program.startUp === undefined ? "–" : medianOf(startUps.get(program) ?? [], (one) => one.cpuSeconds).toFixed(2),
      medianOf(measured, ({ peakBytes }) => peakBytes / 1e6).toFixed(0),
      medianOf(measured, ({ readBytes }) => readBytes / 1e6).toFixed(0),
      reference === undefined ? "–" : (reference / costs[i]).toFixed(1),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  });
}

function cpuPerThousand({ cpuSeconds, blocks }: Run): number {
  return (cpuSeconds / blocks) * 1000;
}

function medianOf<T>(items: readonly T[], of: (item: T) => number): number {
  const sorted = items.map(of).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function checkdb(workers: number): Program {
  const run = async (db: string, ...more: string[]) => {
    const report = mkdtempSync(join(temporary, "report-"));
    const args = [main, "checkdb", "--db", db, "--workers", `${workers}`, "--report", report, "--quiet", ...more];
    const measured = await measureProcess(process.execPath, args);
    const { totals, verdict } = JSON.parse(readFileSync(join(report, "report.json"), "utf8")) as Report;
    if (verdict !== "clean") throw new Error(`${db} is ${verdict}`);
    return { ...measured, blocks: totals.minorBlocks, gas: Number(totals.gasUsed) };
  };
  return {
    name: `checkdb, ${workers} worker${workers === 1 ? "" : "s"}`,
    run: (db) => run(db),
    startUp: (db) => run(db, "--last", "1"),
  };
}

/** Master and slaves as its nightly job starts them, on a copy, because it writes to the database that it checks. */
function pyquarkchain(checkout: string): Program {
  return {
    name: "pyquarkchain --check_db",
    async run(db) {
      const copy = mkdtempSync(join(temporary, "py-"));
      cpSync(db, copy, { recursive: true });
      const config = [db, dirname(db)].map((dir) => join(dir, "cluster_config.json")).find(existsSync);
      if (config === undefined) throw new Error(`no cluster_config.json in or beside ${db}`);
      const args = ["cluster.py", `--cluster_config=${config}`, "--check_db=True", "--check_db_rblock_batch=100"];
      const measured = await measureProcess(ORACLE_PYTHON, args, {
        cwd: join(checkout, "quarkchain", "cluster"),
        env: {
          ...process.env,
          QKC__DB_PATH_ROOT: `'${copy}'`,
          QKC__QUARKCHAIN__DISABLE_POW_CHECK: "True",
          PYTHONPATH: checkout,
          // cluster.py starts its slaves as "python3".
          PATH: `${dirname(ORACLE_PYTHON)}${delimiter}${process.env.PATH}`,
        },
      });
      rmSync(copy, { recursive: true });
      if (!measured.output.includes("Integrity check completed!")) throw new Error(measured.output.slice(-2000));
      return { ...measured, ...(await countedByPyquarkchain(db)) };
    },
  };
}

const counted = new Map<string, { blocks: number; gas: number }>();

/** pyquarkchain starts from the parent of the tip, and does not execute genesis blocks. */
async function countedByPyquarkchain(db: string): Promise<{ blocks: number; gas: number }> {
  const known = counted.get(db);
  if (known !== undefined) return known;
  const report = async (...more: string[]): Promise<Report> => {
    const folder = mkdtempSync(join(temporary, "counted-"));
    await measureProcess(process.execPath, [main, "checkdb", "--db", db, "--report", folder, "--quiet", ...more]);
    return JSON.parse(readFileSync(join(folder, "report.json"), "utf8")) as Report;
  };
  const tip = (await report("--last", "1")).range?.rootTo ?? 0;
  const { totals, shards } = await report("--to", `${tip - 1}`);
  const answer = { blocks: totals.minorBlocks - shards.length, gas: Number(totals.gasUsed) };
  counted.set(db, answer);
  return answer;
}
