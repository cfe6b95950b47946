/**
 * Speed of `qkc checkdb` on databases, with one worker and with two, beside the clients' own --check_db in the same run:
 * pyquarkchain's where PYQUARKCHAIN names a checkout and ORACLE_PYTHON its interpreter, goquarkchain's where GOQUARKCHAIN
 * names the binary of its cmd/cluster:
 *
 *     npm run bench -- [--db DIR[,DIR]]… [--repeat N]
 *
 * A second DIR holds the same chain in the other client's form. Prints one Markdown table: medians of rounds in which the
 * programs take turns. Ratios are of CPU seconds for each block, start-up included: how often a client takes what the row
 * takes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openArchive } from "../../node/archive/open-archive.ts";
import type { Measurement } from "./measure-process.ts";
import { type Chain, checkdb, goquarkchain, type Program, pyquarkchain, type Run } from "./programs.ts";

const { values } = parseArgs({
  options: { db: { type: "string", multiple: true }, repeat: { type: "string", default: "5" } },
});
const databases = (values.db ?? ["fixtures/pyqkc-small"]).map((dirs) => dirs.split(",").map((dir) => resolve(dir)));
const repeat = Number(values.repeat);
const temporary = mkdtempSync(join(tmpdir(), "qkc-bench-"));
const { PYQUARKCHAIN, ORACLE_PYTHON = "python3", GOQUARKCHAIN } = process.env;

const OURS = [checkdb(1, temporary), checkdb(2, temporary)];
const PY = PYQUARKCHAIN === undefined ? undefined : pyquarkchain(PYQUARKCHAIN, ORACLE_PYTHON, temporary);
const GO = GOQUARKCHAIN === undefined ? undefined : goquarkchain(resolve(GOQUARKCHAIN), temporary);
const PROGRAMS: readonly Program[] = [...OURS, PY, GO].filter((program) => program !== undefined);

console.log(`${repeat} rounds, load ${loadavg()[0].toFixed(2)}\n`);
console.log(
  "| chain | program | blocks/s | Mgas/s | CPU s per 1,000 blocks | start-up CPU s | peak memory MB | MB read | pyquarkchain ÷ | goquarkchain ÷ |",
);
console.log("|---|---|---|---|---|---|---|---|---|---|");
try {
  for (const dirs of databases) await benchChain(basename(dirs[0]), chainOf(dirs));
  if (PY === undefined) console.log("\nPYQUARKCHAIN names no checkout: pyquarkchain's own check was not measured");
  if (GO === undefined) console.log("\nGOQUARKCHAIN names no binary: goquarkchain's own check was not measured");
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

function chainOf(dirs: readonly string[]): Chain {
  return Object.fromEntries(
    dirs.map((dir) => {
      const source = openArchive(dir);
      source.close();
      return [source.kind, dir];
    }),
  );
}

async function benchChain(name: string, chain: Chain): Promise<void> {
  const runs = new Map<Program, Run[]>();
  const startUps = new Map<Program, Measurement[]>();
  for (let round = 0; round < repeat; round++) {
    for (const program of PROGRAMS) {
      const run = await program.run(chain);
      if (run === undefined) continue;
      runs.set(program, [...(runs.get(program) ?? []), run]);
      if (program.startUp === undefined) continue;
      startUps.set(program, [...(startUps.get(program) ?? []), await program.startUp(chain)]);
    }
  }
  const costOf = (program: Program | undefined) => {
    const measured = program === undefined ? undefined : runs.get(program);
    return measured === undefined ? undefined : medianOf(measured, cpuPerThousand);
  };
  for (const [program, measured] of runs) {
    const cost = medianOf(measured, cpuPerThousand);
    const ratio = (reference: number | undefined) => (reference === undefined ? "–" : (reference / cost).toFixed(2));
    const started = startUps.get(program);
    const cells = [
      name,
      program.name,
      medianOf(measured, ({ blocks, seconds }) => blocks / seconds).toFixed(0),
      medianOf(measured, ({ gas, seconds }) => gas / seconds / 1e6).toFixed(1),
      cost.toFixed(3),
      started === undefined ? "–" : medianOf(started, ({ cpuSeconds }) => cpuSeconds).toFixed(2),
      medianOf(measured, ({ peakBytes }) => peakBytes / 1e6).toFixed(0),
      medianOf(measured, ({ readBytes }) => readBytes / 1e6).toFixed(0),
      ratio(costOf(PY)),
      ratio(costOf(GO)),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

function cpuPerThousand({ cpuSeconds, blocks }: Run): number {
  return (cpuSeconds / blocks) * 1000;
}

function medianOf<T>(items: readonly T[], of: (item: T) => number): number {
  const sorted = items.map(of).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
