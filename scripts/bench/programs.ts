/** The programs that check a database: ours, and both clients' own. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { findConfigPath } from "../../replay/database/open-database.ts";
import type { Report } from "../../replay/report/schema.ts";
import { type Measurement, measureProcess } from "./measure-process.ts";

/** One chain, as either client keeps it; a client's own check reads its own form only. */
export interface Chain {
  readonly pyquarkchain?: string;
  readonly goquarkchain?: string;
}

/** One run of one program. */
export interface Run extends Measurement {
  readonly blocks: number;
  readonly gas: number;
}

export interface Program {
  readonly name: string;
  /** Undefined where the chain has no database that the program reads. */
  run(chain: Chain): Promise<Run | undefined>;
  /** Of a run that checks one root block; absent where a program has no such run. */
  startUp?(chain: Chain): Promise<Measurement>;
}

const MAIN = resolve("dist/replay/cli/main.js");
const COMPLETED = "Integrity check completed!";
const ROOT_BLOCKS_A_BATCH = "100";

/** `temporary`: a folder for reports and copies. */
export function checkdb(workers: number, temporary: string): Program {
  return {
    name: `checkdb, ${workers} worker${workers === 1 ? "" : "s"}`,
    run: (chain) => checkdbRun(chain, workers, temporary),
    startUp: (chain) => checkdbRun(chain, workers, temporary, "--last", "1"),
  };
}

async function checkdbRun(chain: Chain, workers: number, temporary: string, ...more: string[]): Promise<Run> {
  const { measured, report } = await checked(chain, temporary, "--workers", `${workers}`, ...more);
  const { totals, verdict } = report;
  if (verdict !== "clean") throw new Error(`${dbOf(chain)} is ${verdict}`);
  return { ...measured, blocks: totals.minorBlocks, gas: Number(totals.gasUsed) };
}

/** Master and slaves as its nightly job starts them, on a copy, because it writes to the database that it checks. */
export function pyquarkchain(checkout: string, python: string, temporary: string): Program {
  return {
    name: "pyquarkchain --check_db",
    async run(chain) {
      const db = chain.pyquarkchain;
      if (db === undefined) return undefined;
      const copy = copyOf(db, temporary);
      const args = ["cluster.py", `--cluster_config=${findConfigPath(db)}`, "--check_db=True"];
      args.push(`--check_db_rblock_batch=${ROOT_BLOCKS_A_BATCH}`);
      const measured = await measureProcess(python, args, {
        cwd: join(checkout, "quarkchain", "cluster"),
        env: {
          ...process.env,
          QKC__DB_PATH_ROOT: `'${copy}'`,
          QKC__QUARKCHAIN__DISABLE_POW_CHECK: "True",
          PYTHONPATH: checkout,
          // cluster.py starts its slaves as "python3".
          PATH: `${dirname(python)}${delimiter}${process.env.PATH}`,
        },
      });
      rmSync(copy, { recursive: true });
      if (!measured.output.includes(COMPLETED)) throw new Error(measured.output.slice(-2000));
      return { ...measured, ...(await countedBelowTip(chain, temporary)) };
    },
  };
}

/**
 * Starts every slave behind "$@", then the master, again while the slaves do not listen yet; it is the master's answer that
 * counts. Slaves do not end by themselves.
 */
const GOQUARKCHAIN_CLUSTER = `
for slave in $SLAVES; do "$@" --service "$slave" & slaves="$slaves $!"; done
tries=5
until "$@" || [ $((tries -= 1)) -eq 0 ]; do sleep 1; done
kill $slaves
wait`;

/** Master and slaves on a copy: opening a LevelDB writes to it. `binary` is built of its cmd/cluster. */
export function goquarkchain(binary: string, temporary: string): Program {
  return {
    name: "goquarkchain --check_db",
    async run(chain) {
      const db = chain.goquarkchain;
      if (db === undefined) return undefined;
      const config = findConfigPath(db);
      const copy = copyOf(db, temporary);
      const check = ["--check_db", "--check_db_rblock_batch", ROOT_BLOCKS_A_BATCH, "--gcmode", "archive"];
      const command = [binary, "--cluster_config", config, "--datadir", copy, ...check];
      const measured = await measureProcess("sh", ["-c", GOQUARKCHAIN_CLUSTER, "sh", ...command], {
        env: { ...process.env, SLAVES: slaveIds(config).join(" ") },
      });
      rmSync(copy, { recursive: true });
      if (!measured.output.includes(COMPLETED) || measured.output.includes("Failed to check")) {
        throw new Error(measured.output.slice(-2000));
      }
      const { totals, shards } = await reportOf(chain, temporary);
      // It leaves genesis blocks out.
      return { ...measured, blocks: totals.minorBlocks - shards.length, gas: Number(totals.gasUsed) };
    },
  };
}

function slaveIds(configPath: string): readonly string[] {
  const { SLAVE_LIST } = JSON.parse(readFileSync(configPath, "utf8")) as { SLAVE_LIST: readonly { ID: string }[] };
  return SLAVE_LIST.map(({ ID }) => ID);
}

function copyOf(db: string, temporary: string): string {
  const copy = mkdtempSync(join(temporary, "copy-"));
  cpSync(db, copy, { recursive: true });
  return copy;
}

/** pyquarkchain starts from the parent of the tip, and does not execute genesis blocks. */
async function countedBelowTip(chain: Chain, temporary: string): Promise<{ blocks: number; gas: number }> {
  const tip = (await reportOf(chain, temporary, "--last", "1")).range?.rootTo ?? 0;
  const { totals, shards } = await reportOf(chain, temporary, "--to", `${tip - 1}`);
  return { blocks: totals.minorBlocks - shards.length, gas: Number(totals.gasUsed) };
}

const reports = new Map<string, Report>();

async function reportOf(chain: Chain, temporary: string, ...more: string[]): Promise<Report> {
  const key = [dbOf(chain), ...more].join(" ");
  const report = reports.get(key) ?? (await checked(chain, temporary, ...more)).report;
  reports.set(key, report);
  return report;
}

async function checked(chain: Chain, temporary: string, ...more: string[]) {
  const folder = mkdtempSync(join(temporary, "report-"));
  const args = [MAIN, "checkdb", "--db", dbOf(chain), "--report", folder, "--quiet", ...more];
  const measured = await measureProcess(process.execPath, args);
  const path = join(folder, "report.json");
  if (!existsSync(path)) throw new Error(`checkdb of ${dbOf(chain)} wrote no report`);
  return { measured, report: JSON.parse(readFileSync(path, "utf8")) as Report };
}

function dbOf({ pyquarkchain: python, goquarkchain: go }: Chain): string {
  return python ?? go ?? "";
}
